//! The command line of the chores.

use crate::suites::Suite;

/// How it is used.
pub const USAGE: &str = "\
usage: cargo xtask COMMAND

  guests [--only NAME]…             build the guests; put the shipped policies at policies/<name>.wasm
  demo [ARGUMENTS…]                 build the guests, then run `weir demo ARGUMENTS…`
  test [--suite NAME]… [-- ARGS…]   run every check, or those named; ARGS go to the test binaries
                                    suites: fmt, clippy, host, guests, conformance, cases, hostile, end-to-end,
                                    mcp-clients, mcp-conformance
  bench [FILTER]                    build the guests, then print the benchmarks' figures";

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Task {
    /// Say how it is used.
    Help,
    /// Build the guests, or only these.
    Guests {
        /// Names of guests; empty for all.
        only: Vec<String>,
    },
    /// Run the gateway with its embedded upstreams.
    Demo {
        /// For `weir demo`.
        arguments: Vec<String>,
    },
    /// Check everything.
    Test {
        /// Suites to run; empty for all.
        only: Vec<Suite>,
        /// For the test binaries.
        arguments: Vec<String>,
    },
    /// Measure.
    Bench {
        /// For the bench binary.
        arguments: Vec<String>,
    },
}

/// Reads the arguments, or says what would have been right.
pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Task, String> {
    let mut arguments = arguments;
    let Some(command) = arguments.next() else { return Err("no command is given".into()) };
    match command.as_str() {
        "help" | "--help" | "-h" => Ok(Task::Help),
        "guests" => Ok(Task::Guests { only: options("--only", arguments)?.0 }),
        "demo" => Ok(Task::Demo { arguments: arguments.collect() }),
        "bench" => Ok(Task::Bench { arguments: arguments.collect() }),
        "test" => {
            let (names, arguments) = options("--suite", arguments)?;
            let only = names.iter().map(|name| suite(name)).collect::<Result<_, _>>()?;
            Ok(Task::Test { only, arguments })
        }
        other => Err(format!("there is no command {other:?}")),
    }
}

/// The values of an option that may be repeated, and what follows `--`.
fn options(option: &str, mut arguments: impl Iterator<Item = String>) -> Result<(Vec<String>, Vec<String>), String> {
    let mut values = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            break;
        }
        if argument == option {
            values.push(arguments.next().ok_or_else(|| format!("{option} needs a name"))?);
        } else {
            return Err(format!("{argument:?} is not known here; give {option} NAME"));
        }
    }
    Ok((values, arguments.collect()))
}

fn suite(name: &str) -> Result<Suite, String> {
    Suite::ALL.into_iter().find(|suite| suite.name() == name).ok_or_else(|| {
        let names: Vec<&str> = Suite::ALL.iter().map(|suite| suite.name()).collect();
        format!("there is no suite {name:?}; there are {}", names.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Task, String> {
        parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn commands_are_read() {
        assert_eq!(read("guests --only a --only b"), Ok(Task::Guests { only: vec!["a".into(), "b".into()] }));
        assert_eq!(
            read("test --suite fmt -- --nocapture"),
            Ok(Task::Test { only: vec![Suite::Fmt], arguments: vec!["--nocapture".into()] })
        );
        assert_eq!(read("demo --listen x"), Ok(Task::Demo { arguments: vec!["--listen".into(), "x".into()] }));
    }

    #[test]
    fn what_is_not_known_is_named_with_what_is() {
        assert!(read("").is_err() && read("build").is_err() && read("guests secret-scan").is_err());
        assert!(read("test --suite unit").unwrap_err().contains("conformance"));
        assert!(read("test --suite").unwrap_err().contains("needs a name"));
        assert!(Suite::ALL.iter().all(|suite| USAGE.contains(suite.name())));
    }
}
