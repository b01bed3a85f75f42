//! The queries common to both databases, and their values.
//!
//! Invariants: every value is a parameter, never part of the SQL text; no text contains NUL, since not every database
//! accepts it and no row has one; every list has a limit, in entries here and in bytes when it is read.

use crate::port::{Cursor, Filter, MAX_PAGE};

/// The columns of a row, in reading order.
pub(crate) const COLUMNS: &str = "id, call_ref, agent_id, action_name, intercept_index, source_url, method, \
    request_payload, raw_response, response_hash, status, decisions, created_at, previous_hash, hash";

/// The columns of an endpoint.
pub(crate) const ENDPOINT_COLUMNS: &str =
    "place, id, org, url, normalized_url, label, tier, created_at, revoked_at, created_by";

/// The columns of an audit event.
const EVENT_COLUMNS: &str = "id, kind, at, call_ref, detail";

/// A value of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(String),
    Number(i64),
}

/// A query, with numbered placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

/// SQL that differs between the databases.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dialect {
    /// The prefix of a placeholder.
    pub(crate) mark: char,
    /// The type of 64-bit integers.
    pub(crate) number: &'static str,
    /// An auto-incremented key.
    pub(crate) place: &'static str,
    /// The type of texts that sort as times.
    pub(crate) time: &'static str,
}

/// Conditions that must all match.
struct Conditions {
    dialect: Dialect,
    parts: Vec<String>,
    values: Vec<Value>,
}

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(storable(text))
    }
}

/// A text as it is stored: `Record::new` does the same.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The maximum entries of a page.
pub(crate) fn page_limit(limit: usize) -> usize {
    limit.clamp(1, MAX_PAGE)
}

impl Dialect {
    /// Rows, newest first, plus one extra that shows whether there is a next page.
    pub(crate) fn records(self, filter: &Filter, cursor: Option<Cursor>, limit: usize) -> Query {
        let Filter { agent_id, action_name, call_ref, from, to } = filter;
        let text = |text: &Option<String>| text.as_deref().map(Value::text);
        self.conditions()
            .and("id <", cursor.map(|cursor| Value::Number(cursor.0)))
            .and("agent_id =", text(agent_id))
            .and("action_name =", text(action_name))
            .and("call_ref =", text(call_ref))
            .and("created_at >=", from.as_ref().map(|time| Value::text(time.as_str())))
            .and("created_at <", to.as_ref().map(|time| Value::text(time.as_str())))
            .select(COLUMNS, "records", &format!("ORDER BY id DESC LIMIT {}", limit + 1))
    }

    pub(crate) fn record(self, id: i64) -> Query {
        self.conditions().and("id =", Some(Value::Number(id))).select(COLUMNS, "records", "")
    }

    /// Rows after a number, oldest first.
    pub(crate) fn behind(self, id: i64, limit: usize) -> Query {
        let order = format!("ORDER BY id LIMIT {limit}");
        self.conditions().and("id >", Some(Value::Number(id))).select(COLUMNS, "records", &order)
    }

    pub(crate) fn head(self) -> Query {
        self.conditions().select("id, hash", "record_head", "")
    }

    /// Which of these references have a row.
    pub(crate) fn present(self, call_refs: &[String]) -> Query {
        let mark = self.mark;
        let places: Vec<String> = (1..=call_refs.len()).map(|place| format!("{mark}{place}")).collect();
        Query {
            sql: format!("SELECT call_ref FROM records WHERE call_ref IN ({})", places.join(", ")),
            values: call_refs.iter().map(|call_ref| Value::text(call_ref)).collect(),
        }
    }

    /// The number of rows by their mark, since counting them would read the whole store.
    pub(crate) fn counts(self) -> Query {
        let sql = "SELECT (SELECT id FROM record_head), (SELECT count(*) FROM audit_events), \
                   (SELECT count(*) FROM trust_endpoints WHERE revoked_at IS NULL)";
        Query { sql: sql.to_owned(), values: Vec::new() }
    }

    /// Endpoints of an organisation, newest first, plus one extra.
    pub(crate) fn endpoints(self, org: &str, cursor: Option<Cursor>, limit: usize) -> Query {
        self.conditions()
            .and("org =", Some(Value::text(org)))
            .and("place <", cursor.map(|cursor| Value::Number(cursor.0)))
            .select(ENDPOINT_COLUMNS, "trust_endpoints", &format!("ORDER BY place DESC LIMIT {}", limit + 1))
    }

    pub(crate) fn active_endpoints(self, org: &str) -> Query {
        self.conditions().and("org =", Some(Value::text(org))).select(
            ENDPOINT_COLUMNS,
            "trust_endpoints",
            "AND revoked_at IS NULL ORDER BY place DESC",
        )
    }

    /// Audit events, newest first, plus one extra.
    pub(crate) fn events(self, kind: Option<&str>, cursor: Option<Cursor>, limit: usize) -> Query {
        self.conditions()
            .and("kind =", kind.map(Value::text))
            .and("id <", cursor.map(|cursor| Value::Number(cursor.0)))
            .select(EVENT_COLUMNS, "audit_events", &format!("ORDER BY id DESC LIMIT {}", limit + 1))
    }

    fn conditions(self) -> Conditions {
        Conditions { dialect: self, parts: Vec::new(), values: Vec::new() }
    }
}

impl Conditions {
    /// Adds `COLUMN OPERATOR value` if there is a value.
    fn and(mut self, condition: &str, value: Option<Value>) -> Self {
        if let Some(value) = value {
            self.values.push(value);
            self.parts.push(format!("{condition} {}{}", self.dialect.mark, self.values.len()));
        }
        self
    }

    fn select(self, columns: &str, table: &str, rest: &str) -> Query {
        let Self { dialect: _, parts, values } = self;
        let clause = if parts.is_empty() { String::new() } else { format!(" WHERE {}", parts.join(" AND ")) };
        Query { sql: format!("SELECT {columns} FROM {table}{clause} {rest}"), values }
    }
}
