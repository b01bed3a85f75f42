//! Skipped tests, and why: tests that report it while running, and ignored ones.
//!
//! A test that lacks something adds the line `NAME<tab>REASON` to the file in `WEIR_SKIPPED`, since its harness counts
//! it as passed and captures its output.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

use crate::step::root;

/// The variable with the file's path.
pub const VARIABLE: &str = "WEIR_SKIPPED";

/// Test names by skip reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Skips(BTreeMap<String, Vec<String>>);

/// The file for one command. Removed on drop.
pub struct Notes(PathBuf);

impl Notes {
    /// Creates an empty file.
    pub fn new() -> io::Result<Self> {
        let folder = root().join("target");
        fs::create_dir_all(&folder)?;
        let this = Self(folder.join(format!("skipped-{}", process::id())));
        fs::write(&this.0, "")?;
        Ok(this)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its content.
    pub fn read(&self) -> io::Result<Skips> {
        Ok(Skips::noted(&fs::read_to_string(&self.0)?))
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        // A leftover file is harmless; the next run creates a new one.
        let _ = fs::remove_file(&self.0);
    }
}

impl Skips {
    /// From the lines written by tests. A test that lacks several things is skipped once.
    fn noted(notes: &str) -> Self {
        let tests: BTreeMap<&str, &str> = notes.lines().rev().filter_map(|line| line.split_once('\t')).collect();
        let mut this = Self::default();
        for (test, reason) in tests {
            this.add(test, reason);
        }
        this
    }

    /// From the output of a test binary: `test NAME ... ignored, REASON`.
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

    /// Adds other skips.
    pub fn extend(&mut self, others: Self) {
        for (reason, tests) in others.0 {
            self.0.entry(reason).or_default().extend(tests);
        }
    }

    /// The number of skipped tests.
    pub fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    /// Each reason with its tests; empty if there are none.
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
