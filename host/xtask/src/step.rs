//! A command: printed, run, and for checks, evaluated.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::skips::{self, Notes, Skips};

/// A command to run.
pub struct Step {
    program: OsString,
    shown: String,
    arguments: Vec<String>,
    folder: PathBuf,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Tests that passed.
    pub passed: usize,
    /// Tests that failed.
    pub failed: usize,
    /// Tests that were not run.
    pub skipped: usize,
}

impl Count {
    /// Adds two results.
    pub const fn and(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

/// Announces what comes next if it is slow or changes the machine. Goes to the same stream as the commands.
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// The repository's folder, as given by cargo at run time: the compiled-in path would be wrong after a move or copy.
pub fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// A cargo command in the repository's folder.
pub fn cargo<const N: usize>(arguments: [&str; N]) -> Step {
    // The cargo that runs this program; a bare name would go through rustup's proxy again.
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    Step::new(program, "cargo", &arguments)
}

/// A program of the workspace, built into the same folder as this one.
pub fn built<const N: usize>(name: &str, arguments: [&str; N]) -> io::Result<Step> {
    let own = env::current_exe()?;
    let path = own.with_file_name(name).with_extension(env::consts::EXE_EXTENSION);
    let shown = path.strip_prefix(root()).unwrap_or(&path).display().to_string();
    Ok(Step::new(&path, &shown, &arguments))
}

impl Step {
    fn new(program: impl Into<OsString>, shown: &str, arguments: &[&str]) -> Self {
        Self {
            program: program.into(),
            shown: shown.to_owned(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            folder: root(),
        }
    }

    /// A program on PATH, or a file in the repository.
    pub fn of(program: &str, arguments: &[&str]) -> Self {
        // A name is looked up on PATH; a longer path is relative to the repository, wherever it runs.
        let found = if program.contains('/') { root().join(program).into() } else { OsString::from(program) };
        Self::new(found, program, arguments)
    }

    /// With further arguments.
    pub fn and(mut self, arguments: &[String]) -> Self {
        self.arguments.extend_from_slice(arguments);
        self
    }

    /// With arguments for the test binaries that cargo runs.
    pub fn and_for_tests(self, arguments: &[String]) -> Self {
        if arguments.is_empty() { self } else { self.and(&["--".to_owned()]).and(arguments) }
    }

    /// In a folder of the repository.
    pub fn within(mut self, folder: &str) -> Self {
        self.folder.push(folder);
        self
    }

    /// Runs it with its output passed through. Returns whether it succeeded.
    pub fn show(&self) -> io::Result<bool> {
        eprintln!("$ {}", self.line());
        let status = self.command().status().map_err(|error| self.cannot_start(&error))?;
        Ok(status.success())
    }

    /// Runs it with environment variables for the tests; its standard output is shown only on failure. Standard error
    /// is passed through.
    pub fn check(&self, variables: &[(&str, &str)]) -> io::Result<(Count, Skips)> {
        eprintln!("$ {}", self.line());
        let notes = Notes::new()?;
        let mut command = self.command();
        command.envs(variables.iter().copied()).env(skips::VARIABLE, notes.path());
        let output = command.stdout(Stdio::piped()).spawn()?.wait_with_output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            eprint!("{text}");
        }
        let mut skips = notes.read()?;
        let count = judge(&text, output.status.success(), skips.count());
        skips.extend(Skips::ignored(&text));
        Ok((count, skips))
    }

    fn cannot_start(&self, error: &io::Error) -> io::Error {
        io::Error::new(error.kind(), format!("cannot start {}: {error}", self.shown))
    }

    /// The process to start.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder);
        for (name, _) in env::vars_os().filter(|(name, _)| is_of_this_package(name)) {
            command.env_remove(name);
        }
        command
    }

    fn line(&self) -> String {
        let root = root();
        let folder = self.folder.strip_prefix(&root).ok().filter(|folder| !folder.as_os_str().is_empty());
        let mut line = folder.map(|folder| format!("cd {} && ", folder.display())).unwrap_or_default();
        line.push_str(&self.shown);
        for argument in &self.arguments {
            line.push(' ');
            line.push_str(argument);
        }
        line
    }
}

/// Whether cargo set a variable to describe this program's package. Build scripts watch such variables, so passing them
/// on would cause rebuilds when switching between cargo and xtask.
fn is_of_this_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"]
        .iter()
        .any(|start| name.starts_with(start))
}

/// Counts the tests reported in the output (`N passed; N failed; N ignored`, as printed by test binaries and `weir
/// policy test`). A command without counts is one test. `skipped` of the passed ones were skipped.
fn judge(output: &str, succeeded: bool, noted: usize) -> Count {
    let mut count = Count::default();
    let mut told = false;
    for line in output.lines() {
        if let (Some(passed), Some(failed)) = (number_before(line, " passed"), number_before(line, " failed")) {
            told = true;
            count.passed += passed;
            count.failed += failed;
            count.skipped += number_before(line, " ignored").unwrap_or(0);
        }
    }
    match (told, succeeded) {
        (false, true) => count.passed = 1,
        // A test binary that does not build or crashes reports nothing.
        (_, false) if count.failed == 0 => count.failed = 1,
        _ => {}
    }
    count.passed = count.passed.saturating_sub(noted);
    count.skipped += noted;
    count
}

fn number_before(text: &str, word: &str) -> Option<usize> {
    let (before, _) = text.split_once(word)?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_test_binaries_are_added_up() {
        let output =
            "x\ntest result: ok. 3 passed; 0 failed; 1 ignored\ntest result: FAILED. 2 passed; 4 failed; 0 ign";
        let count = |passed, failed, skipped| Count { passed, failed, skipped };
        assert_eq!(judge(output, false, 0), count(5, 4, 1));
        assert_eq!(judge(output, false, 2), count(3, 4, 3));
        assert_eq!(judge("case a passed\n12 passed, 0 failed", true, 0), count(12, 0, 0));
        assert_eq!(judge("", true, 0), count(1, 0, 0));
        assert_eq!(judge("test result: ok. 3 passed; 0 failed", false, 0), count(3, 1, 0));
    }

    #[test]
    fn commands_are_run_as_by_hand() {
        assert!(env::vars_os().any(|(name, _)| is_of_this_package(&name)), "cargo describes the package of a test");
        let step = cargo(["--version"]).command();
        let removed: Vec<&OsStr> = step.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert!(removed.contains(&OsStr::new("CARGO_MANIFEST_DIR")), "{removed:?}");
        assert!(!is_of_this_package(OsStr::new("CARGO_HOME")) && !is_of_this_package(OsStr::new("PATH")));
    }

    #[test]
    fn a_step_can_be_repeated_by_hand() {
        let step = cargo(["test", "-p"]).and(&["x".into()]).within("guests");
        assert_eq!(step.line(), "cd guests && cargo test -p x");
    }
}
