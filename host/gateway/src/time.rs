//! The time as a value, and times as text.

use std::ops::Add;
use std::time::{Duration, Instant, SystemTime};

/// One moment by both clocks. It is read at the edge and handed on: what depends on time asks no clock itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// By the clock that only goes forward: for how long something lasts.
    pub instant: Instant,
    /// By the clock that people read.
    pub system: SystemTime,
}

impl Now {
    /// Reads the clocks.
    pub fn read() -> Self {
        Self { instant: Instant::now(), system: SystemTime::now() }
    }
}

impl Add<Duration> for Now {
    type Output = Self;

    fn add(self, time: Duration) -> Self {
        Self { instant: self.instant + time, system: self.system + time }
    }
}

/// A time as RFC 3339 in UTC with milliseconds.
pub fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}
