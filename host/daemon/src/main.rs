//! Parses the command line, runs the command, exits with its code.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    weir::cli::run(weir::cli::Arguments::parse())
}
