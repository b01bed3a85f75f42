//! Tests that need what not every machine has. The tests of the store share this file.

use std::fs::OpenOptions;
use std::io::Write;

/// Says that the running test is skipped, why, and what would let it run. `cargo xtask test` names a file for it in
/// `WEIR_SKIPPED`, and counts what is there; otherwise it is said whatever is captured.
pub fn skip(missing: &str, remedy: &str) {
    let thread = std::thread::current();
    // The harness names its threads so.
    let (package, test) = (std::env::var("CARGO_PKG_NAME").unwrap_or_default(), thread.name().unwrap_or("a test"));
    let Some(notes) = std::env::var_os("WEIR_SKIPPED") else {
        // Not through `eprintln!`, which is captured while a test passes.
        let message = format!("\n*** SKIPPED: {test}: {missing}; to run it:\n    {remedy}\n\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
        return;
    };
    // One call for the whole line: other tests write at the same time.
    let line = format!("{package} {test}\t{missing}; to run it: {remedy}\n");
    OpenOptions::new().append(true).open(notes).unwrap().write_all(line.as_bytes()).unwrap();
}
