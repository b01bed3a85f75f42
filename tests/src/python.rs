//! A Python with the packages of `tests/requirements.txt`, for real third-party clients.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::repository::root;
use crate::skip::skip;

/// A Python with the packages.
pub struct Python(PathBuf);

/// `WEIR_PYTHON`, or the venv in `target/`. Without either, the test is skipped.
pub fn python() -> Option<Python> {
    let named = std::env::var_os("WEIR_PYTHON").map(PathBuf::from);
    let candidates = named.into_iter().chain([root().join("target/python/bin/python")]);
    for path in candidates {
        let has_them = Command::new(&path).args(["-c", "import mcp, openai"]).output();
        if has_them.is_ok_and(|output| output.status.success()) {
            return Some(Python(path));
        }
    }
    skip("no Python has the packages of tests/requirements.txt", "cargo xtask test, which installs them");
    None
}

impl Python {
    /// Runs a script of `tests/clients`.
    pub fn run(&self, script: &str, arguments: &[&str]) -> Output {
        Command::new(&self.0).arg(root().join("tests/clients").join(script)).args(arguments).output().unwrap()
    }
}
