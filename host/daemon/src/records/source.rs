//! What the admin surface shows and changes of records, trust and handoffs.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use serde::Serialize;
use weir_admin::{
    AddedEndpoint, AuditEntry, AuditFilter, AuditSummary, JobSummary, NewEndpoint, Page, PageRequest, RecordFilter,
    RecordSource, SourceError, Summary, TrustSummary, WhichEndpoint, WriterSummary,
};
use weir_record::handoff::{BuildRequest, Built, Evaluation, Handoff};
use weir_record::trust::{Endpoint, Pattern, Tier, normalise};
use weir_record::{RecordMode, Row};
use weir_store::{AddEndpoint, Added, AuditEvent, Cursor, Filter, StoreError, Time, handoffs};

use super::kept::Kept;
use crate::config::records::organisation;

/// What is told when somebody changes what is recorded.
#[derive(Serialize)]
struct ModeChange {
    from: &'static str,
    to: &'static str,
}

/// What is told when an endpoint was added or revoked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointChange<'e> {
    id: &'e str,
    org: &'e str,
    url: &'e str,
    tier: Tier,
    created_by: Option<&'e str>,
}

#[async_trait]
impl RecordSource for Kept {
    fn mode(&self) -> RecordMode {
        self.recorder.mode()
    }

    fn set_mode(&self, mode: RecordMode) {
        let before = self.recorder.mode();
        self.recorder.set_mode(mode);
        if before != mode {
            let (from, to) = (before.as_str(), mode.as_str());
            tracing::warn!(target: "weir::records", from, to, "what is recorded was changed");
            self.audit.note("records.mode", None, &ModeChange { from, to });
        }
    }

    async fn records(&self, filter: RecordFilter, page: PageRequest) -> Result<Page<Row>, SourceError> {
        let RecordFilter { agent_id, action_name, call_ref, from, to } = filter;
        let time = |text: Option<String>| text.map(|text| Time::parse(&text)).transpose().map_err(SourceError::Invalid);
        let filter = Filter { agent_id, action_name, call_ref, from: time(from)?, to: time(to)? };
        let found = self.store.list(&filter, cursor(page), page.limit).await.map_err(failed)?;
        Ok(Page { entries: found.entries, next: found.next.map(|Cursor(next)| next) })
    }

    async fn record(&self, id: i64) -> Result<Option<Row>, SourceError> {
        self.store.record(id).await.map_err(failed)
    }

    async fn latest(&self, agent_id: Option<&str>, action_name: &str) -> Result<Option<Row>, SourceError> {
        self.store.latest(agent_id, action_name).await.map_err(failed)
    }

    async fn summary(&self) -> Result<Summary, SourceError> {
        let counts = self.store.counts().await.map_err(failed)?;
        let writer = self.recorder.counters();
        let jobs = self.jobs.as_ref().map(|jobs| jobs.counters()).unwrap_or_default();
        let trust = self.trust.counts();
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        let (trusted, warned, blocked) = (count(&trust.trusted), count(&trust.warned), count(&trust.blocked));
        let (audited, audit_lost) = self.audit.counts();
        Ok(Summary {
            mode: self.recorder.mode().as_str(),
            rows: counts.records,
            trust_checks: trusted + warned + blocked,
            jobs: jobs.started,
            queue_depth: writer.queue.depth,
            audit_events: counts.audit_events,
            writer: WriterSummary {
                accepted: writer.accepted,
                refused: writer.refused,
                written: writer.written,
                groups: writer.groups,
                failed_commits: writer.failed_commits,
                lost: writer.lost,
                waiting: writer.queue.waiting,
                waiting_bytes: writer.queue.waiting_bytes,
                is_failing: writer.failing.is_some(),
            },
            trust: TrustSummary {
                enabled: self.trust.now().is_some(),
                active_endpoints: counts.active_endpoints,
                trusted,
                warned,
                blocked,
            },
            preprocess: JobSummary {
                enabled: self.jobs.is_some(),
                started: jobs.started,
                succeeded: jobs.succeeded,
                retried: jobs.retried,
                failed: jobs.failed,
                pending: jobs.pending,
            },
            audit: AuditSummary { written: audited, lost: audit_lost },
        })
    }

