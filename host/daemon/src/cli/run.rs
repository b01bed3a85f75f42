//! Runs a parsed command line.

use std::process::ExitCode;

use super::arguments::{Arguments, Command, PolicyCommand};
use super::ended::{Ended, usage};
use super::{chain, check, policy, records, serve, stdio};
use crate::config::Upstreams;
use crate::output;
use crate::telemetry::install;

/// Runs a command to completion.
pub fn run(arguments: Arguments) -> ExitCode {
    let Arguments { log_format, log, command } = arguments;
    // A server logs what happens; a one-off command prints only its answer.
    let usual = if matches!(command, Command::Serve(_) | Command::Demo(_)) { "info" } else { "warn" };
    let panics = match install(log_format, log.as_deref(), usual) {
        Ok(panics) => panics,
        Err(message) => return usage(&message).into(),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(&format!("the runtime cannot be set up: {error}"));
            return Ended::NotRight.into();
        }
    };
    let ended = runtime.block_on(async {
        match command {
            Command::Serve(arguments) => serve::run(arguments, Upstreams::AsWritten, log_format, panics).await,
            Command::Demo(arguments) => serve::run(arguments, Upstreams::Demo, log_format, panics).await,
            Command::Stdio(arguments) => stdio::run(arguments).await,
            Command::Check(arguments) => check::run(arguments).await,
            Command::Chain(arguments) => chain::run(arguments).await,
            Command::Records(command) => records::run(command).await,
            Command::Policy(PolicyCommand::Inspect { file, json }) => policy::inspect(&file, json).await,
            Command::Policy(PolicyCommand::Test { file, cases, json }) => {
                policy::test(&file, cases.as_deref(), json).await
            }
        }
    });
    // A guest that is still running must not block the exit.
    runtime.shutdown_background();
    ended.into()
}
