//! `wasi:logging`, and anything a guest prints: lines in the host's log under the policy's name.
//!
//! Invariants: lines have a maximum length and rate, so a guest can neither fill a disk nor drown out others; dropped
//! lines are counted. The log writer handles control characters.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::bindings::wasi::logging::logging;
use crate::sandbox::Sandbox;

/// Maximum length of a line, in bytes.
const MAX_LINE: usize = 4096;

/// Maximum length of a context string, in bytes.
const MAX_CONTEXT: usize = 128;

/// Maximum lines per second per policy.
const MAX_LINES_PER_SECOND: u64 = 200;

/// The log output of one policy.
#[derive(Clone)]
pub struct GuestLog {
    policy: Arc<str>,
    counters: Arc<Counters>,
}

#[derive(Default)]
struct Counters {
    start: std::sync::OnceLock<Instant>,
    /// The second in which lines are counted (upper 32 bits), and how many there were (lower 32 bits).
    window: AtomicU64,
    dropped: AtomicU64,
    denied: AtomicU64,
}

impl GuestLog {
    /// Lines under that policy's name.
    pub fn new(policy: Arc<str>) -> Self {
        Self { policy, counters: Arc::default() }
    }

    /// Lines dropped by the rate limit.
    pub fn dropped(&self) -> u64 {
        self.counters.dropped.load(Ordering::Relaxed)
    }

    /// Operations refused because a grant is missing.
    pub fn denials(&self) -> u64 {
        self.counters.denied.load(Ordering::Relaxed)
    }

    /// Counts and logs an operation refused because a grant is missing.
    pub fn denied(&self, what: &str) {
        self.counters.denied.fetch_add(1, Ordering::Relaxed);
        if self.admit() {
            tracing::warn!(target: "weir::guest", policy = &*self.policy, "refused: {what}");
        }
    }

    /// Writes one line, cut to its maximum length, unless the rate limit is reached.
    pub fn line(&self, level: tracing::Level, context: &str, message: &str) {
        if !self.admit() {
            return;
        }
        let (policy, context, message) = (&*self.policy, cut(context, MAX_CONTEXT), cut(message, MAX_LINE));
        match level {
            tracing::Level::ERROR => tracing::error!(target: "weir::guest", policy, context, "{message}"),
            tracing::Level::WARN => tracing::warn!(target: "weir::guest", policy, context, "{message}"),
            tracing::Level::INFO => tracing::info!(target: "weir::guest", policy, context, "{message}"),
            tracing::Level::DEBUG => tracing::debug!(target: "weir::guest", policy, context, "{message}"),
            tracing::Level::TRACE => tracing::trace!(target: "weir::guest", policy, context, "{message}"),
        }
    }

    fn admit(&self) -> bool {
        let second = self.counters.start.get_or_init(Instant::now).elapsed().as_secs() & 0xffff_ffff;
        let admitted = self.counters.window.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |window| {
            let (current, lines) = (window >> 32, window & 0xffff_ffff);
            match (current == second, lines < MAX_LINES_PER_SECOND) {
                (true, true) => Some(window + 1),
                (true, false) => None,
                (false, _) => Some(second << 32 | 1),
            }
        });
        if admitted.is_err() {
            self.counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
        admitted.is_ok()
    }
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most.min(text.len()))]
}

impl logging::Host for Sandbox {
    fn log(&mut self, level: logging::Level, context: String, message: String) -> wasmtime::Result<()> {
        self.enter()?;
        let level = match level {
            logging::Level::Trace => tracing::Level::TRACE,
            logging::Level::Debug => tracing::Level::DEBUG,
            logging::Level::Info => tracing::Level::INFO,
            logging::Level::Warn => tracing::Level::WARN,
            logging::Level::Error | logging::Level::Critical => tracing::Level::ERROR,
        };
        self.shared.log.line(level, &context, &message);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_lines_is_cut_off_and_counted() {
        let log = GuestLog::new("p".into());
        (0..MAX_LINES_PER_SECOND * 3).for_each(|_| log.line(tracing::Level::INFO, "", "x"));
        // If a new second starts in between, twice as many lines pass.
        assert!(log.dropped() >= MAX_LINES_PER_SECOND, "{}", log.dropped());
        assert_eq!(cut("aé", 2), "a");
    }
}
