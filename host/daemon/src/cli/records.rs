//! `weir records`: looking at what was recorded, checking it, taking it elsewhere. Nothing here changes a store, so it
//! may be used beside a gateway that runs.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use weir_core::record::{Row, row_form};
use weir_store::chain::{Anchor, Break, Verdict, verify};
use weir_store::{Access, Cursor, Filter, Store, StoreAddress, StoreError};

use super::{DEFAULT_FOLDER, Ended, Paint, output, usage};
use crate::config::records::StoreChoice;
use crate::config::{Folder, Upstreams};
use crate::telemetry::printable;

/// Most lost calls that are listed one by one.
const MAX_LISTED: usize = 20;

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

/// Runs one of the commands.
pub(super) async fn run(command: RecordsCommand) -> Ended {
    match command {
        RecordsCommand::List(arguments) => list(arguments).await,
        RecordsCommand::Show(arguments) => show(arguments).await,
        RecordsCommand::Verify(arguments) => check(arguments).await,
        RecordsCommand::Export(arguments) => export(arguments).await,
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

fn filter(selection: Selection) -> Result<Filter, Ended> {
    let Selection { agent_id, action_name, call_ref, from, to } = selection;
    let time = |option: &str, text: Option<String>| {
        text.map(|text| Filter::time(&text).map_err(|error| usage(&format!("{option}: {error}")))).transpose()
    };
    Ok(Filter { agent_id, action_name, call_ref, from: time("--from", from)?, to: time("--to", to)? })
}

async fn list(arguments: ListArguments) -> Ended {
    let ListArguments { selection, limit, cursor, json, folder } = arguments;
    let filter = match filter(selection) {
        Ok(filter) => filter,
        Err(ended) => return ended,
    };
    let (store, address) = match open(&folder).await {
        Ok(opened) => opened,
        Err(ended) => return ended,
    };
    let page = match store.list(&filter, cursor.map(Cursor), limit).await {
        Ok(page) => page,
        Err(error) => return failed(&address, &error),
    };
    if json {
        let entries: Vec<Value> = page.entries.iter().map(row_form).collect();
        let next = page.next.map(|cursor| cursor.to_string());
        output::result(&output::json(&json!({ "entries": entries, "nextCursor": next })));
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

async fn check(arguments: VerifyArguments) -> Ended {
    let VerifyArguments { anchor, json, folder } = arguments;
    let anchor = match anchor.as_deref().map(read_anchor).transpose() {
        Ok(anchor) => anchor,
        Err(message) => return usage(&message),
    };
    let (store, address) = match open(&folder).await {
        Ok(opened) => opened,
        Err(ended) => return ended,
    };
    let outcome = async {
        let verdict = verify(&*store, anchor.as_ref(), |_| {}).await?;
        let lost = lost(&*store).await?;
        Ok::<_, StoreError>((verdict, lost))
    };
    let (verdict, lost) = match outcome.await {
        Ok(outcome) => outcome,
        Err(error) => return failed(&address, &error),
    };
    let ended = if matches!(verdict, Verdict::Whole { .. }) { Ended::Done } else { Ended::NotRight };
    if json {
        output::result(&output::json(&verdict_form(&verdict, &lost)));
    } else {
        tell(&verdict, &lost, &address);
    }
    ended
}

fn read_anchor(text: &str) -> Result<Anchor, String> {
    let wrong = || format!("--anchor {text:?}: give the number of a record and its hash, as in 42:9f86d0…");
    let (id, hash) = text.split_once(':').ok_or_else(wrong)?;
    let id = id.parse().ok().filter(|id| *id > 0).ok_or_else(wrong)?;
    let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| Anchor { id, hash: hash.to_ascii_lowercase() }).ok_or_else(wrong)
}

/// A time at which records were lost, why, and which.
struct Loss {
    at: String,
    reason: String,
    call_refs: Vec<String>,
}

/// What Weir itself has told of losses, newest first.
async fn lost(store: &dyn Store) -> Result<Vec<Loss>, StoreError> {
    let (mut losses, mut cursor) = (Vec::new(), None);
    loop {
        let page = store.events(Some("records.lost"), cursor, PAGE).await?;
        losses.extend(page.entries.into_iter().map(|event| {
            let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
            let call_refs = detail["callRefs"].as_array().into_iter().flatten();
            Loss {
                at: event.at,
                reason: detail["reason"].as_str().unwrap_or_default().to_owned(),
                call_refs: call_refs.filter_map(|one| Some(one.as_str()?.to_owned())).collect(),
            }
        }));
        cursor = page.next;
        if cursor.is_none() {
            return Ok(losses);
        }
    }
}

fn verdict_form(verdict: &Verdict, lost: &[Loss]) -> Value {
    let lost: Vec<Value> =
        lost.iter().map(|loss| json!({ "at": loss.at, "reason": loss.reason, "callRefs": loss.call_refs })).collect();
    match verdict {
        Verdict::Whole { head } => {
            json!({ "ok": true, "records": head.id, "head": { "id": head.id, "hash": head.hash }, "lost": lost })
        }
        Verdict::Broken(found) => {
            json!({ "ok": false, "error": found.to_string(), "id": place(found), "lost": lost })
        }
    }
}

/// The first record that is wrong.
const fn place(found: &Break) -> Option<i64> {
    match found {
        Break::Altered { id, .. } | Break::Response { id, .. } | Break::Link { id, .. } | Break::Anchor { id } => {
            Some(*id)
        }
        Break::Missing { from, .. } | Break::Truncated { from, .. } => Some(*from),
        Break::End { found, .. } => Some(*found),
        Break::NoHead => None,
    }
}

fn tell(verdict: &Verdict, lost: &[Loss], address: &StoreAddress) {
    let paint = Paint::stdout();
    let mut lines = Vec::new();
    match verdict {
        Verdict::Whole { head } if head.id == 0 => lines.push(paint.good("ok: there are no records yet")),
        Verdict::Whole { head } => {
            lines.push(paint.good(&format!("ok: {} records, none altered, missing, added or moved", head.id)));
            lines.push(format!("the last is {}:{}", head.id, head.hash));
            lines.push(
                paint.dim("keep that elsewhere and give it as --anchor later: it shows if everything was written anew"),
            );
        }
        Verdict::Broken(found) => {
            lines.push(paint.bad(&printable(&format!("BROKEN: {found}"))));
            let before = match found {
                Break::Altered { .. } | Break::Response { .. } | Break::Link { .. } => {
                    "what comes before it is as it was written; "
                }
                Break::Missing { .. } | Break::Truncated { .. } => "what comes before them is as it was written; ",
                Break::End { .. } | Break::NoHead | Break::Anchor { .. } => "",
            };
            lines.push(format!("{before}keep a copy of {address} as it is now before anything else"));
        }
    }
    for Loss { at, reason, call_refs } in lost {
        let count = call_refs.len();
        lines.push(paint.warn(&printable(&format!(
            "lost: {count} {}, told at {at} ({reason}):",
            if count == 1 { "call" } else { "calls" }
        ))));
        lines.extend(call_refs.iter().take(MAX_LISTED).map(|call_ref| format!("  {}", printable(call_ref))));
        if count > MAX_LISTED {
            lines.push(format!("  and {} more; --json lists all", count - MAX_LISTED));
        }
    }
    output::result(&lines.join("\n"));
}

async fn export(arguments: ExportArguments) -> Ended {
    let ExportArguments { selection, limit, json: _, folder } = arguments;
    let filter = match filter(selection) {
        Ok(filter) => filter,
        Err(ended) => return ended,
    };
    let (store, address) = match open(&folder).await {
        Ok(opened) => opened,
        Err(ended) => return ended,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match write_all(&*store, &filter, limit.unwrap_or(usize::MAX), &mut out).await {
        Ok(()) => match out.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => unfinished(&error),
            _ => Ended::Done,
        },
        Err(ExportError::Store(error)) => failed(&address, &error),
        // Who reads has seen enough.
        Err(ExportError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ended::Done,
        Err(ExportError::Output(error)) => unfinished(&error),
    }
}

fn unfinished(error: &io::Error) -> Ended {
    output::problem(&format!("the export is not complete: {error}"));
    Ended::NotRight
}

enum ExportError {
    Store(StoreError),
    Output(io::Error),
}

async fn write_all(store: &dyn Store, filter: &Filter, limit: usize, out: &mut impl Write) -> Result<(), ExportError> {
    let (mut last, mut left) = (0, limit);
    while left > 0 {
        let rows = store.behind(last, PAGE).await.map_err(ExportError::Store)?;
        let Some(newest) = rows.last() else { break };
        last = newest.id;
        for row in rows.iter().filter(|row| is_meant(filter, row)).take(left) {
            writeln!(out, "{}", row_form(row)).map_err(ExportError::Output)?;
            left -= 1;
        }
    }
    Ok(())
}

/// The same as the conditions of a list, whose order is the other one.
fn is_meant(filter: &Filter, row: &Row) -> bool {
    let Filter { agent_id, action_name, call_ref, from, to } = filter;
    (agent_id.is_none() || *agent_id == row.agent_id)
        && (action_name.is_none() || *action_name == row.action_name)
        && call_ref.as_ref().is_none_or(|call_ref| *call_ref == row.call_ref)
        && from.as_ref().is_none_or(|from| row.created_at >= *from)
        && to.as_ref().is_none_or(|to| row.created_at < *to)
}
