//! The queue: its places, what waits in it, and what both of its ends know.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use weir_record::Record;
use weir_record::chain::Head;

use super::counters::Counts;
use super::options::WriterOptions;
use crate::journal::Journal;

/// What the way to the writer and its task have in common.
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

/// What the task has come to.
#[derive(Default)]
pub(super) struct State {
    pub(super) failing: Option<String>,
    pub(super) head: Option<Head>,
}

/// A record on its way.
pub(super) struct Queued {
    pub(super) record: Record,
    pub(super) bytes: usize,
    /// Given back when the row is committed.
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
            // Before the look, so that no room made in between is missed.
            let made = self.room.notified();
            if self.has_room() {
                return Arc::clone(&self.slots).acquire_owned().await.ok();
            }
            made.await;
        }
    }
}
