//! Records, trust, jobs and contexts as metrics, read when somebody scrapes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use weir_gateway::contexts::Contexts;

use super::kept::Kept;

/// Shows what is counted.
pub struct Measured {
    kept: Option<Arc<Kept>>,
    contexts: Arc<Contexts>,
}

impl Measured {
    /// Over what is kept, if anything is, and the contexts.
    pub fn new(kept: Option<Arc<Kept>>, contexts: Arc<Contexts>) -> Self {
        Self { kept, contexts }
    }
}

impl std::fmt::Debug for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Measured")
    }
}

impl Collector for Measured {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let gauge = |encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: usize| {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, MetricType::Gauge)?)
        };
        gauge(&mut encoder, "contexts_open", "Contexts that were opened by tokens.", self.contexts.held())?;
        let Some(kept) = &self.kept else { return Ok(()) };
        let writer = kept.recorder.counters();
        gauge(&mut encoder, "records_queue_depth", "Calls under way or waiting to be written.", writer.queue.depth)?;
        gauge(&mut encoder, "records_waiting", "Records that wait to be written.", writer.queue.waiting)?;
        gauge(&mut encoder, "records_waiting_bytes", "Their bytes.", writer.queue.waiting_bytes)?;
        let failing = usize::from(writer.failing.is_some());
        gauge(&mut encoder, "records_failing", "1 while the store takes no records.", failing)?;
        let trust = kept.trust.counts();
        let jobs = kept.jobs.as_ref().map(|jobs| jobs.counters()).unwrap_or_default();
        let (audited, audit_lost) = kept.audit.counts();
        let count = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed);
        for (name, help, value) in [
            ("records_accepted", "Calls that took a place in the queue.", writer.accepted),
            ("records_refused", "Calls that were refused because the queue was full.", writer.refused),
            ("records_written", "Rows that were committed.", writer.written),
            ("records_groups", "Groups of rows that were committed.", writer.groups),
            ("records_failed_commits", "Commits that failed and were tried again.", writer.failed_commits),
            ("records_lost", "Records that could not be written.", writer.lost),
            ("trust_trusted", "Checked calls that went to a trusted endpoint.", count(&trust.trusted)),
            ("trust_warned", "Checked calls that went to a tolerated endpoint.", count(&trust.warned)),
            ("trust_blocked", "Checked calls that were refused.", count(&trust.blocked)),
            ("preprocess_jobs", "Jobs that were begun.", jobs.started),
            ("preprocess_succeeded", "Jobs that succeeded.", jobs.succeeded),
            ("preprocess_retried", "Second tries.", jobs.retried),
            ("preprocess_failed", "Jobs that failed twice.", jobs.failed),
            ("audit_events_written", "Audit events that were committed.", audited),
            ("audit_events_lost", "Audit events that could not be written.", audit_lost),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, MetricType::Counter)?)?;
        }
        let busy = ConstCounter::new(std::time::Duration::from_micros(jobs.busy_micros).as_secs_f64());
        let help = "Time that all tries took together.";
        busy.encode(encoder.encode_descriptor("preprocess_busy_seconds", help, None, MetricType::Counter)?)
    }
}
