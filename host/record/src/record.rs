//! One exchange as it is handed over to be written, and how it becomes a row.

use std::borrow::Cow;

use crate::json::written;
use crate::{Body, Decision, RequestPayload, Row};

/// Most characters of the name of an agent or of an action.
pub const MAX_LABEL: usize = 255;

/// How an exchange ended for the upstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It answered to the end, with this status of HTTP.
    Answered(u16),
    /// A policy or a limit refused the request; nothing went to the upstream.
    Denied,
    /// The endpoint is not trusted; nothing went to the upstream.
    Untrusted,
    /// The upstream could not be reached.
    Unreachable,
    /// The upstream did not answer in time.
    TimedOut,
    /// The upstream's answer broke off; the row holds what came.
    BrokenOff,
    /// The caller went away before the answer was complete; the row holds what came.
    Abandoned,
}

/// One exchange as it is handed over to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its row, but for its place and the hashes, which it gets where it is written.
    row: Row,
    canonical_response: String,
}

/// What a [`Record`] is made of.
#[derive(Debug, Clone)]
pub struct RecordParts {
    /// The exchange's reference.
    pub call_ref: String,
    /// The agent, inside a context.
    pub agent_id: Option<String>,
    /// The action, inside a context.
    pub action_name: Option<String>,
    /// The place that the caller gave the call in a sequence of its own.
    pub intercept_index: Option<i64>,
    /// What was sent.
    pub request: RequestPayload,
    /// What the upstream answered, before any policy changed it; [`Body::None`] where it did not answer.
    pub response: Body,
    /// How it ended.
    pub status: Status,
    /// What the chains decided: one [`crate::decision`] for each that ran.
    pub decisions: Vec<Decision>,
    /// When the exchange began: RFC 3339 in UTC with milliseconds, so that texts sort as times.
    pub created_at: String,
}

impl Status {
    /// The text of the column: the number, or a word.
    pub fn text(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Answered(status) => return Cow::Owned(status.to_string()),
            Self::Denied => "denied",
            Self::Untrusted => "untrusted",
            Self::Unreachable => "unreachable",
            Self::TimedOut => "timed-out",
            Self::BrokenOff => "broken-off",
            Self::Abandoned => "abandoned",
        })
    }
}

impl Record {
    /// Puts an exchange into the form in which it is written. A NUL in any text becomes U+FFFD, since not every
    /// store can hold one.
    pub fn new(parts: RecordParts) -> Self {
        let RecordParts {
            call_ref,
            agent_id,
            action_name,
            intercept_index,
            request,
            response,
            status,
            decisions,
            created_at,
        } = parts;
        let request_payload = written(&request);
        let (source_url, method) = request.into_place();
        let response = response.into_answer();
        let row = Row {
            id: 0,
            call_ref: storable(call_ref),
            agent_id: agent_id.map(storable),
            action_name: action_name.map(storable),
            intercept_index,
            source_url: storable(source_url),
            method: storable(method),
            request_payload,
            raw_response: response.to_string(),
            response_hash: String::new(),
            status: status.text().into_owned(),
            decisions: written(&decisions),
            created_at: storable(created_at),
            previous_hash: String::new(),
            hash: String::new(),
        };
        Self { row, canonical_response: response.part().canonical() }
    }

    /// The exchange's reference.
    pub fn call_ref(&self) -> &str {
        &self.row.call_ref
    }

    /// The agent.
    pub fn agent_id(&self) -> Option<&str> {
        self.row.agent_id.as_deref()
    }

    /// About how much memory it takes.
    pub fn bytes(&self) -> usize {
        let Self { row, canonical_response } = self;
        let texts = [&row.request_payload, &row.raw_response, canonical_response, &row.decisions, &row.source_url];
        // The rest is small and bounded: names, a reference, a time.
        texts.iter().map(|text| text.len()).sum::<usize>() + 1024
    }

    /// Its row behind another one. `sha256` gives the hash of a text in hex.
    pub fn into_row(self, id: i64, previous_hash: &str, sha256: impl Fn(&str) -> String) -> Row {
        let Self { row, canonical_response } = self;
        let (response_hash, previous_hash) = (sha256(&canonical_response), previous_hash.to_owned());
        let mut row = Row { id, response_hash, previous_hash, ..row };
        row.hash = sha256(&row.chained_text());
        row
    }
}

fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}
