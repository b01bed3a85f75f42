//! The command line of the chores.

use clap::{Parser, Subcommand};

use crate::suites::Suite;

/// The chores of this repository. Each installs what it needs and shows the commands that it runs.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
pub struct Arguments {
    /// What is to be done.
    #[command(subcommand)]
    pub task: Task,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Build the guests; put the shipped policies at policies/<name>.wasm
    Guests {
        /// Only this guest; may be given again
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
    },
    /// Build the guests, then run `weir demo ARGS…`
    #[command(disable_help_flag = true)]
    Demo {
        /// For `weir demo`
        #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Run every check, or those named; ARGS go to the test binaries
    Test {
        /// Only this suite; may be given again
        #[arg(long = "suite", value_name = "NAME")]
        only: Vec<Suite>,
        /// Fail if a test was skipped, too
        #[arg(long)]
        no_skips: bool,
        /// For the test binaries
        #[arg(value_name = "ARGS", last = true)]
        arguments: Vec<String>,
    },
    /// Build the guests, then print the benchmarks' figures
    #[command(disable_help_flag = true)]
    Bench {
        /// For the program of the benchmarks: the part of a group's name
        #[arg(value_name = "FILTER", trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn read(line: &str) -> Result<Task, clap::Error> {
        let words = ["xtask"].into_iter().chain(line.split_whitespace());
        Arguments::try_parse_from(words).map(|arguments| arguments.task)
    }

    #[test]
    fn commands_are_read() {
        Arguments::command().debug_assert();
        assert_eq!(read("guests --only a --only b").unwrap(), Task::Guests { only: vec!["a".into(), "b".into()] });
        assert_eq!(
            read("test --suite fmt --suite end-to-end --no-skips -- --nocapture").unwrap(),
            Task::Test {
                only: vec![Suite::Fmt, Suite::EndToEnd],
                no_skips: true,
                arguments: vec!["--nocapture".into()]
            }
        );
        for (line, expected) in [("demo --listen x", "--listen x"), ("demo x --help", "x --help"), ("demo -h", "-h")] {
            let expected = expected.split(' ').map(str::to_owned).collect();
            assert_eq!(read(line).unwrap(), Task::Demo { arguments: expected });
        }
        assert_eq!(read("bench records").unwrap(), Task::Bench { arguments: vec!["records".into()] });
    }

    #[test]
    fn what_is_not_known_is_named_with_what_is() {
        for line in ["", "build", "guests secret-scan", "test --suite unit", "test --suite", "test end-to-end"] {
            assert_eq!(read(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
        assert!(read("test --suite unit").unwrap_err().to_string().contains("mcp-conformance"));
        for line in ["help", "--help", "-h", "test --help"] {
            let help = read(line).unwrap_err();
            assert_eq!((help.kind(), help.exit_code()), (ErrorKind::DisplayHelp, 0), "{line:?}");
        }
    }
}
