//! Durations as numbers.

use std::time::Duration;

/// A duration as fractional milliseconds with microsecond precision.
pub fn milliseconds(duration: Duration) -> f64 {
    // u64 microseconds are exact in f64 up to 285 years.
    let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    microseconds as f64 / 1000.0
}
