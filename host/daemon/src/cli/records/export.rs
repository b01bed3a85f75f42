//! `weir records export`: rows as JSON lines, oldest first.

use std::io::{self, BufWriter, Write};

use weir_record::{Row, row_form};
use weir_store::{Filter, Store, StoreError};

use super::arguments::ExportArguments;
use super::store::{PAGE, failed, select};
use crate::cli::ended::Ended;
use crate::output;

/// Writes until done, or until the reader closes.
pub(super) async fn export(arguments: ExportArguments) -> Ended {
    let ExportArguments { selection, limit, json: _, folder } = arguments;
    let (filter, store, address) = match select(selection, &folder).await {
        Ok(selected) => selected,
        Err(ended) => return ended,
    };
    let mut out = BufWriter::new(io::stdout().lock());
    match write_all(&*store, &filter, limit.unwrap_or(usize::MAX), &mut out).await {
        Ok(()) => match out.flush() {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => unfinished(&error),
            _ => Ended::Done,
        },
        Err(ExportError::Store(error)) => failed(&address, &error),
        // The reader has closed the pipe.
        Err(ExportError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ended::Done,
        Err(ExportError::Output(error)) => unfinished(&error),
    }
}

fn unfinished(error: &io::Error) -> Ended {
    output::problem(&format!("the export is incomplete: {error}"));
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
            serde_json::to_writer(&mut *out, &row_form(row)).map_err(|error| ExportError::Output(error.into()))?;
            writeln!(out).map_err(ExportError::Output)?;
            left -= 1;
        }
    }
    Ok(())
}

/// The same conditions as a list's, for the opposite order.
fn is_meant(filter: &Filter, row: &Row) -> bool {
    let Filter { agent_id, action_name, call_ref, from, to } = filter;
    (agent_id.is_none() || *agent_id == row.agent_id)
        && (action_name.is_none() || *action_name == row.action_name)
        && call_ref.as_ref().is_none_or(|call_ref| *call_ref == row.call_ref)
        && from.as_ref().is_none_or(|from| row.created_at.as_str() >= from.as_str())
        && to.as_ref().is_none_or(|to| row.created_at.as_str() < to.as_str())
}
