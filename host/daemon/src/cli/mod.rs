//! The command line: what can be asked for, and how each command ends.
//!
//! Exit codes: 0 done, 1 the thing checked is not right, 2 usage. `weir stdio` ends with the code of its server.

mod chain;
mod check;
mod output;
mod policy;
mod records;
mod serve;
mod stdio;
mod welcome;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Upstreams, listen};
use crate::telemetry::{LogFormat, install};

pub use output::{Paint, problems};

/// The folder that is meant when none is named.
const DEFAULT_FOLDER: &str = "policies";

/// Runs policies, as sandboxed WebAssembly components, in the path of what agents do.
#[derive(Debug, Parser)]
#[command(name = "weir", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Arguments {
    /// How the log on standard error is written
    #[arg(long, global = true, help_heading = "Log", value_enum, default_value = "human", value_name = "FORMAT")]
    log_format: LogFormat,
    /// Log level: error, warn, info, debug or trace; also per module, as in info,weir_engine=debug [env: WEIR_LOG]
    #[arg(long, global = true, help_heading = "Log", value_name = "LEVEL")]
    log: Option<String>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a folder: its routes, with its policies in the path
    Serve(ServeArguments),
    /// Serve a folder with sample servers behind it, to see policies act at once
    Demo(ServeArguments),
    /// Put a folder's policies between an MCP client and an MCP server that speak over standard streams
    Stdio(StdioArguments),
    /// Load, compile, configure and resolve everything; show each chain with effective values and origins
    Check(CheckArguments),
    /// Run one chain offline and print its result as JSON
    Chain(ChainArguments),
    /// Tools for authors of policies
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// List, show, verify and export what was recorded
    #[command(subcommand)]
    Records(records::RecordsCommand),
}

#[derive(Debug, Args)]
struct ServeArguments {
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
    /// Listen here instead of where [gateway] says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    listen: Option<SocketAddr>,
    /// Listen here instead of where [admin] says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    admin_listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
struct StdioArguments {
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
    /// The folder, as an option
    #[arg(long = "folder", value_name = "FOLDER", conflicts_with = "folder")]
    folder_option: Option<PathBuf>,
    /// The route whose policies are run; without it, the first MCP route
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// The server and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

#[derive(Debug, Args)]
struct CheckArguments {
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct ChainArguments {
    /// The event, for example tools/call
    #[arg(long)]
    event: String,
    /// The half of the exchange
    #[arg(long, value_parser = ["request", "response"])]
    phase: String,
    /// File with the payload as JSON; - for standard input
    #[arg(long, value_name = "FILE")]
    payload: PathBuf,
    /// File with the request's payload, for policies of the response phase that ask for it
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// File with the context as JSON: principal, sessionId, timestamp, …
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    /// Run the chain of this route instead of all policies
    #[arg(long)]
    route: Option<String>,
    /// Run only this policy of the chain; may be given several times
    #[arg(long = "interceptor", value_name = "NAME")]
    interceptors: Vec<String>,
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Show what a component declares, imports and needs
    Inspect {
        /// The component
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Run a component against its cases
    Test {
        /// The component
        file: PathBuf,
        /// Folder or file with the cases; without it, `cases` beside the component or in its guest's folder
        #[arg(long, value_name = "DIR")]
        cases: Option<PathBuf>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    NotRight,
    Usage,
    /// As another program did.
    Like(u8),
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Done => Self::SUCCESS,
            Ended::NotRight => Self::from(1),
            Ended::Usage => Self::from(2),
            Ended::Like(code) => Self::from(code),
        }
    }
}

/// Runs a command to its end.
pub fn run(arguments: Arguments) -> ExitCode {
    let Arguments { log_format, log, command } = arguments;
    // Who serves wants to see what happens; who asks one question wants the answer.
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
    // A guest that is still running must not hold the process.
    runtime.shutdown_background();
    ended.into()
}

fn usage(message: &str) -> Ended {
    output::problem(message);
    Ended::Usage
}
