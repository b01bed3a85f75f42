//! `weir records`: looking at what was recorded, checking it, taking it elsewhere. Nothing here changes a store, so it
//! may be used beside a gateway that runs.

mod export;
mod verify;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use weir_record::{Row, RowForm, row_form};
use weir_store::{Access, Cursor, Filter, Store, StoreAddress, StoreError, Time};

use super::{DEFAULT_FOLDER, Ended, Paint, output, usage};
use crate::config::records::StoreChoice;
use crate::config::{Folder, Upstreams};
use crate::telemetry::printable;

/// Rows that are read at a time.
const PAGE: usize = 500;

#[derive(Debug, Subcommand)]
pub(super) enum RecordsCommand {
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
pub(super) struct Selection {
    /// Only of this agent
    #[arg(long, value_name = "NAME")]
    agent_id: Option<String>,
    /// Only of this action
    #[arg(long, value_name = "NAME")]
    action_name: Option<String>,
    /// Only of this call
    #[arg(long, value_name = "REF")]
    call_ref: Option<String>,
    /// Not before this time, such as 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    #[command(flatten)]
    selection: Selection,
    /// How many at most
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: usize,
    /// Go on below this record
    #[arg(long, value_name = "ID")]
    cursor: Option<i64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The record's number, or its call ref
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// A record that must have this hash, as an earlier check or the log told it: ID:HASH
    #[arg(long, value_name = "ID:HASH")]
    anchor: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    #[command(flatten)]
    selection: Selection,
    /// How many at most
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Accepted for likeness: an export is JSON always
    #[arg(long, hide = true)]
    json: bool,
    /// The folder with weir.toml, which names the store
    #[arg(default_value = DEFAULT_FOLDER)]
    folder: PathBuf,
}

/// A list as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'r> {
    entries: Vec<RowForm<'r>>,
    next_cursor: Option<String>,
}

/// Runs one of the commands.
pub(super) async fn run(command: RecordsCommand) -> Ended {
    match command {
        RecordsCommand::List(arguments) => list(arguments).await,
        RecordsCommand::Show(arguments) => show(arguments).await,
        RecordsCommand::Verify(arguments) => verify::check(arguments).await,
        RecordsCommand::Export(arguments) => export::export(arguments).await,
    }
}

/// The store of a folder, and where it is.
async fn open(folder: &Path) -> Result<(Arc<dyn Store>, StoreAddress), Ended> {
    let folder = Folder::new(folder);
    let (config, report) = folder.config(Upstreams::AsWritten);
    let Some(config) = config.filter(|_| !report.has_errors()) else {
        output::complaint(&output::problems(&report.into_sorted(), Paint::stderr()));
        return Err(Ended::NotRight);
    };
    let address = config.records.store.address().clone();
    match (&config.records.store, &address) {
        (StoreChoice::Usual(_), StoreAddress::Sqlite(path)) if !path.exists() => {
            output::problem(&format!(
                "nothing was recorded yet: there is no file {}; the folder's weir.toml names no store in [records]",
                path.display()
            ));
            return Err(Ended::NotRight);
        }
        _ => {}
    }
    match weir_store::open(&address, Access::Read, config.records.options).await {
        Ok(store) => Ok((store, address)),
        Err(error) => Err(failed(&address, &error)),
    }
}

fn failed(address: &StoreAddress, error: &StoreError) -> Ended {
    output::problem(&format!("{address}: {error}"));
    Ended::NotRight
}

/// What is meant, and the store of the folder with its place.
async fn select(selection: Selection, folder: &Path) -> Result<(Filter, Arc<dyn Store>, StoreAddress), Ended> {
    let Selection { agent_id, action_name, call_ref, from, to } = selection;
    let time = |option: &str, text: Option<String>| {
        text.map(|text| Time::parse(&text).map_err(|error| usage(&format!("{option}: {error}")))).transpose()
    };
    let filter = Filter { agent_id, action_name, call_ref, from: time("--from", from)?, to: time("--to", to)? };
    let (store, address) = open(folder).await?;
    Ok((filter, store, address))
}

async fn list(arguments: ListArguments) -> Ended {
    let ListArguments { selection, limit, cursor, json, folder } = arguments;
    let (filter, store, address) = match select(selection, &folder).await {
        Ok(selected) => selected,
        Err(ended) => return ended,
    };
    let page = match store.list(&filter, cursor.map(Cursor), limit).await {
        Ok(page) => page,
        Err(error) => return failed(&address, &error),
    };
    if json {
        let next_cursor = page.next.map(|cursor| cursor.to_string());
        output::result(&output::json(&List { entries: page.entries.iter().map(row_form).collect(), next_cursor }));
    } else if page.entries.is_empty() {
        output::result("no records");
    } else {
        let mut lines: Vec<String> = page.entries.iter().map(|row| line(row, Paint::stdout())).collect();
        if let Some(next) = page.next {
            lines.push(Paint::stdout().dim(&format!("more: --cursor {next}")));
        }
        output::result(&lines.join("\n"));
    }
    Ended::Done
}

/// A record in one line.
fn line(row: &Row, paint: Paint) -> String {
    let who = format!("{}/{}", row.agent_id.as_deref().unwrap_or("-"), row.action_name.as_deref().unwrap_or("-"));
    let text =
        format!("{:>6}  {}  {:<11} {who}  {} {}", row.id, row.created_at, row.status, row.method, row.source_url);
    format!("{}  {}", printable(&text), paint.dim(&printable(&row.call_ref)))
}

async fn show(arguments: ShowArguments) -> Ended {
    let ShowArguments { id, json, folder } = arguments;
    let (store, address) = match open(&folder).await {
        Ok(opened) => opened,
        Err(ended) => return ended,
    };
    let found = match id.parse::<i64>() {
        Ok(number) => store.record(number).await,
        Err(_) => {
            let filter = Filter { call_ref: Some(id.clone()), ..Filter::default() };
            store.list(&filter, None, 1).await.map(|page| page.entries.into_iter().next())
        }
    };
    match found {
        Ok(Some(row)) => {
            // For people, too: what a record holds is JSON.
            let form = output::json(&row_form(&row));
            output::result(&if json { form } else { printable_lines(&form) });
            Ended::Done
        }
        Ok(None) => {
            output::problem(&format!("{address} has no record {id:?}; `weir records list` shows what there is"));
            Ended::NotRight
        }
        Err(error) => failed(&address, &error),
    }
}

fn printable_lines(text: &str) -> String {
    text.lines().map(|line| printable(line).into_owned()).collect::<Vec<String>>().join("\n")
}
