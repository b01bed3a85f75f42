//! A row and its columns, named once for everybody who goes through all of them.

use std::borrow::Cow;

/// What the first row is chained to.
pub const FIRST_PREVIOUS_HASH: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One row of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its place in the sequence of all rows, from 1, without gaps.
    pub id: i64,
    /// The exchange's reference, unique.
    pub call_ref: String,
    /// The agent.
    pub agent_id: Option<String>,
    /// The action.
    pub action_name: Option<String>,
    /// The caller's own index.
    pub intercept_index: Option<i64>,
    /// Where the call went, without user information and secrets.
    pub source_url: String,
    /// The method of HTTP.
    pub method: String,
    /// `{url, method, params?, json?, data?}` in text.
    pub request_payload: String,
    /// What the upstream said, as JSON in text.
    pub raw_response: String,
    /// SHA-256, in hex, of the canonical form of `raw_response`.
    pub response_hash: String,
    /// A [`crate::Status`] in text.
    pub status: String,
    /// What the chains decided, a JSON list in text.
    pub decisions: String,
    /// When the exchange began.
    pub created_at: String,
    /// The hash of the row before; of the first row, [`FIRST_PREVIOUS_HASH`].
    pub previous_hash: String,
    /// SHA-256, in hex, of [`Row::chained_text`].
    pub hash: String,
}

/// A column of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column<'r> {
    /// Its name in stores.
    pub name: &'static str,
    /// Its name in JSON.
    pub json_name: &'static str,
    /// What stands in it.
    pub cell: Cell<'r>,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'r> {
    /// A whole number.
    Number(Option<i64>),
    /// A text.
    Text(Option<&'r str>),
    /// JSON in text.
    Json(&'r str),
    /// A [`crate::Status`] in text.
    Status(&'r str),
}

impl Row {
    /// All columns in their order; the hash is the last.
    pub fn columns(&self) -> [Column<'_>; 15] {
        let Self {
            id,
            call_ref,
            agent_id,
            action_name,
            intercept_index,
            source_url,
            method,
            request_payload,
            raw_response,
            response_hash,
            status,
            decisions,
            created_at,
            previous_hash,
            hash,
        } = self;
        let column = |name, json_name, cell| Column { name, json_name, cell };
        [
            column("id", "id", Cell::Number(Some(*id))),
            column("call_ref", "callRef", Cell::Text(Some(call_ref))),
            column("agent_id", "agentId", Cell::Text(agent_id.as_deref())),
            column("action_name", "actionName", Cell::Text(action_name.as_deref())),
            column("intercept_index", "interceptIndex", Cell::Number(*intercept_index)),
            column("source_url", "sourceUrl", Cell::Text(Some(source_url))),
            column("method", "method", Cell::Text(Some(method))),
            column("request_payload", "requestPayload", Cell::Json(request_payload)),
            column("raw_response", "rawResponse", Cell::Json(raw_response)),
            column("response_hash", "responseHash", Cell::Text(Some(response_hash))),
            column("status", "status", Cell::Status(status)),
            column("decisions", "decisions", Cell::Json(decisions)),
            column("created_at", "createdAt", Cell::Text(Some(created_at))),
            column("previous_hash", "previousHash", Cell::Text(Some(previous_hash))),
            column("hash", "hash", Cell::Text(Some(hash))),
        ]
    }

    /// The text whose SHA-256 is the row's hash: all columns but the hash itself, in their order, each as
    /// `name:length:value` in a line of its own, an absent value as `name:-:`. The lengths, in bytes, make it
    /// impossible to move text from one column into the next.
    pub fn chained_text(&self) -> String {
        let columns = self.columns();
        let mut text = String::with_capacity(self.request_payload.len() + self.raw_response.len() + 2048);
        text.push_str("weir record 1\n");
        for Column { name, json_name: _, cell } in &columns[..columns.len() - 1] {
            let value = cell.text();
            let length = value.as_ref().map_or_else(|| "-".to_owned(), |value| value.len().to_string());
            for part in [name, ":", &length, ":", value.as_deref().unwrap_or_default(), "\n"] {
                text.push_str(part);
            }
        }
        text
    }
}

impl<'r> Cell<'r> {
    fn text(self) -> Option<Cow<'r, str>> {
        match self {
            Self::Number(number) => number.map(|number| number.to_string().into()),
            Self::Text(text) => text.map(Cow::Borrowed),
            Self::Json(text) | Self::Status(text) => Some(Cow::Borrowed(text)),
        }
    }
}
