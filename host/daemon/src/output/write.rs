//! Writes results and errors; does not panic if the reader has closed.

use std::io::{self, Write};

use super::paint::Paint;
use super::printable::printable;

/// Writes a result to standard output, with a final newline.
pub fn result(text: &str) {
    let mut stdout = io::stdout().lock();
    // The reader may have closed the pipe; the command did not fail.
    let _ = writeln!(stdout, "{}", text.trim_end_matches('\n')).and_then(|()| stdout.flush());
}

/// Writes text to standard error unchanged.
pub fn complaint(text: &str) {
    // If standard error is closed, the exit code still reports the failure.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes to standard error why a command cannot continue.
pub fn problem(message: &str) {
    complaint(&format!("{} {}", Paint::stderr().bad("error:"), printable(message)));
}

/// A value as indented JSON.
pub fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