    async fn add_endpoint(&self, endpoint: NewEndpoint) -> Result<AddedEndpoint, SourceError> {
        let NewEndpoint { org, url, label, tier, created_by } = endpoint;
        let org = self.org(org.as_deref())?;
        Pattern::parse(&url).map_err(|error| SourceError::Invalid(format!("url: {error}")))?;
        let wanted = AddEndpoint { org, url, label, tier, created_by };
        let (endpoint, is_new) = match self.store.add_endpoint(&wanted).await.map_err(failed)? {
            Added::New(endpoint) => (endpoint, true),
            Added::Active(endpoint) => (endpoint, false),
        };
        if is_new {
            self.note_change("trust.added", &endpoint);
        }
        // Also where it was there: another gateway may have added it a moment ago.
        self.trust.renew().await.map_err(failed)?;
        Ok(AddedEndpoint { endpoint, is_new })
    }

    async fn endpoints(&self, org: Option<&str>, page: PageRequest) -> Result<Page<Endpoint>, SourceError> {
        let org = self.org(org)?;
        let found = self.store.endpoints(&org, cursor(page), page.limit).await.map_err(failed)?;
        Ok(Page { entries: found.entries, next: found.next.map(|Cursor(next)| next) })
    }

    async fn revoke_endpoint(&self, org: Option<&str>, which: WhichEndpoint) -> Result<Option<Endpoint>, SourceError> {
        let org = self.org(org)?;
        let id = match which {
            WhichEndpoint::Id(id) => Some(id),
            WhichEndpoint::Url(url) => {
                let wanted =
                    normalise(&url).ok_or_else(|| SourceError::Invalid("url: it has no normal form".to_owned()))?;
                let active = self.store.active_endpoints(&org).await.map_err(failed)?;
                active.into_iter().find(|endpoint| endpoint.normalized_url == wanted).map(|endpoint| endpoint.id)
            }
        };
        let Some(id) = id else { return Ok(None) };
        let revoked = self.store.revoke_endpoint(&org, &id).await.map_err(failed)?;
        if let Some(endpoint) = &revoked {
            self.note_change("trust.revoked", endpoint);
            self.trust.renew().await.map_err(failed)?;
        }
        Ok(revoked)
    }

    async fn build_handoff(&self, request: BuildRequest) -> Result<Built, SourceError> {
        handoffs::build(&*self.store, &request, &self.trust_now()).await.map_err(failed)
    }

    async fn evaluate_handoff(&self, handoff: Handoff) -> Result<Evaluation, SourceError> {
        let trust = self.trust_now();
        handoffs::evaluate(&*self.store, handoff, trust, weir_engine::schema_violations).await.map_err(failed)
    }

    async fn audit_events(&self, filter: AuditFilter, page: PageRequest) -> Result<Page<AuditEntry>, SourceError> {
        let AuditFilter { event } = filter;
        let found = self.store.events(event.as_deref(), cursor(page), page.limit).await.map_err(failed)?;
        let entry = |event| {
            let AuditEvent { id, kind, at, call_ref, detail } = event;
            AuditEntry::new(id, at, kind, call_ref, &detail)
        };
        let entries = found.entries.into_iter().map(entry).collect();
        Ok(Page { entries, next: found.next.map(|Cursor(next)| next) })
    }
}

impl Kept {
    /// The organisation that is meant. What was configured has been checked in the same way.
    fn org(&self, named: Option<&str>) -> Result<String, SourceError> {
        let invalid = |reason: &str| SourceError::Invalid(format!("org {reason}"));
        match (named, self.trust.now()) {
            (Some(named), _) => organisation(named).map_err(invalid),
            (None, Some((org, _))) => Ok(org.to_owned()),
            (None, None) => Err(invalid("is missing; give it, or `org` and `enabled = true` in [trust]")),
        }
    }

    fn note_change(&self, kind: &str, endpoint: &Endpoint) {
        let Endpoint { id, org, normalized_url, tier, created_by, .. } = endpoint;
        let detail = EndpointChange { id, org, url: normalized_url, tier: *tier, created_by: created_by.as_deref() };
        self.audit.note(kind, None, &detail);
    }

    fn trust_now(&self) -> handoffs::Trust {
        match self.trust.now() {
            None => handoffs::Trust::Off,
            Some((org, index)) => handoffs::Trust::On { org: org.to_owned(), index },
        }
    }
}

fn cursor(page: PageRequest) -> Option<Cursor> {
    page.cursor.map(Cursor)
}

fn failed(error: StoreError) -> SourceError {
    match error {
        StoreError::Refused(_) => SourceError::Invalid("the store cannot hold this".to_owned()),
        other => SourceError::Unavailable(other.to_string()),
    }
}
