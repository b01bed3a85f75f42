//! The writer's counters and the length of its queue.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters since the start, and the length of the queue.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Calls that were accepted.
    pub accepted: u64,
    /// Calls that were refused because the queue was full.
    pub refused: u64,
    /// Calls that were accepted but will have no row.
    pub released: u64,
    /// Rows committed.
    pub written: u64,
    /// Groups committed.
    pub groups: u64,
    /// Commits that failed and were retried.
    pub failed_commits: u64,
    /// Records that the store rejected or that were never handed over.
    pub lost: u64,
    /// The current queue.
    pub queue: QueueState,
    /// Why the store is failing now, for operators.
    pub failing: Option<String>,
}

/// The length of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueState {
    /// Calls in progress or waiting to be written.
    pub depth: usize,
    /// Records waiting to be written.
    pub waiting: usize,
    /// Their bytes.
    pub waiting_bytes: usize,
}

/// The live counters.
#[derive(Default)]
pub(super) struct Counts {
    pub(super) accepted: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) released: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) groups: AtomicU64,
    pub(super) failed_commits: AtomicU64,
    pub(super) lost: AtomicU64,
    pub(super) waiting: AtomicUsize,
    pub(super) waiting_bytes: AtomicUsize,
}

impl Counts {
    /// One more.
    pub(super) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// More records are waiting.
    pub(super) fn waits(&self, bytes: usize) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records are no longer waiting.
    pub(super) fn left(&self, records: usize, bytes: usize) {
        self.waiting.fetch_sub(records, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// A snapshot, with the values known only to the queue and the task.
    pub(super) fn read(&self, depth: usize, failing: Option<String>) -> Counters {
        let Self { accepted, refused, released, written, groups, failed_commits, lost, waiting, waiting_bytes } = self;
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            accepted: count(accepted),
            refused: count(refused),
            released: count(released),
            written: count(written),
            groups: count(groups),
            failed_commits: count(failed_commits),
            lost: count(lost),
            queue: QueueState {
                depth,
                waiting: waiting.load(Ordering::Relaxed),
                waiting_bytes: waiting_bytes.load(Ordering::Relaxed),
            },
            failing,
        }
    }
}
