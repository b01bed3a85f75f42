//! What a store of records can do. A backend is a module that passes `tests/suite`.
//!
//! Invariants: a group is appended whole or not at all; rows get their place and their hash inside the transaction
//! that writes them, so that two writers cannot fork the chain; lists are bounded and come newest first.

use std::fmt;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use weir_record::chain::Head;
use weir_record::trust::{Endpoint, Tier};
use weir_record::{Record, Row};

/// Most entries of one page, whatever is asked for.
pub const MAX_PAGE: usize = 1000;

/// From 1970 to the year 10000, which has a digit more than RFC 3339 knows.
const END_OF_TIMES: Duration = Duration::from_secs(253_402_300_800);

/// Why an operation did not succeed. Its text is for operators; a caller of the gateway never sees it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else holds the store; it may go by itself.
    #[error("the store is locked by another process: {0}")]
    Busy(String),
    /// There is no room.
    #[error(
        "the store has no room left ({0}); make room on its disk or raise max_size of [records], writing goes on by itself"
    )]
    Full(String),
    /// It cannot be reached.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// It is there and is not what it should be.
    #[error("the store is damaged or is none: {0}")]
    Damaged(String),
    /// It was made by a later version.
    #[error("the store has the schema {found}, and this version knows up to {known}; use the version that wrote it")]
    Newer {
        /// What it has.
        found: i64,
        /// What is known here.
        known: i64,
    },
    /// A row exists already, as after a commit whose confirmation was lost.
    #[error("a record with the same call ref exists already: {0}")]
    Conflict(String),
    /// The store will never take this.
    #[error("the store refuses the entry: {0}")]
    Refused(String),
    /// Anything else.
    #[error("the store failed: {0}")]
    Failed(String),
}

/// Whether a group may have been written before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It was not tried.
    First,
    /// It was, and how that ended is not known: rows that are there already are left out.
    Again,
}

/// What an append came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The end of the chain after it.
    pub head: Head,
    /// How many rows were written.
    pub written: usize,
    /// How many were there already.
    pub duplicates: usize,
}

/// Where a page goes on: below this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor(pub i64);

/// Which rows are listed. All that is given must hold.
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

/// A time in the form of the column `created_at`, in which texts sort as times.
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

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows.
    pub records: i64,
    /// Audit events.
    pub audit_events: i64,
    /// Endpoints that are not revoked, of all organisations.
    pub active_endpoints: i64,
}

/// An endpoint to be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddEndpoint {
    /// For whom.
    pub org: String,
    /// The URL or pattern as it was given.
    pub url: String,
    /// What people call it.
    pub label: Option<String>,
    /// What a match means.
    pub tier: Tier,
    /// Who adds it.
    pub created_by: Option<String>,
}

/// What adding came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// There is a new entry.
    New(Endpoint),
    /// One of the same normal form is active already; it is unchanged.
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

/// Something that happened and must be found afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Its place in the sequence; 0 before it is kept.
    pub id: i64,
    /// What happened, such as `trust.blocked`, `trust.added`, `records.lost`.
    pub kind: String,
    /// When: RFC 3339 in UTC with milliseconds.
    pub at: String,
    /// The exchange it belongs to.
    pub call_ref: Option<String>,
    /// More of it: a JSON object in text.
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
    /// Appends a group behind the last row: all of it or nothing.
    async fn append(&self, group: &[Record], attempt: Attempt) -> Result<Appended, StoreError>;
    /// Rows, newest first, at most `limit` and [`MAX_PAGE`].
    async fn list(&self, filter: &Filter, cursor: Option<Cursor>, limit: usize) -> Result<RecordPage, StoreError>;
    /// The row at a place.
    async fn record(&self, id: i64) -> Result<Option<Row>, StoreError>;
    /// The newest row, by place and not by clock, of an action; of one agent if that is given.
    async fn latest(&self, agent_id: Option<&str>, action_name: &str) -> Result<Option<Row>, StoreError>;
    /// Rows behind a place, oldest first, at most `limit`: for whoever goes through all of them.
    async fn behind(&self, id: i64, limit: usize) -> Result<Vec<Row>, StoreError>;
    /// The end of the chain as the store remembers it; `None` if the mark itself is gone.
    async fn head(&self) -> Result<Option<Head>, StoreError>;
    /// Which of these references have a row.
    async fn present(&self, call_refs: &[String]) -> Result<Vec<String>, StoreError>;
    /// How many of everything there are.
    async fn counts(&self) -> Result<Counts, StoreError>;
}

/// The registry of trusted endpoints, with its history.
#[async_trait]
pub trait TrustStore: Send + Sync {
    /// Adds an endpoint; one that is active in the same normal form stays as it is.
    async fn add_endpoint(&self, endpoint: &AddEndpoint) -> Result<Added, StoreError>;
    /// Those of an organisation, revoked ones too, newest first.
    async fn endpoints(&self, org: &str, cursor: Option<Cursor>, limit: usize) -> Result<TrustPage, StoreError>;
    /// Revokes one by its identifier. `None` if the organisation has none of it; one that is revoked already stays as
    /// it was.
    async fn revoke_endpoint(&self, org: &str, id: &str) -> Result<Option<Endpoint>, StoreError>;
    /// The active ones of an organisation.
    async fn active_endpoints(&self, org: &str) -> Result<Vec<Endpoint>, StoreError>;
}

/// What happened beside the rows.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Keeps events.
    async fn note(&self, events: &[AuditEvent]) -> Result<(), StoreError>;
    /// Events, newest first; of one kind if that is given.
    async fn events(&self, kind: Option<&str>, cursor: Option<Cursor>, limit: usize) -> Result<AuditPage, StoreError>;
}

/// Everything that a backend keeps.
pub trait Store: RecordStore + TrustStore + AuditStore + fmt::Debug {}

impl StoreError {
    /// Whether the same may succeed later without anybody changing what is asked for.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Busy(_) | Self::Full(_) | Self::Unavailable(_) | Self::Conflict(_) | Self::Failed(_) => true,
            Self::Damaged(_) | Self::Newer { .. } | Self::Refused(_) => false,
        }
    }
}

impl Time {
    /// Reads a time: RFC 3339 with any offset, or a day.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a time; give for example 2026-01-31T12:00:00Z or 2026-01-31");
        let text = text.trim();
        let (local, offset) = split_offset(text).ok_or_else(wrong)?;
        let whole = if local.len() == 10 { format!("{local}T00:00:00Z") } else { format!("{local}Z") };
        let time = humantime::parse_rfc3339(&whole).map_err(|_| wrong())?;
        let shift = Duration::from_secs(offset.unsigned_abs() * 60);
        let time = if offset >= 0 { time.checked_sub(shift) } else { time.checked_add(shift) };
        // Whoever formats times outside of these years fails.
        let known = SystemTime::UNIX_EPOCH..SystemTime::UNIX_EPOCH + END_OF_TIMES;
        let time = time.filter(|time| known.contains(time)).ok_or_else(wrong)?;
        Ok(Self(humantime::format_rfc3339_millis(time).to_string()))
    }

    /// As the column has it.
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
        // A query may have made the plus a space.
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
