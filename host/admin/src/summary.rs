//! Counts of rows, checks, jobs and the queue, as they are shown.

use serde::Serialize;

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Which exchanges are recorded, in a word.
    pub mode: &'static str,
    /// Rows of the store.
    pub rows: i64,
    /// Checks of trust since the start.
    pub trust_checks: u64,
    /// Jobs since the start.
    pub jobs: u64,
    /// How long the writer's queue is.
    pub queue_depth: usize,
    /// Audit events of the store.
    pub audit_events: i64,
    /// What the writer did.
    pub writer: WriterSummary,
    /// What the checks of trust decided.
    pub trust: TrustSummary,
    /// What became of jobs.
    pub preprocess: JobSummary,
    /// What became of audit events.
    pub audit: AuditSummary,
}

/// What the writer of rows did since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WriterSummary {
    /// Exchanges that were accepted.
    pub accepted: u64,
    /// Exchanges for which there was no room.
    pub refused: u64,
    /// Rows that were written.
    pub written: u64,
    /// Groups in which they were.
    pub groups: u64,
    /// Groups that could not be written at once.
    pub failed_commits: u64,
    /// Rows that are lost.
    pub lost: u64,
    /// Rows that wait.
    pub waiting: usize,
    /// Their size.
    pub waiting_bytes: usize,
    /// Whether the store fails now.
    pub is_failing: bool,
}

/// What the checks of trust decided since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrustSummary {
    /// Whether calls are checked.
    pub enabled: bool,
    /// Endpoints of the store that are not revoked.
    pub active_endpoints: i64,
    /// Calls that went.
    pub trusted: u64,
    /// Calls that went with a warning.
    pub warned: u64,
    /// Calls that did not go.
    pub blocked: u64,
}

/// What became of jobs since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JobSummary {
    /// Whether there are any.
    pub enabled: bool,
    /// Those that began.
    pub started: u64,
    /// Those that were done.
    pub succeeded: u64,
    /// Attempts after the first.
    pub retried: u64,
    /// Those that were given up.
    pub failed: u64,
    /// Whether some wait.
    pub pending: bool,
}

/// What became of audit events since the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditSummary {
    /// Those that were written.
    pub written: u64,
    /// Those that are lost.
    pub lost: u64,
}
