//! Command lines and the rules they violate. The cases in `cases/` run the same policy in the host; the many small ones
//! are here.

use serde_json::json;

use crate::call;
use crate::config::Config;
use crate::rule::Level;

/// The rules a command violates with the default levels.
fn broken(command: &str) -> Vec<&'static str> {
    let config = Config::default();
    let found = call::judge(&config, &json!({ "command": command }), None);
    let mut rules: Vec<_> = found
        .iter()
        .filter(|(_, broken)| config.rules.of(broken.rule) != Level::Off)
        .map(|(_, broken)| broken.rule.name())
        .collect();
    rules.dedup();
    rules
}

fn check(expected: &[&str], commands: &[&str]) {
    let wrong = commands.iter().map(|command| (command, broken(command))).filter(|(_, found)| found != expected);
    let wrong: Vec<_> = wrong.map(|(command, found)| format!("{command:?}: {found:?}")).collect();
    assert!(wrong.is_empty(), "expected {expected:?}\n{}", wrong.join("\n"));
}

mod destructive;
mod harmless;
mod hostile;
mod network;
mod outside;
