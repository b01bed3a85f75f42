//! Runs the program and compares all that it prints, with its exit code, with snapshots: one for each test.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shown::{Runs, shown};

/// The folders that the commands are given.
fn folders() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/folders")
}

/// Everything that one run comes to.
fn weir(arguments: &[&str], stdin: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(arguments)
        .current_dir(folders())
        .env_remove("WEIR_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    shown(&output)
}

fn check(runs: &mut Runs, name: &str, arguments: &[&str], stdin: &str) {
    runs.add(name, &weir(arguments, stdin));
}

#[test]
fn help() {
    let mut runs = Runs::new("cli", "help");
    check(&mut runs, "help", &["--help"], "");
    check(&mut runs, "help-serve", &["serve", "--help"], "");
    check(&mut runs, "help-chain", &["chain", "--help"], "");
    check(&mut runs, "help-stdio", &["stdio", "--help"], "");
    check(&mut runs, "help-policy-test", &["policy", "test", "--help"], "");
    check(&mut runs, "help-records-list", &["records", "list", "--help"], "");
    check(&mut runs, "help-records-verify", &["records", "verify", "--help"], "");
    runs.compare();
}

#[test]
fn a_folder_that_cannot_be_served() {
    let mut runs = Runs::new("cli", "broken");
    check(&mut runs, "check-broken", &["check", "broken"], "");
    check(&mut runs, "check-broken-json", &["check", "broken", "--json"], "");
    check(&mut runs, "serve-broken", &["serve", "broken"], "");
    check(&mut runs, "check-nothing", &["check", "nothing"], "");
    check(&mut runs, "check-file", &["check", "text/notes.txt"], "");
    check(&mut runs, "check-marked", &["check", "marked"], "");
    check(&mut runs, "check-components", &["check", "components"], "");
    runs.compare();
}

#[test]
fn a_folder_that_can() {
    let mut runs = Runs::new("cli", "served");
    check(&mut runs, "check-plain", &["check", "plain"], "");
    check(&mut runs, "check-programs", &["check", "programs"], "");
    check(&mut runs, "check-plain-json", &["check", "plain", "--json"], "");
    check(&mut runs, "serve-wrong-listen", &["serve", "plain", "--listen", "gateway.example:80"], "");
    check(&mut runs, "serve-open-admin", &["demo", "plain", "--admin-listen", "0.0.0.0:0"], "");
    runs.compare();
}

#[test]
fn one_chain() {
    let mut runs = Runs::new("cli", "chain");
    let chain =
        |more: &[&'static str]| [&["chain", "--event", "tools/call", "--phase", "request", "--payload"], more].concat();
    check(&mut runs, "chain-not-json", &chain(&["-", "plain"]), "{\"a\":");
    check(&mut runs, "chain-missing-file", &chain(&["nothing.json", "plain"]), "");
    check(&mut runs, "chain-unknown-route", &chain(&["-", "--route", "nothing", "plain"]), "{}");
    check(&mut runs, "chain-unknown-policy", &chain(&["-", "--interceptor", "nothing", "plain"]), "{}");
    check(&mut runs, "chain-broken-folder", &chain(&["-", "broken"]), "{}");
    runs.compare();
    let passed = weir(&chain(&["-", "--route", "tools", "plain"]), "{\"name\": 1.00}");
    assert!(passed.starts_with("exit 0\n") && passed.contains("\"status\": \"success\""), "{passed}");
    assert!(passed.contains("1.00"), "{passed}");
}

#[test]
fn no_relay() {
    let mut runs = Runs::new("cli", "stdio");
    check(&mut runs, "stdio-without-command", &["stdio", "plain"], "");
    check(&mut runs, "stdio-unknown-route", &["stdio", "plain", "--route", "web", "--", "cat"], "");
    check(&mut runs, "stdio-broken-folder", &["stdio", "--folder", "broken", "--", "cat"], "");
    check(&mut runs, "stdio-no-program", &["stdio", "plain", "--log", "error", "--", "./no-such-program"], "");
    runs.compare();
}

#[test]
fn components_that_are_none() {
    let mut runs = Runs::new("cli", "components");
    check(&mut runs, "inspect-text", &["policy", "inspect", "text/notes.txt"], "");
    check(&mut runs, "inspect-missing", &["policy", "inspect", "nothing.wasm"], "");
    check(&mut runs, "test-without-cases", &["policy", "test", "text/notes.txt"], "");
    check(&mut runs, "log-level", &["--log", "louder=;", "check", "plain"], "");
    runs.compare();
}
