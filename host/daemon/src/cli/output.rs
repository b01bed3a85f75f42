//! Writing results: colour only on a terminal, no panic when the reader has gone.

use std::io::{self, IsTerminal, Write};

use crate::config::{Gravity, Problem};
use crate::telemetry::printable;

/// Whether and how texts are coloured.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Never.
    pub const PLAIN: Self = Self { on: false };

    /// For standard output.
    pub fn stdout() -> Self {
        Self { on: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    /// For standard error.
    pub fn stderr() -> Self {
        Self { on: io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Stands out.
    pub fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Stands back.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// All is well.
    pub fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// Look at this.
    pub fn warn(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// This is wrong.
    pub fn bad(self, text: &str) -> String {
        self.wrap("31", text)
    }
}

/// Writes a result to standard output, with a line break at its end.
pub fn result(text: &str) {
    let mut stdout = io::stdout().lock();
    // Who reads may have seen enough and gone; that is no failure of the command.
    let _ = writeln!(stdout, "{}", text.trim_end_matches('\n')).and_then(|()| stdout.flush());
}

/// Writes a text to standard error as it is.
pub fn complaint(text: &str) {
    // Where standard error is closed, the exit code still tells.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes why a command cannot go on to standard error.
pub fn problem(message: &str) {
    complaint(&format!("{} {}", Paint::stderr().bad("error:"), printable(message)));
}

/// All problems, one per line, and their count.
pub fn problems(problems: &[Problem], paint: Paint) -> String {
    let mut lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let line = problem.to_string();
            let line = printable(&line);
            match problem.gravity {
                Gravity::Error => paint.bad(&line),
                Gravity::Warning => paint.warn(&line),
            }
        })
        .collect();
    lines.push(paint.strong(&count(problems)));
    lines.join("\n")
}

/// `2 errors, 1 warning`
pub fn count(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.gravity == Gravity::Error).count();
    let warnings = problems.len() - errors;
    let some = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        more => Some(format!("{more} {word}s")),
    };
    let parts: Vec<String> = [some(errors, "error"), some(warnings, "warning")].into_iter().flatten().collect();
    if parts.is_empty() { "no problems".to_owned() } else { parts.join(", ") }
}

/// A value as indented JSON.
pub fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
