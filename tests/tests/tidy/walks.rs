//! The walks in ARCHITECTURE.md: which files a call enters, in order. They are short, name files that are there, and
//! never come back to one.

use std::collections::HashSet;
use std::fs;

use weir_tests::repository::root;

use super::report;

/// Headings of the walks, with the most files that each may enter.
const WALKS: &[(&str, usize)] = &[("## Life of an HTTP call", 20), ("## Life of a `tools/call`", 25)];

/// Steps that a walk has in common with the one before it.
const SHARED: usize = 6;

#[test]
fn a_call_enters_few_files_and_none_twice() {
    let text = fs::read_to_string(root().join("host/ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let mut findings = Vec::new();
    let mut shared: Vec<&str> = Vec::new();
    for (heading, most) in WALKS {
        let walk = text.split(heading).nth(1).unwrap_or_default().split("\n## ").next().unwrap_or_default();
        let own: Vec<&str> = files_of(walk);
        if own.is_empty() {
            findings.push(format!("{heading}: names no file"));
        }
        let mut seen = HashSet::new();
        for file in shared.iter().take(SHARED).chain(&own) {
            if !root().join("host").join(file).is_file() {
                findings.push(format!("{heading}: host/{file} is not there"));
            }
            if !seen.insert(*file) {
                findings.push(format!("{heading}: enters {file} twice"));
            }
        }
        println!("{heading}: {} files", seen.len());
        if seen.len() > *most {
            findings.push(format!("{heading}: enters {} files (at most {most})", seen.len()));
        }
        shared = own;
    }
    report(findings);
}

/// The files that stand in the steps of a walk.
fn files_of(walk: &str) -> Vec<&str> {
    let steps = walk.lines().filter(|line| line.trim_start().starts_with(|first: char| first.is_ascii_digit()));
    steps.flat_map(|line| line.split('`')).filter(|word| word.contains("/src/") && word.ends_with(".rs")).collect()
}

#[test]
fn steps_are_read() {
    let walk = "\n1. `a/src/b.rs` does.\n2. `c` and `a/src/d.rs`, `e/src/f.rs`.\nNot `g/src/h.rs`.\n";
    assert_eq!(files_of(walk), ["a/src/b.rs", "a/src/d.rs", "e/src/f.rs"]);
}
