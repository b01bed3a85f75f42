//! The chores of this repository: `cargo xtask guests | demo | test | bench`.
//!
//! Invariants: every step shows the command that it runs, so that it can be repeated by hand; nothing needs more
//! than rustup and a C compiler.
//!
//! Not here: anything that the product needs at run time.

mod arguments;
mod guests;
mod step;
mod suites;
mod summary;

use std::env;
use std::io;
use std::process::ExitCode;

use arguments::Task;
use step::{Step, built, cargo};

fn main() -> ExitCode {
    let task = match arguments::parse(env::args().skip(1)) {
        Ok(task) => task,
        Err(message) => {
            eprintln!("error: {message}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(task) {
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
        Task::Help => {
            println!("{}", arguments::USAGE);
            Ok(true)
        }
        Task::Guests { only } => guests::install(&only),
        Task::Demo { arguments } => after_building(&["weir"], built("weir", ["demo"])?.and(&arguments)),
        Task::Bench { arguments } => after_building(&["bench", "weir"], built("bench", [])?.and(&arguments)),
        Task::Test { only, arguments } => suites::run(&only, &arguments),
    }
}

/// Builds the guests and the programs, then runs the step.
fn after_building(programs: &[&str], step: Step) -> io::Result<bool> {
    Ok(guests::install(&[])? && build(programs).show()? && step.show()?)
}

/// Builds programs. Always over the whole workspace: which features the dependencies get hangs on what is
/// selected, and another selection would compile the sandbox once more.
fn build(programs: &[&str]) -> Step {
    let named: Vec<String> = programs.iter().flat_map(|program| ["--bin".to_owned(), (*program).to_owned()]).collect();
    cargo(["build", "--release", "--workspace"]).and(&named)
}
