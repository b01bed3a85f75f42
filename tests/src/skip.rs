//! Tests that need what not every machine has.

use std::io::Write;

/// Says that a test is skipped, and what it would need, whatever is captured. Where `CI` is set it fails instead:
/// what is never run proves nothing.
pub fn skip(missing: &str, remedy: &str) {
    assert!(std::env::var_os("CI").is_none(), "CI must not skip this test, but {missing}; it needs\n    {remedy}");
    let message = format!("\n*** SKIPPED: {missing}; to run this test:\n    {remedy}\n\n");
    // Not through `eprintln!`, which is captured while a test passes.
    std::io::stderr().write_all(message.as_bytes()).unwrap();
}
