//! When a program that exited by itself may be restarted.

use std::time::{Duration, Instant};

/// The first pause; it doubles with each failure in a row.
const FIRST: Duration = Duration::from_millis(250);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(30);

/// A process that ran this long has not failed at startup.
const STABLE: Duration = Duration::from_secs(60);

/// The recent failures of a program.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    in_a_row: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// How long the next start must wait; `None` if not at all.
    pub(super) fn pause(&self, now: Instant) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(now)).filter(|pause| !pause.is_zero())
    }

    /// A process exited by itself, or could not be started.
    pub(super) fn failed(&mut self, now: Instant, lived: Duration) {
        self.in_a_row = if lived >= STABLE { 1 } else { self.in_a_row.saturating_add(1) };
        let pause = FIRST.saturating_mul(1 << (self.in_a_row - 1).min(16));
        self.until = Some(now + pause.min(LONGEST));
    }

    /// A process was shut down gracefully.
    pub(super) fn worked(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_start_over_after_a_long_life() {
        let now = Instant::now();
        let mut backoff = Backoff::default();
        assert_eq!(backoff.pause(now), None);
        let mut pauses = Vec::new();
        for _ in 0..10 {
            backoff.failed(now, Duration::ZERO);
            pauses.push(backoff.pause(now).unwrap().as_millis());
        }
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(backoff.pause(now + LONGEST), None);
        backoff.failed(now, STABLE);
        assert_eq!(backoff.pause(now), Some(FIRST));
        backoff.failed(now, Duration::ZERO);
        backoff.worked();
        assert_eq!(backoff.pause(now), None);
        (0..100).for_each(|_| backoff.failed(now, Duration::ZERO));
        assert_eq!(backoff.pause(now), Some(LONGEST));
    }
}
