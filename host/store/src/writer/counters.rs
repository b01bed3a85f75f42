//! What the writer counts, and how full its queue is.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// What was counted since the start, and how full the queue is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Calls that were accepted.
    pub accepted: u64,
    /// Calls that were refused because the queue was full.
    pub refused: u64,
    /// Calls that were accepted and are to have no row.
    pub released: u64,
    /// Rows that were committed.
    pub written: u64,
    /// Groups that were committed.
    pub groups: u64,
    /// Commits that failed and were tried again.
    pub failed_commits: u64,
    /// Records that the store will never take, or that nobody could hand over.
    pub lost: u64,
    /// The queue at present.
    pub queue: QueueState,
    /// Why the store fails at present, for operators.
    pub failing: Option<String>,
}

/// How full the queue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueState {
    /// Calls that are on their way or waiting to be written.
    pub depth: usize,
    /// Records that wait to be written.
    pub waiting: usize,
    /// Their bytes.
    pub waiting_bytes: usize,
}

/// The same while it is counted.
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

    /// Records that wait from now on.
    pub(super) fn waits(&self, bytes: usize) {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Records that do not wait any more.
    pub(super) fn left(&self, records: usize, bytes: usize) {
        self.waiting.fetch_sub(records, Ordering::Relaxed);
        self.waiting_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// What there is, with what only the queue and the task know.
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
