//! The registry as calls are checked against it: in memory, and made anew when it changes.
//!
//! Invariants: a check touches no store; with trust on there is an index from the start; an index that cannot be made
//! anew stays as it is, and that is told.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::RwLock;
use serde::Serialize;
use tokio::task::JoinHandle;
use weir_gateway::records::{Trust as Verdict, Wanted};
use weir_record::scrub_url;
use weir_record::trust::{Decision, TrustIndex, untrusted_message};
use weir_store::{Store, StoreError};

use super::audit::Audit;
use crate::config::records::TrustConfig;

/// How often the registry is read again: another gateway may have changed it.
const AGAIN: Duration = Duration::from_secs(5);

/// What is known of trust.
pub(super) struct Trust {
    state: State,
    store: Arc<dyn Store>,
    audit: Audit,
    counts: TrustCounts,
    task: RwLock<Option<JoinHandle<()>>>,
}

enum State {
    Off,
    On { org: String, index: RwLock<Arc<TrustIndex>> },
}

/// What was decided since the start.
#[derive(Default)]
pub(super) struct TrustCounts {
    pub(super) trusted: AtomicU64,
    pub(super) warned: AtomicU64,
    pub(super) blocked: AtomicU64,
}

/// What is told of a call that was not simply trusted.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked<'c> {
    org: &'c str,
    url: String,
    agent_id: &'c str,
    action_name: &'c str,
}

impl Trust {
    pub(super) async fn start(
        config: &TrustConfig,
        store: Arc<dyn Store>,
        audit: Audit,
    ) -> Result<Arc<Self>, StoreError> {
        let state = match config {
            TrustConfig::Off => State::Off,
            TrustConfig::On { org } => {
                let index = read(&*store, org).await?;
                State::On { org: org.clone(), index: RwLock::new(Arc::new(index)) }
            }
        };
        let is_on = matches!(state, State::On { .. });
        let trust = Arc::new(Self { state, store, audit, counts: TrustCounts::default(), task: RwLock::default() });
        if is_on {
            let task = tokio::spawn(keep_up(Arc::downgrade(&trust)));
            *trust.task.write() = Some(task);
        }
        Ok(trust)
    }

    /// The organisation whose calls are checked, with its endpoints; `None` where trust is off.
    pub(super) fn now(&self) -> Option<(&str, Arc<TrustIndex>)> {
        match &self.state {
            State::Off => None,
            State::On { org, index } => Some((org, Arc::clone(&index.read()))),
        }
    }

    pub(super) fn counts(&self) -> &TrustCounts {
        &self.counts
    }

    /// Checks a call.
    pub(super) fn check(&self, wanted: &Wanted<'_>) -> Verdict {
        let Some((org, index)) = self.now() else { return Verdict::Trusted };
        let Wanted { url, agent_id, action_name, call_ref } = *wanted;
        let told = |kind: &str| {
            let detail = Checked { org, url: scrub_url(url), agent_id, action_name };
            self.audit.note(kind, Some(call_ref), &detail);
        };
        match index.decide(url) {
            Decision::Trusted => {
                self.counts.trusted.fetch_add(1, Ordering::Relaxed);
                Verdict::Trusted
            }
            Decision::Warn => {
                self.counts.warned.fetch_add(1, Ordering::Relaxed);
                told("trust.warned");
                Verdict::Trusted
            }
            Decision::Untrusted => {
                self.counts.blocked.fetch_add(1, Ordering::Relaxed);
                told("trust.blocked");
                Verdict::Untrusted { message: untrusted_message(url, org) }
            }
        }
    }

    /// Reads the registry again.
    pub(super) async fn renew(&self) -> Result<(), StoreError> {
        if let State::On { org, index } = &self.state {
            let renewed = Arc::new(read(&*self.store, org).await?);
            *index.write() = renewed;
        }
        Ok(())
    }
}

impl Drop for Trust {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().take() {
            task.abort();
        }
    }
}

async fn read(store: &dyn Store, org: &str) -> Result<TrustIndex, StoreError> {
    Ok(TrustIndex::new(&store.active_endpoints(org).await?))
}

async fn keep_up(trust: Weak<Trust>) {
    let mut fails = false;
    loop {
        tokio::time::sleep(AGAIN).await;
        let Some(trust) = trust.upgrade() else { return };
        let renewed = trust.renew().await;
        if let (Err(error), false) = (&renewed, fails) {
            tracing::error!(target: "weir::trust", "the registry cannot be read; what was read last holds on: {error}");
        }
        fails = renewed.is_err();
    }
}
