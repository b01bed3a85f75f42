//! The queue: its slots, its records, and the state shared by both ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use weir_record::Record;
use weir_record::chain::Head;

use super::counters::Counts;
use super::options::WriterOptions;
use crate::journal::Journal;

/// Shared by the handle and the writing task.
pub(super) struct Shared {
    pub(super) options: WriterOptions,
    pub(super) slots: Arc<Semaphore>,
    pub(super) room: Notify,
    pub(super) closing: AtomicBool,
    pub(super) journal: Journal,
    pub(super) mode: AtomicU8,
    pub(super) counts: Counts,
    pub(super) state: Mutex<State>,
}

/// The state of the task.
#[derive(Default)]
pub(super) struct State {
    pub(super) failing: Option<String>,
    pub(super) head: Option<Head>,
}

/// A record in the queue.
pub(super) struct Queued {
    pub(super) record: Record,
    pub(super) bytes: usize,
    /// Released when the row is committed.
    pub(super) _slot: OwnedSemaphorePermit,
}

impl Shared {
    fn has_room(&self) -> bool {
        self.counts.waiting_bytes.load(Ordering::Relaxed) < self.options.queue_bytes
    }

    pub(super) fn slot_now(&self) -> Option<OwnedSemaphorePermit> {
        if self.has_room() { Arc::clone(&self.slots).try_acquire_owned().ok() } else { None }
    }

    pub(super) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            // Before the check, so that space freed in between is not missed.
            let made = self.room.notified();
            if self.has_room() {
                return Arc::clone(&self.slots).acquire_owned().await.ok();
            }
            made.await;
        }
    }
}
