//! What can be asked for of records.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::folder::DEFAULT_FOLDER;

#[derive(Debug, Subcommand)]
pub enum RecordsCommand {
    /// List records, newest first
    List(ListArguments),
    /// Show one record whole
    Show(ShowArguments),
    /// Check that no record was altered, removed, added or moved; exit 1 if one was
    Verify(VerifyArguments),
    /// Print records as lines of JSON, oldest first
    Export(ExportArguments),
}

#[derive(Debug, Args)]
pub struct Selection {
    /// Only of this agent
    #[arg(long, value_name = "NAME")]
    pub(super) agent_id: Option<String>,
    /// Only of this action
    #[arg(long, value_name = "NAME")]
    pub(super) action_name: Option<String>,
    /// Only of this call
    #[arg(long, value_name = "REF")]
    pub(super) call_ref: Option<String>,
    /// Not before this time, such as 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<String>,
}

#[derive(Debug, Args)]
pub struct ListArguments {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub(super) limit: usize,
    /// Go on below this record
    #[arg(long, value_name = "ID")]
    pub(super) cursor: Option<i64>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct ShowArguments {
    /// The record's number, or its call ref
    pub(super) id: String,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// A record that must have this hash, as an earlier check or the log told it: ID:HASH
    #[arg(long, value_name = "ID:HASH")]
    pub(super) anchor: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(super) json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
}

#[derive(Debug, Args)]
pub struct ExportArguments {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// How many at most
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Accepted for likeness: an export is JSON always
    #[arg(long, hide = true)]
    pub(super) json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    pub(super) folder: PathBuf,
}
