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
use step::{Step, cargo};

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
        Task::Demo { arguments } => {
            Ok(guests::install(&[])? && weir(["run", "--release", "--bin", "weir", "--", "demo"], &arguments).show()?)
        }
        Task::Bench { arguments } => Ok(guests::install(&[])?
            && weir(["run", "--release", "-p", "weir-tests", "--bin", "bench", "--"], &arguments).show()?),
        Task::Test { only, arguments } => suites::run(&only, &arguments),
    }
}

fn weir<const N: usize>(command: [&str; N], arguments: &[String]) -> Step {
    cargo(command).and(arguments)
}
