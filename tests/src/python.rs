//! A Python with the packages of `tests/requirements.txt`, for real clients of other makers.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

use crate::repository::root;

/// A Python that has them.
pub struct Python(PathBuf);

/// `WEIR_PYTHON`, or the venv below `target/`. Without one, a test is skipped, and says so whatever is captured;
/// where `CI` is set it fails instead.
pub fn python() -> Option<Python> {
    let named = std::env::var_os("WEIR_PYTHON").map(PathBuf::from);
    let candidates = named.into_iter().chain([root().join("target/python/bin/python")]);
    for path in candidates {
        let has_them = Command::new(&path).args(["-c", "import mcp"]).output();
        if has_them.is_ok_and(|output| output.status.success()) {
            return Some(Python(path));
        }
    }
    let how = "python3 -m venv target/python && target/python/bin/pip install -r tests/requirements.txt";
    assert!(std::env::var_os("CI").is_none(), "CI must not skip this test; it needs\n    {how}");
    let message = format!("\n*** SKIPPED: no Python with the MCP client; to run this test:\n    {how}\n\n");
    // Not through `eprintln!`, which is captured while a test passes.
    std::io::stderr().write_all(message.as_bytes()).unwrap();
    None
}

impl Python {
    /// Runs a script of `tests/clients`.
    pub fn run(&self, script: &str, arguments: &[&str]) -> Output {
        Command::new(&self.0).arg(root().join("tests/clients").join(script)).args(arguments).output().unwrap()
    }
}
