//! What a run of the program comes to, and holding it against a snapshot.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Output;

/// The exit code and everything that was printed.
pub fn shown(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!(
        "exit {}\n{}--- standard error\n{}",
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr)
    )
}

/// Several runs that are held against one snapshot, which is kept with the tests of a folder.
pub struct Runs {
    folder: &'static str,
    name: &'static str,
    text: String,
}

impl Runs {
    pub fn new(folder: &'static str, name: &'static str) -> Self {
        Self { folder, name, text: String::new() }
    }

    /// What one of them comes to.
    pub fn add(&mut self, name: &str, text: &str) {
        let Self { text: all, .. } = self;
        writeln!(all, "======== {name}\n{}\n", text.trim_end()).unwrap();
    }

    /// Compares all of them.
    pub fn compare(self) {
        compare(self.folder, self.name, &self.text);
    }
}

/// Compares a text with the snapshot of that name, which is kept with the tests of that folder.
pub fn compare(folder: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder).join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
