//! How long the queue may get, and what happens then.

use std::time::Duration;

/// What a call meets when the queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits, so long at most; then it fails.
    Wait(Duration),
    /// It fails at once.
    Fail,
}

/// Bounds of the queue and of its groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriterOptions {
    /// Most calls that are on their way or waiting to be written.
    pub queue: usize,
    /// Bytes of waiting records from which no further call is accepted.
    pub queue_bytes: usize,
    /// Most records in one group.
    pub group_rows: usize,
    /// How long a group waits for more.
    pub group_delay: Duration,
    /// What a call meets when the queue is full.
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
