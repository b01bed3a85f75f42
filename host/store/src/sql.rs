//! What both databases have in common: the columns, and the conditions of a list.

use crate::port::{Cursor, Filter, MAX_PAGE};

/// The columns of a row in the order in which they are read.
pub(crate) const COLUMNS: &str = "id, call_ref, agent_id, action_name, intercept_index, source_url, method, \
    request_payload, raw_response, response_hash, status, decisions, created_at, previous_hash, hash";

/// The columns of an endpoint.
pub(crate) const ENDPOINT_COLUMNS: &str =
    "place, id, org, url, normalized_url, label, tier, created_at, revoked_at, created_by";

/// The columns of an audit event.
pub(crate) const EVENT_COLUMNS: &str = "id, kind, at, call_ref, detail";

/// A value of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

/// Conditions with numbered places for their values; `mark` is `?` or `$`.
pub(crate) struct Conditions {
    mark: char,
    parts: Vec<String>,
    pub(crate) values: Vec<Value>,
}

impl Conditions {
    pub(crate) fn new(mark: char) -> Self {
        Self { mark, parts: Vec::new(), values: Vec::new() }
    }

    /// Adds `COLUMN OPERATOR value` if there is a value.
    pub(crate) fn and(mut self, condition: &str, value: Option<Value>) -> Self {
        if let Some(value) = value {
            self.values.push(value);
            self.parts.push(format!("{condition} {}{}", self.mark, self.values.len()));
        }
        self
    }

    pub(crate) fn records(mark: char, filter: &Filter, cursor: Option<Cursor>) -> Self {
        let Filter { agent_id, action_name, call_ref, from, to } = filter;
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        Self::new(mark)
            .and("id <", cursor.map(|cursor| Value::Number(cursor.0)))
            .and("agent_id =", text(agent_id))
            .and("action_name =", text(action_name))
            .and("call_ref =", text(call_ref))
            .and("created_at >=", text(from))
            .and("created_at <", text(to))
    }

    /// ` WHERE …`, or nothing.
    pub(crate) fn clause(&self) -> String {
        if self.parts.is_empty() { String::new() } else { format!(" WHERE {}", self.parts.join(" AND ")) }
    }
}

/// The rows that are asked for, and one more, which says whether there is a next page.
pub(crate) fn page_limit(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

/// Cuts a list that was read with one entry more than asked for; gives the cursor of the next page.
pub(crate) fn cut<T>(mut entries: Vec<T>, limit: usize, place: impl Fn(&T) -> i64) -> (Vec<T>, Option<Cursor>) {
    let more = entries.len() > limit;
    entries.truncate(limit);
    let next = entries.last().filter(|_| more).map(|entry| Cursor(place(entry)));
    (entries, next)
}
