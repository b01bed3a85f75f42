//! Writing results and complaints: no panic when the reader has gone.

use std::io::{self, Write};

use super::paint::Paint;
use super::printable::printable;

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

/// A value as indented JSON.
pub fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
