//! The chores of this repository: `cargo xtask guests | demo | test | bench`.
//!
//! Invariants: every step prints its command, so that it can be repeated by hand; missing tools that can be installed
//! without root are installed once, with a message. Only rustup and a C compiler are required; the tests also need
//! Python and Node.
//!
//! Not here: anything the product needs at run time.

mod arguments;
mod guests;
mod setup;
mod skips;
mod step;
mod suites;
mod summary;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Task};
use step::{Step, built, cargo, say};

fn main() -> ExitCode {
    match run(Arguments::parse().task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> io::Result<bool> {
    match task {
        Task::Guests { only } => guests::install(&only),
        Task::Demo { arguments } => after_building(&["weir"], built("weir", ["demo"])?.and(&arguments)),
        Task::Bench { arguments } => after_building(&["bench", "weir"], built("bench", [])?.and(&arguments)),
        Task::Test { only, no_skips, arguments } => suites::run(&only, no_skips, &arguments),
    }
}

/// Builds the guests and the programs, then runs the step.
fn after_building(programs: &[&str], step: Step) -> io::Result<bool> {
    Ok(guests::install(&[])? && build(programs)? && step.show()?)
}

/// Builds programs, always for the whole workspace: the selected packages determine the features of dependencies, and
/// another selection would compile the sandbox again.
fn build(programs: &[&str]) -> io::Result<bool> {
    let named: Vec<String> = programs.iter().flat_map(|program| ["--bin".to_owned(), (*program).to_owned()]).collect();
    say("building the host (about 10 minutes on two cores the first time, seconds when little has changed)");
    cargo(["build", "--release", "--workspace"]).and(&named).show()
}
