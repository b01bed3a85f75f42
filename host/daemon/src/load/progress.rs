//! Progress while components compile: one updating line on a terminal, nothing elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::output::printable;

/// Receives progress.
pub trait Progress: Send + Sync {
    /// Starts, with the number of components.
    fn begin(&self, total: usize);
    /// One more has been loaded or has failed.
    fn done(&self, component: &str);
    /// All are done.
    fn end(&self);
}

/// Shows nothing.
pub struct Silent;

/// One line on standard error.
struct Line {
    state: Mutex<State>,
}

struct State {
    total: usize,
    done: usize,
    start: Instant,
    shown: bool,
}

/// Shorter loads show nothing: a line that only flashes up helps nobody.
const WORTH_SHOWING: Duration = Duration::from_millis(150);

/// The progress line if standard error is a terminal; otherwise nothing.
pub fn for_terminal() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Box::new(Line { state: Mutex::new(State { total: 0, done: 0, start: Instant::now(), shown: false }) })
    } else {
        Box::new(Silent)
    }
}

impl Progress for Silent {
    fn begin(&self, _: usize) {}
    fn done(&self, _: &str) {}
    fn end(&self) {}
}

impl Line {
    fn with(&self, act: impl FnOnce(&mut State)) {
        act(&mut self.state.lock());
    }
}

impl State {
    fn show(&mut self, text: &str) {
        let plain = printable(text);
        // Failing to show progress is not an error.
        let _ = write!(std::io::stderr(), "\r\x1b[2K  loading policies {}/{} {plain}", self.done, self.total);
        self.shown = true;
    }
}

impl Progress for Line {
    fn begin(&self, total: usize) {
        self.with(|state| {
            *state = State { total, done: 0, start: Instant::now(), shown: false };
            if total > 0 {
                state.show("");
            }
        });
    }

    fn done(&self, component: &str) {
        self.with(|state| {
            state.done += 1;
            if state.start.elapsed() >= WORTH_SHOWING {
                state.show(component);
            }
        });
    }

    fn end(&self) {
        self.with(|state| {
            if state.shown {
                let _ = write!(std::io::stderr(), "\r\x1b[2K");
            }
        });
    }
}
