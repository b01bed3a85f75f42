//! The interface of a record store. A backend is a module that passes `tests/suite`.
//!
//! Invariants: a group is appended whole or not at all; rows get their number and hash inside the transaction that
//! writes them, so that two writers cannot fork the chain; lists are bounded and newest first.

use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use weir_record::chain::Head;
use weir_record::trust::{Endpoint, Tier};
use weir_record::{Record, Row};

/// Maximum page size, whatever is requested.
pub const MAX_PAGE: usize = 1000;

/// From 1970 to the year 10000, whose fifth digit RFC 3339 does not allow.
const END_OF_TIMES: Duration = Duration::from_secs(253_402_300_800);

/// Why an operation failed. The text is for operators; a caller of the gateway never sees it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the store; this may pass.
    #[error("the store is locked by another process: {0}")]
    Busy(String),
    /// There is no room.
    #[error("the store is full ({0}); free disk space or raise max_size in [records]; writing then resumes by itself")]
    Full(String),
    /// It cannot be reached.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// It exists but is not valid.
    #[error("the store is damaged or is none: {0}")]
    Damaged(String),
    /// It was created by a later version.
    #[error("the store has the schema {found}, and this version knows up to {known}; use the version that wrote it")]
    Newer {
        /// Its version.
        found: i64,
        /// The latest version known here.
        known: i64,
    },
    /// A row already exists, for example after a commit whose confirmation was lost.
    #[error("a record with the same call ref exists already: {0}")]
    Conflict(String),
    /// The store will never take this.
    #[error("the store refuses the entry: {0}")]
    Refused(String),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Whether a group may already have been written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It has not been tried.
    First,
    /// It has been tried with an unknown result: rows that already exist are skipped.
    Again,
}

/// The result of an append.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The end of the chain after it.
    pub head: Head,
    /// Rows written.
    pub written: usize,
    /// Rows that already existed.
    pub duplicates: usize,
}

/// Where a page continues: below this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub i64);

/// Which rows to list. All given conditions must match.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this agent.
    pub agent_id: Option<String>,
    /// Of this action.
    pub action_name: Option<String>,
    /// With this reference.
    pub call_ref: Option<String>,
    /// Not before this time.
    pub from: Option<Time>,
    /// Before this time.
    pub to: Option<Time>,
}

/// A time in the form of the column `created_at`, which sorts as text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(String);

/// Rows, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordPage {
    /// The rows.
    pub entries: Vec<Row>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// The counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub records: i64,
    /// Audit events.
    pub audit_events: i64,
    /// Active endpoints of all organisations.
    pub active_endpoints: i64,
}

/// An endpoint to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddEndpoint {
    /// The organisation.
    pub org: String,
    /// The URL or pattern as given.
    pub url: String,
    /// Its display name.
    pub label: Option<String>,
    /// The trust tier of a match.
    pub tier: Tier,
    /// Who adds it.
    pub created_by: Option<String>,
}

/// The result of adding an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// A new entry was created.
    New(Endpoint),
    /// One with the same normal form is already active; it is unchanged.
    Active(Endpoint),
}

/// Endpoints, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustPage {
    /// The endpoints.
    pub entries: Vec<Endpoint>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// Something that happened and must be traceable later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its number; 0 before it is stored.
    pub id: i64,
    /// What happened, such as `trust.blocked`, `trust.added`, `records.lost`.
    pub kind: String,
    /// When: RFC 3339 in UTC with milliseconds.
    pub at: String,
    /// The exchange it belongs to.
    pub call_ref: Option<String>,
    /// Details, as JSON object text.
    pub detail: String,
}

/// Audit events, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditPage {
    /// The events.
    pub entries: Vec<AuditEvent>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// The rows.
