//! `weir records list` and `weir records show`.

use serde::Serialize;
use weir_record::{Row, RowForm, row_form};
use weir_store::{Cursor, Filter};

use super::arguments::{ListArguments, ShowArguments};
use super::store::{failed, open, select};
use crate::cli::ended::Ended;
use crate::output::{self, Paint, printable};

/// A page of records as JSON.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    entries: Vec<RowForm<'a>>,
    next_cursor: Option<String>,
}

/// `weir records list`
pub(super) async fn list(arguments: ListArguments) -> Ended {
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

/// A record on one line.
fn line(row: &Row, paint: Paint) -> String {
    let who = format!("{}/{}", row.agent_id.as_deref().unwrap_or("-"), row.action_name.as_deref().unwrap_or("-"));
    let text =
        format!("{:>6}  {}  {:<11} {who}  {} {}", row.id, row.created_at, row.status, row.method, row.source_url);
    format!("{}  {}", printable(&text), paint.dim(&printable(&row.call_ref)))
}

/// `weir records show`
pub(super) async fn show(arguments: ShowArguments) -> Ended {
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
            // JSON in the text output too, since a record contains JSON.
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
