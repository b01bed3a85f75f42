//! The arithmetic of windows.
//!
//! Invariant: the calls that pass in a window, plus the part of the previous window that still counts, never exceed the
//! limit.

use crate::config::{Algorithm, Limit};

/// A window and the time elapsed in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many windows have passed since 1970.
    pub index: i64,
    /// Milliseconds since it began.
    pub elapsed: i64,
}

/// The decision on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is within the limit.
    Within,
    /// It is over the limit.
    Exceeded {
        /// Milliseconds until a call may pass, if no other call comes first.
        retry_after: i64,
    },
}

impl Window {
    /// The window that contains a moment.
    pub fn at(now: i64, limit: &Limit) -> Self {
        Self { index: now.div_euclid(limit.window_ms), elapsed: now.rem_euclid(limit.window_ms) }
    }

    /// Decides on the call that raised this window's count to `present`; `before` is the previous window's count.
    pub fn decide(&self, before: i64, present: i64, limit: &Limit) -> Verdict {
        let before = match limit.algorithm {
            Algorithm::Fixed => 0,
            // A call that was cancelled may have left the count too high.
            Algorithm::Sliding => before.clamp(0, limit.limit),
        };
        let remaining = limit.window_ms - self.elapsed;
        let still_counts = divided_up(before * remaining, limit.window_ms);
        if present + still_counts <= limit.limit {
            return Verdict::Within;
        }
        let passed = present - 1;
        let room = limit.limit - 1 - passed;
        let retry_after = if room >= 0 && before > 0 {
            // The previous window must weigh no more than the room left: before * rest / window <= room.
            remaining - (room * limit.window_ms / before).min(remaining)
        } else if limit.algorithm == Algorithm::Sliding {
            // There is room only in the next window, once this one weighs less than the limit.
            let passed = passed.clamp(1, limit.limit);
            remaining + limit.window_ms - (limit.limit - 1) * limit.window_ms / passed
        } else {
            remaining
        };
        Verdict::Exceeded { retry_after: retry_after.max(1) }
    }
}

fn divided_up(dividend: i64, divisor: i64) -> i64 {
    (dividend + divisor - 1) / divisor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Key;

    fn limit(limit: i64, window_ms: i64, algorithm: Algorithm) -> Limit {
        Limit { limit, window_ms, key: Key::Global, algorithm }
    }

    /// Does what `count` does, with a map instead of a bucket.
    fn pass(counts: &mut std::collections::HashMap<i64, i64>, now: i64, limit: &Limit) -> Verdict {
        let window = Window::at(now, limit);
        let before = counts.get(&(window.index - 1)).copied().unwrap_or(0);
        let present = counts.entry(window.index).or_default();
        *present += 1;
        let verdict = window.decide(before, *present, limit);
        if verdict != Verdict::Within {
            *present -= 1;
        }
        verdict
    }

    #[test]
    fn a_fixed_window_starts_from_nothing() {
        let limit = limit(2, 1_000, Algorithm::Fixed);
        let mut counts = Default::default();
        assert_eq!(pass(&mut counts, 900, &limit), Verdict::Within);
        assert_eq!(pass(&mut counts, 950, &limit), Verdict::Within);
        assert_eq!(pass(&mut counts, 960, &limit), Verdict::Exceeded { retry_after: 40 });
        assert_eq!(pass(&mut counts, 1_000, &limit), Verdict::Within);
    }

    #[test]
    fn whoever_waits_as_told_passes_and_not_much_sooner() {
        for (most, window_ms) in [(1, 1_000), (2, 1_000), (7, 1_000), (120, 60_000), (1_000, 10)] {
            for algorithm in [Algorithm::Fixed, Algorithm::Sliding] {
                let limit = limit(most, window_ms, algorithm);
                let mut counts = Default::default();
                let mut now = 12_345;
                for step in 0..(4 * most) {
                    if let Verdict::Exceeded { retry_after } = pass(&mut counts, now, &limit) {
                        assert!(retry_after <= 2 * window_ms, "{limit:?} at {now}: {retry_after}");
                        let mut early = counts.clone();
                        if retry_after > 2 {
                            assert_ne!(
                                pass(&mut early, now + retry_after - 2, &limit),
                                Verdict::Within,
                                "{limit:?} at {now}"
                            );
                        }
                        now += retry_after;
                        assert_eq!(pass(&mut counts, now, &limit), Verdict::Within, "{limit:?} at {now}");
                    }
                    now += step % 3;
                }
            }
        }
    }

    #[test]
    fn a_burst_at_the_border_does_not_pass_twice() {
        let limit = limit(100, 1_000, Algorithm::Sliding);
        let mut counts = Default::default();
        let mut passed = 0;
        for now in 900..1_100 {
            passed += i64::from(pass(&mut counts, now, &limit) == Verdict::Within);
        }
        assert!((100..=110).contains(&passed), "{passed}");
    }

    #[test]
    fn hammering_does_not_starve() {
        let limit = limit(10, 1_000, Algorithm::Sliding);
        let mut counts = Default::default();
        let passed = (0..100_000).filter(|now| pass(&mut counts, *now, &limit) == Verdict::Within).count();
        assert!((900..=1_001).contains(&passed), "{passed}");
    }
}
