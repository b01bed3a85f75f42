//! Skips tests whose dependencies are missing. The store's tests share this file.

use std::fs::OpenOptions;
use std::io::Write;

/// Reports that the running test is skipped, why, and how to run it. If `cargo xtask test` named a file in
/// `WEIR_SKIPPED`, the report goes there and is counted; otherwise it is printed even if output is captured.
pub fn skip(missing: &str, remedy: &str) {
    let thread = std::thread::current();
    // The harness names its threads after the tests.
    let (package, test) = (std::env::var("CARGO_PKG_NAME").unwrap_or_default(), thread.name().unwrap_or("a test"));
    let Some(notes) = std::env::var_os("WEIR_SKIPPED") else {
        // Not with `eprintln!`, whose output is captured while a test passes.
        let message = format!("\n*** SKIPPED: {test}: {missing}; to run it:\n    {remedy}\n\n");
        std::io::stderr().write_all(message.as_bytes()).unwrap();
        return;
    };
    // A single write for the whole line: other tests write at the same time.
    let line = format!("{package} {test}\t{missing}; to run it: {remedy}\n");
    OpenOptions::new().append(true).open(notes).unwrap().write_all(line.as_bytes()).unwrap();
}
