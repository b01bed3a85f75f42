//! Runs the program and compares all that it prints, with its exit code, with snapshots.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shown::{compare, shown};

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

fn check(name: &str, arguments: &[&str], stdin: &str) {
    compare("cli", name, &weir(arguments, stdin));
}

#[test]
fn help() {
    check("help", &["--help"], "");
    check("help-serve", &["serve", "--help"], "");
    check("help-chain", &["chain", "--help"], "");
    check("help-stdio", &["stdio", "--help"], "");
    check("help-policy-test", &["policy", "test", "--help"], "");
    check("help-records-list", &["records", "list", "--help"], "");
    check("help-records-verify", &["records", "verify", "--help"], "");
}

#[test]
fn a_folder_that_cannot_be_served() {
    check("check-broken", &["check", "broken"], "");
    check("check-broken-json", &["check", "broken", "--json"], "");
    check("serve-broken", &["serve", "broken"], "");
    check("check-nothing", &["check", "nothing"], "");
    check("check-file", &["check", "text/notes.txt"], "");
    check("check-marked", &["check", "marked"], "");
    check("check-components", &["check", "components"], "");
}

#[test]
fn a_folder_that_can() {
    check("check-plain", &["check", "plain"], "");
    check("check-programs", &["check", "programs"], "");
    check("check-plain-json", &["check", "plain", "--json"], "");
    check("serve-wrong-listen", &["serve", "plain", "--listen", "gateway.example:80"], "");
    check("serve-open-admin", &["demo", "plain", "--admin-listen", "0.0.0.0:0"], "");
}

#[test]
fn one_chain() {
    let chain =
        |more: &[&'static str]| [&["chain", "--event", "tools/call", "--phase", "request", "--payload"], more].concat();
    check("chain-not-json", &chain(&["-", "plain"]), "{\"a\":");
    check("chain-missing-file", &chain(&["nothing.json", "plain"]), "");
    check("chain-unknown-route", &chain(&["-", "--route", "nothing", "plain"]), "{}");
    check("chain-unknown-policy", &chain(&["-", "--interceptor", "nothing", "plain"]), "{}");
    check("chain-broken-folder", &chain(&["-", "broken"]), "{}");
    let passed = weir(&chain(&["-", "--route", "tools", "plain"]), "{\"name\": 1.00}");
    assert!(passed.starts_with("exit 0\n") && passed.contains("\"status\": \"success\""), "{passed}");
    assert!(passed.contains("1.00"), "{passed}");
}

#[test]
fn no_relay() {
    check("stdio-without-command", &["stdio", "plain"], "");
    check("stdio-unknown-route", &["stdio", "plain", "--route", "web", "--", "cat"], "");
    check("stdio-broken-folder", &["stdio", "--folder", "broken", "--", "cat"], "");
    check("stdio-no-program", &["stdio", "plain", "--log", "error", "--", "./no-such-program"], "");
}

#[test]
fn components_that_are_none() {
    check("inspect-text", &["policy", "inspect", "text/notes.txt"], "");
    check("inspect-missing", &["policy", "inspect", "nothing.wasm"], "");
    check("test-without-cases", &["policy", "test", "text/notes.txt"], "");
    check("log-level", &["--log", "louder=;", "check", "plain"], "");
}
