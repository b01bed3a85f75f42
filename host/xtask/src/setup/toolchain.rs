//! Parts of the Rust toolchain that may be missing although `rust-toolchain.toml` lists them: rustup reads that file
//! only when it installs a toolchain, not for an existing one.

use std::io;
use std::path::Path;
use std::process::Command;

use crate::step::{Step, root, say};

/// The guests' target.
pub const TARGET: &str = "wasm32-wasip2";

/// Installs the guests' target if missing. Returns whether it is available.
pub fn target() -> io::Result<bool> {
    if target_is_installed() {
        return Ok(true);
    }
    say(&format!("installing the Rust target {TARGET}: policies are built for it"));
    Step::of("rustup", &["target", "add", TARGET]).show()
}

/// Installs a cargo command's component if missing. Returns whether it is available.
pub fn component(component: &str, command: &str) -> io::Result<bool> {
    let output = Command::new("cargo").args([command, "--version"]).current_dir(root()).output();
    if output.is_ok_and(|output| output.status.success()) {
        return Ok(true);
    }
    say(&format!("installing {component}: the suite {command} is its"));
    Step::of("rustup", &["component", "add", component]).show()
}

/// Asks the compiler rather than rustup, so that other toolchains work too.
fn target_is_installed() -> bool {
    let output =
        Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).current_dir(root()).output();
    output.is_ok_and(|output| {
        output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
    })
}
