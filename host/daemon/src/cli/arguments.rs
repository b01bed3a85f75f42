//! What can be asked for on the command line.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::records::RecordsCommand;
use crate::config::folder::DEFAULT_FOLDER;
use crate::config::listen;
use crate::telemetry::LogFormat;

/// Runs policies, as sandboxed WebAssembly components, in the path of what agents do.
#[derive(Debug, Parser)]
#[command(name = "weir", version, max_term_width = 100, arg_required_else_help = true)]
pub struct Arguments {
    /// How the log on standard error is written
    #[arg(long, global = true, help_heading = "Log", value_enum, default_value = "human", value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    /// Log level: error, warn, info, debug or trace; also per module, as in info,weir_engine=debug [env: WEIR_LOG]
    #[arg(long, global = true, help_heading = "Log", value_name = "LEVEL")]
    pub(super) log: Option<String>,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
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
    Records(RecordsCommand),
}

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
    /// Listen here instead of where [gateway] says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    pub(super) listen: Option<SocketAddr>,
    /// Listen here instead of where [admin] says; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", value_parser = listen)]
    pub(super) admin_listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(super) struct StdioArguments {
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
    /// The folder, as an option
    #[arg(long = "folder", value_name = "FOLDER", conflicts_with = "folder")]
    pub(super) folder_option: Option<PathBuf>,
    /// The route whose policies are run; without it, the first MCP route
    #[arg(long, value_name = "NAME")]
    pub(super) route: Option<String>,
    /// The server and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(super) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ChainArguments {
    /// The event, for example tools/call
    #[arg(long)]
    pub(super) event: String,
    /// The half of the exchange
    #[arg(long, value_parser = ["request", "response"])]
    pub(super) phase: String,
    /// File with the payload as JSON; - for standard input
    #[arg(long, value_name = "FILE")]
    pub(super) payload: PathBuf,
    /// File with the request's payload, for policies of the response phase that ask for it
    #[arg(long, value_name = "FILE")]
    pub(super) request: Option<PathBuf>,
    /// File with the context as JSON: principal, sessionId, timestamp, …
    #[arg(long, value_name = "FILE")]
    pub(super) context: Option<PathBuf>,
    /// Run the chain of this route instead of all policies
    #[arg(long)]
    pub(super) route: Option<String>,
    /// Run only this policy of the chain; may be given several times
    #[arg(long = "interceptor", value_name = "NAME")]
    pub(super) interceptors: Vec<String>,
    /// The folder with weir.toml and the components
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
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
