//! Making rows of exchanges that have ended, away from the way of their replies and in their order.
//!
//! Invariants: one task, so rows keep the order in which exchanges ended; what waits is bounded in number by the
//! places in the queue, and in bytes here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use weir_gateway::records::Exchange;
use weir_store::{Permit, WhenFull, WriterOptions};

/// Exchanges up to this size are made rows on the spot, which takes some tenths of a millisecond; a longer one would
/// keep other tasks waiting.
const AT_ONCE: usize = 64 << 10;

/// The way to the task.
#[derive(Clone)]
pub(super) struct Settler {
    waiting: Arc<Waiting>,
    queue: mpsc::Sender<(Permit, Exchange)>,
}

/// The task. Dropping it ends it.
pub(super) struct Settling {
    task: JoinHandle<()>,
}

struct Waiting {
    bytes: AtomicUsize,
    most: usize,
    when_full: WhenFull,
    less: Notify,
}

impl Settling {
    pub(super) fn start(options: &WriterOptions) -> (Settler, Self) {
        let waiting = Arc::new(Waiting {
            bytes: AtomicUsize::new(0),
            most: options.queue_bytes,
            when_full: options.when_full,
            less: Notify::new(),
        });
        // Whoever hands an exchange over has a place, and there are no more of them.
        let (queue, exchanges) = mpsc::channel(options.queue);
        let task = tokio::spawn(settle(exchanges, Arc::clone(&waiting)));
        (Settler { waiting, queue }, Self { task })
    }
}

impl Drop for Settling {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Settler {
    /// Whether there is room for one more, be it after a while.
    pub(super) async fn has_room(&self) -> bool {
        if self.waiting.has_room() {
            return true;
        }
        match self.waiting.when_full {
            WhenFull::Fail => false,
            WhenFull::Wait(longest) => self.waiting.room(longest).await,
        }
    }

    /// Hands an exchange over.
    pub(super) fn settle(&self, permit: Permit, exchange: Exchange) {
        let bytes = exchange.bytes();
        self.waiting.bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.queue.try_send((permit, exchange)).is_err() {
            // The process ends; the permit tells of the loss.
            self.waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

impl Waiting {
    fn has_room(&self) -> bool {
        self.bytes.load(Ordering::Relaxed) < self.most
    }

    async fn room(&self, longest: Duration) -> bool {
        let room = async {
            loop {
                // Before the look, so that no room made in between is missed.
                let less = self.less.notified();
                if self.has_room() {
                    return;
                }
                less.await;
            }
        };
        tokio::time::timeout(longest, room).await.is_ok()
    }
}

async fn settle(mut exchanges: mpsc::Receiver<(Permit, Exchange)>, waiting: Arc<Waiting>) {
    while let Some((permit, exchange)) = exchanges.recv().await {
        let bytes = exchange.bytes();
        let record = if bytes <= AT_ONCE {
            Some(exchange.into_record())
        } else {
            tokio::task::spawn_blocking(move || exchange.into_record()).await.ok()
        };
        match record {
            Some(record) => permit.record(record),
            // It panicked, which was logged; the permit tells of the loss.
            None => drop(permit),
        }
        waiting.bytes.fetch_sub(bytes, Ordering::Relaxed);
        waiting.less.notify_waiters();
    }
}
