//! What each guest needs beside its code. A guest without it would be shipped untried or unexplained.

use std::fs;

use weir_tests::repository::{files, root, shipped_guests, subfolders};

use super::report;

/// Folders of `guests/` that are libraries, not policies.
const LIBRARIES: &[&str] = &["sdk", "detect", "glob", "testing"];

#[test]
fn every_policy_has_a_readme_a_schema_cases_and_an_entry() {
    let folder = fs::read_to_string(root().join("policies/weir.toml")).expect("policies/weir.toml is there");
    let mut findings = Vec::new();
    for name in subfolders("guests").iter().filter(|name| !LIBRARIES.contains(&name.as_str())) {
        let guest = root().join("guests").join(name);
        if !guest.join("README.md").is_file() {
            findings
                .push(format!("guests/{name}: has no README.md; say what it does, its configuration and its limits"));
        }
        if !guest.join("config.schema.json").is_file() {
            findings.push(format!("guests/{name}: has no config.schema.json; describe its configuration"));
        }
        if !guest.join("cases").is_dir() {
            findings.push(format!("guests/{name}: has no folder cases, so it is neither tried nor shipped; add cases"));
        }
        if !folder.contains(&format!("component = \"{name}.wasm\"")) {
            findings.push(format!("policies/weir.toml: has no entry for {name}.wasm; add one, so that it is served"));
        }
    }
    report(findings);
}

#[test]
fn every_policy_has_cases_for_what_it_does_and_what_it_lets_pass() {
    let mut findings = Vec::new();
    for name in shipped_guests() {
        let text: String =
            files(&[&format!("guests/{name}/cases")], ".json").into_iter().map(|file| file.text).collect();
        if text.matches("\"name\"").count() < 5 {
            findings.push(format!("guests/{name}/cases: has fewer than five cases"));
        }
        for configured in ["\"config\""] {
            if !text.contains(configured) {
                findings.push(format!("guests/{name}/cases: no case has {configured}; try its options too"));
            }
        }
    }
    report(findings);
}

#[test]
fn every_testing_guest_is_named_by_a_test() {
    let mut tests = files(&["tests/src", "tests/tests", "tests/cases", "host/engine"], ".rs");
    tests.extend(files(&["tests/cases"], ".json"));
    let findings = subfolders("guests/testing")
        .into_iter()
        .filter(|name| !tests.iter().any(|file| file.text.contains(&format!("\"{name}\""))));
    report(
        findings.map(|name| format!("guests/testing/{name}: no test names it; add one, or remove the guest")).collect(),
    );
}
