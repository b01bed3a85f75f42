//! Writing audit events: behind the calls that they are about, in groups, bounded.
//!
//! What cannot be written because too many wait is counted and told in the log; it never delays a call.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use weir_store::{AuditEvent, Store};

/// Most events that wait.
const QUEUE: usize = 4096;

/// Most events of one group.
const GROUP: usize = 256;

/// How long a store that fails is left alone.
const AGAIN: Duration = Duration::from_secs(1);

/// The way to the log of audit events.
#[derive(Clone)]
pub(super) struct Audit {
    queue: mpsc::Sender<AuditEvent>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    written: AtomicU64,
    lost: AtomicU64,
}

/// The task that writes. Dropping it ends it at once.
pub(super) struct AuditWriter {
    task: Option<JoinHandle<()>>,
    end: Option<tokio::sync::oneshot::Sender<()>>,
}

impl Audit {
    pub(super) fn start(store: Arc<dyn Store>) -> (Self, AuditWriter) {
        let (queue, events) = mpsc::channel(QUEUE);
        let (end, ending) = tokio::sync::oneshot::channel();
        let counts = Arc::new(Counts::default());
        let task = tokio::spawn(write(store, events, ending, Arc::clone(&counts)));
        (Self { queue, counts }, AuditWriter { task: Some(task), end: Some(end) })
    }

    /// Has an event written. Its details are an object.
    pub(super) fn note(&self, kind: &str, call_ref: Option<&str>, detail: &impl Serialize) {
        // Details are texts under names, so they are always JSON.
        let detail = serde_json::to_string(detail).unwrap_or_else(|_| "{}".to_owned());
        let event = AuditEvent {
            id: 0,
            kind: kind.to_owned(),
            at: weir_store::now(),
            call_ref: call_ref.map(str::to_owned),
            detail,
        };
        if let Err(refused) = self.queue.try_send(event) {
            let detail = refused.into_inner().detail;
            self.counts.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!(target: "weir::audit", kind, call_ref, %detail, "too many audit events wait; this one is only here");
        }
    }

    /// Events that were written, and that were lost.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.counts.written.load(Ordering::Relaxed), self.counts.lost.load(Ordering::Relaxed))
    }
}

impl AuditWriter {
    /// Writes what waits, so long at most.
    pub(super) async fn drain(mut self, longest: Duration) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(task) = &mut self.task
            && tokio::time::timeout(longest, task).await.is_err()
        {
            tracing::error!(target: "weir::audit", "audit events could not be written in time");
        }
    }
}

impl Drop for AuditWriter {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn write(
    store: Arc<dyn Store>,
    mut events: mpsc::Receiver<AuditEvent>,
    mut ending: tokio::sync::oneshot::Receiver<()>,
    counts: Arc<Counts>,
) {
    let mut group = Vec::with_capacity(GROUP);
    loop {
        tokio::select! {
            biased;
            got = events.recv_many(&mut group, GROUP) => if got == 0 { return },
            _ = &mut ending => return,
        }
        let counter = if is_noted(&*store, &group).await { &counts.written } else { &counts.lost };
        counter.fetch_add(group.len() as u64, Ordering::Relaxed);
        group.clear();
    }
}

/// Writes a group, however long the store fails; false if it will never take it.
async fn is_noted(store: &dyn Store, group: &[AuditEvent]) -> bool {
    loop {
        match store.note(group).await {
            Ok(()) => return true,
            Err(error) if error.is_transient() => {
                tracing::warn!(target: "weir::audit", "audit events cannot be written and are tried again: {error}");
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => {
                tracing::error!(target: "weir::audit", events = group.len(), "audit events are lost: {error}");
                return false;
            }
        }
    }
}
