//! The port to rows, the registry of trusted endpoints, handoffs and what happened beside them.

use async_trait::async_trait;
use indexmap::IndexMap;
use serde::Serialize;
use weir_record::handoff::{BuildRequest, Built, Evaluation, Handoff};
use weir_record::trust::{Endpoint, Tier};
use weir_record::{Json, RecordMode, Row};

use crate::summary::Summary;

/// Where the admin surface finds and changes them. The daemon implements it.
#[async_trait]
pub trait RecordSource: Send + Sync {
    /// Which exchanges are recorded.
    fn mode(&self) -> RecordMode;
    /// Which are from now on.
    fn set_mode(&self, mode: RecordMode);
    /// Rows, newest first.
    async fn records(&self, filter: RecordFilter, page: PageRequest) -> Result<Page<Row>, SourceError>;
    /// The row at a place.
    async fn record(&self, id: i64) -> Result<Option<Row>, SourceError>;
    /// The newest row of an action, by place; of one agent if one is named.
    async fn latest(&self, agent_id: Option<&str>, action_name: &str) -> Result<Option<Row>, SourceError>;
    /// Counts of rows, checks, jobs and the queue.
    async fn summary(&self) -> Result<Summary, SourceError>;
    /// Adds an endpoint, or gives the one that is active already.
    async fn add_endpoint(&self, endpoint: NewEndpoint) -> Result<AddedEndpoint, SourceError>;
    /// Endpoints of an organisation, revoked ones too, newest first.
    async fn endpoints(&self, org: Option<&str>, page: PageRequest) -> Result<Page<Endpoint>, SourceError>;
    /// Revokes one; `None` if there is none.
    async fn revoke_endpoint(&self, org: Option<&str>, which: WhichEndpoint) -> Result<Option<Endpoint>, SourceError>;
    /// Builds a handoff.
    async fn build_handoff(&self, request: BuildRequest) -> Result<Built, SourceError>;
    /// Evaluates one. Whatever its content, the answer is an evaluation.
    async fn evaluate_handoff(&self, handoff: Handoff) -> Result<Evaluation, SourceError>;
    /// Audit events, newest first.
    async fn audit_events(&self, filter: AuditFilter, page: PageRequest) -> Result<Page<AuditEntry>, SourceError>;
}

/// Which rows are asked for, in the words of whoever asks: nobody has read the times yet. All that is given must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordFilter {
    /// Of this agent.
    pub agent_id: Option<String>,
    /// Of this action.
    pub action_name: Option<String>,
    /// With this reference.
    pub call_ref: Option<String>,
    /// Not before this time.
    pub from: Option<String>,
    /// Before this time.
    pub to: Option<String>,
}

/// Which audit events are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this kind.
    pub event: Option<String>,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// Where it begins; `None` for the newest.
    pub cursor: Option<i64>,
    /// Most entries.
    pub limit: usize,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// Where the next part begins, if there is one.
    pub next: Option<i64>,
}

/// What happened beside the rows. In JSON its details stand beside what all events have.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// Its place.
    pub event_id: i64,
    /// When.
    pub timestamp: String,
    /// What kind.
    pub event: String,
    /// The call that it is about.
    pub call_ref: Option<String>,
    /// The details, whatever they are; none has the name of one of the others.
    #[serde(flatten)]
    detail: IndexMap<String, Json>,
}

/// An endpoint to be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    /// For whom; `None` for the configured organisation.
    pub org: Option<String>,
    /// The URL or pattern.
    pub url: String,
    /// What people call it.
    pub label: Option<String>,
    /// What a match means.
    pub tier: Tier,
    /// Who adds it.
    pub created_by: Option<String>,
}

/// What adding an endpoint came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedEndpoint {
    /// The entry.
    pub endpoint: Endpoint,
    /// Whether it was not there before.
    pub is_new: bool,
}

/// Which endpoint is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhichEndpoint {
    /// By its id.
    Id(String),
    /// The active one of this URL, in any form.
    Url(String),
}

impl AuditEntry {
    /// An event with its details, which are an object in text. Of any other text there are none.
    pub fn new(event_id: i64, timestamp: String, event: String, call_ref: Option<String>, detail: &str) -> Self {
        let mut detail: IndexMap<String, Json> = serde_json::from_str(detail).unwrap_or_default();
        detail.retain(|name, _| !["eventId", "timestamp", "event", "callRef"].contains(&name.as_str()));
        Self { event_id, timestamp, event, call_ref, detail }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// What is asked for cannot be; the text is for who asked.
    #[error("{0}")]
    Invalid(String),
    /// The store does not answer; the text is for the log.
    #[error("{0}")]
    Unavailable(String),
}
