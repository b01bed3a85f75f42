//! The limits of the queue, and what happens when it is full.

use std::time::Duration;

/// What happens to a call when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits up to this long, then fails.
    Wait(Duration),
    /// It fails at once.
    Fail,
}

/// Limits of the queue and of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterOptions {
    /// Maximum number of calls in progress or waiting to be written.
    pub queue: usize,
    /// Bytes of waiting records at which no more calls are accepted.
    pub queue_bytes: usize,
    /// Maximum records in one group.
    pub group_rows: usize,
    /// How long a group waits for more records.
    pub group_delay: Duration,
    /// What happens to a call when the queue is full.
    pub when_full: WhenFull,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            queue: 10_000,
            queue_bytes: 64 << 20,
            group_rows: 500,
            group_delay: Duration::from_millis(5),
            when_full: WhenFull::Wait(Duration::from_secs(5)),
        }
    }
}
