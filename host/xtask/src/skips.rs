//! Tests that were skipped, and why: those that say so while they run, and those that are ignored.
//!
//! A test that finds something missing adds the line `NAME<tab>REASON` to the file that `WEIR_SKIPPED` names, since
//! its harness counts it as passed and captures what it prints.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::step::root;

/// The variable in which tests look for the file.
pub const VARIABLE: &str = "WEIR_SKIPPED";

/// Names of tests by the reason why they were skipped.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Skips(BTreeMap<String, Vec<String>>);

/// The file for one command. It is gone with this value.
pub struct Notes(PathBuf);

impl Notes {
    /// A file with nothing in it.
    pub fn new() -> io::Result<Self> {
        let folder = root().join("target");
        fs::create_dir_all(&folder)?;
        let this = Self(folder.join(format!("skipped-{}", process::id())));
        fs::write(&this.0, "")?;
        Ok(this)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What was written to it.
    pub fn read(&self) -> io::Result<Skips> {
        Ok(Skips::noted(&fs::read_to_string(&self.0)?))
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        // Nobody misses it, and the next one is written anew.
        let _ = fs::remove_file(&self.0);
    }
}

impl Skips {
    /// From notes of tests. One that lacks several things is skipped once.
    fn noted(notes: &str) -> Self {
        let tests: BTreeMap<&str, &str> = notes.lines().rev().filter_map(|line| line.split_once('\t')).collect();
        let mut this = Self::default();
        for (test, reason) in tests {
            this.add(test, reason);
        }
        this
    }

    /// From what a test binary prints: `test NAME ... ignored, REASON`.
    pub fn ignored(output: &str) -> Self {
        let mut this = Self::default();
        for line in output.lines() {
            if let Some((test, rest)) = line.strip_prefix("test ").and_then(|line| line.split_once(" ... ignored")) {
                this.add(test, rest.strip_prefix(", ").unwrap_or("it is ignored"));
            }
        }
        this
    }

    fn add(&mut self, test: &str, reason: &str) {
        self.0.entry(reason.to_owned()).or_default().push(test.to_owned());
    }

    /// Adds others.
    pub fn extend(&mut self, others: Self) {
        for (reason, tests) in others.0 {
            self.0.entry(reason).or_default().extend(tests);
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Each reason with its tests below it; nothing if there are none.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (reason, tests) in &self.0 {
            text.push_str(&format!("\nskipped: {reason}\n"));
            for test in tests {
                text.push_str(&format!("  {test}\n"));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_skipped_test_is_named_once_with_its_reason() {
        let mut skips = Skips::noted("p a::x\tno Node\np b\tno Python\np a::x\tno Python\nodd\n");
        skips.extend(Skips::ignored("test c ... ignored\ntest d ... ok\ntest e ... ignored, slow\n"));
        assert_eq!(skips.count(), 4);
        assert_eq!(
            skips.text(),
            "\nskipped: it is ignored\n  c\n\nskipped: no Node\n  p a::x\n\nskipped: no Python\n  p b\n\nskipped: slow\n  e\n"
        );
        assert_eq!(Skips::default().text(), "");
    }

    #[test]
    fn notes_are_read_and_leave_no_file() {
        let notes = Notes::new().unwrap();
        let path = notes.path().to_owned();
        fs::write(&path, "a\tb\n").unwrap();
        assert_eq!(notes.read().unwrap().count(), 1);
        drop(notes);
        assert!(!path.exists());
    }
}
