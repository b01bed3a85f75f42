//! Packages from PyPI and npm, installed only inside this repository, once per version file.

use std::fs;
use std::io;
use std::path::Path;

use crate::step::{Step, root, say};

/// The Python of the tests.
const PYTHON: &str = "target/python";
const REQUIREMENTS: &str = "tests/requirements.txt";

/// PyPI packages, in a virtual environment in `target/`. Returns whether they are available.
pub fn pypi() -> io::Result<bool> {
    let program = format!("{PYTHON}/bin/python");
    let what = "the packages of PyPI in tests/requirements.txt: clients of other makers that the tests run";
    once(PYTHON, REQUIREMENTS, root().join(&program).exists(), what, || {
        let packages = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS];
        Ok(Step::of("python3", &["-m", "venv", "--clear", PYTHON]).show()? && Step::of(&program, &packages).show()?)
    })
}

/// npm packages, next to their lock file. Returns whether they are available.
pub fn npm(folder: &str, what: &str) -> io::Result<bool> {
    once(&format!("{folder}/node_modules"), &format!("{folder}/package-lock.json"), true, what, || {
        Step::of("npm", &["ci", "--no-progress", "--no-fund", "--no-audit"]).within(folder).show()
    })
}

/// Installs into a folder unless that was done for the current version file; a copy of the file marks the folder.
fn once(
    folder: &str,
    versions: &str,
    usable: bool,
    what: &str,
    install: impl FnOnce() -> io::Result<bool>,
) -> io::Result<bool> {
    let wanted = fs::read(root().join(versions))?;
    let mark = root().join(folder).join(".installed");
    if usable && is_marked(&mark, &wanted) {
        return Ok(true);
    }
    say(&format!("installing {what}"));
    let installed = install()?;
    if installed {
        fs::write(mark, wanted)?;
    }
    Ok(installed)
}

fn is_marked(mark: &Path, wanted: &[u8]) -> bool {
    fs::read(mark).is_ok_and(|present| present == wanted)
}