#[async_trait]
pub trait RecordStore: Send + Sync {
    /// Appends a group after the last row, whole or not at all.
    async fn append(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError>;
    /// Rows, newest first, at most `limit` and [`MAX_PAGE`].
    async fn list(&self, filter: &Filter, cursor: Option<Cursor>, limit: usize) -> Result<RecordPage, StoreError>;
    /// The row with a number.
    async fn record(&self, id: i64) -> Result<Option<Row>, StoreError>;
    /// The newest row of an action, by number and not by time; of one agent if given.
    async fn latest(&self, agent_id: Option<&str>, action_name: &str) -> Result<Option<Row>, StoreError>;
    /// Rows after a number, oldest first, at most `limit`: for reading all of them.
    async fn behind(&self, id: i64, limit: usize) -> Result<Vec<Row>, StoreError>;
    /// The stored end of the chain; `None` if the mark is missing.
    async fn head(&self) -> Result<Option<Head>, StoreError>;
    /// Which of these references have a row.
    async fn present(&self, call_refs: &[String]) -> Result<Vec<String>, StoreError>;
    /// The number of rows, events and endpoints.
    async fn counts(&self) -> Result<Counts, StoreError>;
}

/// The registry of trusted endpoints, with its history.
#[async_trait]
pub trait TrustStore: Send + Sync {
    /// Adds an endpoint; an active one with the same normal form is unchanged.
    async fn add_endpoint(&self, endpoint: &AddEndpoint) -> Result<Added, StoreError>;
    /// The endpoints of an organisation, including revoked ones, newest first.
    async fn endpoints(&self, org: &str, cursor: Option<Cursor>, limit: usize) -> Result<TrustPage, StoreError>;
    /// Revokes an endpoint by its identifier. `None` if the organisation does not have it; one that is already revoked
    /// is unchanged.
    async fn revoke_endpoint(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError>;
    /// The active ones of an organisation.
    async fn active_endpoints(&self, org: &str) -> Result<Vec<Endpoint>, StoreError>;
}

/// Audit events.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Stores events.
    async fn note(&self, events: &[AuditEvent]) -> Result<(), StoreError>;
    /// Events, newest first; of one kind if given.
    async fn events(&self, kind: Option<&str>, cursor: Option<Cursor>, limit: usize) -> Result<AuditPage, StoreError>;
}

/// Everything a backend stores.
pub trait Store: RecordStore + TrustStore + AuditStore + fmt::Debug {}

impl StoreError {
    /// Whether a retry without changes may succeed.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Full(_) | Self::Unavailable(_) | Self::Conflict(_) | Self::Failed(_) => true,
            Self::Damaged(_) | Self::Newer { .. } | Self::Refused(_) => false,
        }
    }
}

impl Time {
    /// Parses a time: RFC 3339 with any offset, or a day.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a time; give for example 2026-01-31T12:00:00Z or 2026-01-31");
        let text = text.trim();
        let (local, offset) = split_offset(text).ok_or_else(wrong)?;
        let whole = if local.len() == 10 { format!("{local}T00:00:00Z") } else { format!("{local}Z") };
        let time = humantime::parse_rfc3339(&whole).map_err(|_| wrong())?;
        let shift = Duration::from_secs(offset.unsigned_abs() * 60);
        let time = if offset >= 0 { time.checked_sub(shift) } else { time.checked_add(shift) };
        // Formatting fails for years outside this range.
        let known = SystemTime::UNIX_EPOCH..SystemTime::UNIX_EPOCH + END_OF_TIMES;
        let time = time.filter(|time| known.contains(time)).ok_or_else(wrong)?;
        Ok(Self(humantime::format_rfc3339_millis(time).to_string()))
    }

    /// In the form of the column.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A time without its offset, and the offset in minutes.
fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return Some((local, 0));
    }
    if text.len() == 10 {
        return Some((text, 0));
    }
    let at = text.len().checked_sub(6)?;
    let (local, offset) = (text.get(..at)?, text.get(at..)?);
    let sign = match offset.as_bytes()[0] {
        b'+' => 1,
        // URL decoding may have turned the plus into a space.
        b' ' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = offset[1..].split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60 && hours >= 0 && minutes >= 0).then_some((local, sign * (hours * 60 + minutes)))
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Cursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}
