//! Reports lost records.

use serde::{Deserialize, Serialize};

use crate::port::{AuditEvent, Store, StoreError};

/// Maximum number of lost calls named in one event.
const MAX_NAMED: usize = 1000;

/// What the event that names lost calls says: why they are, and which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Loss {
    /// Why.
    pub reason: String,
    /// How many calls.
    pub count: usize,
    /// Their references.
    pub call_refs: Vec<String>,
}

/// Finds the open calls without a row and reports them.
pub(super) async fn report_lost(store: &dyn Store, left_open: &[String]) -> Result<Vec<String>, StoreError> {
    let mut lost = Vec::new();
    for some in left_open.chunks(MAX_NAMED) {
        let present = store.present(some).await?;
        lost.extend(some.iter().filter(|call_ref| !present.contains(call_ref)).cloned());
    }
    if !lost.is_empty() {
        let events: Vec<AuditEvent> =
            lost.chunks(MAX_NAMED).map(|some| lost_event(some, "the process ended before they were written")).collect();
        store.note(&events).await?;
        let named = lost.iter().take(20).map(String::as_str).collect::<Vec<_>>().join(", ");
        tracing::warn!(
            target: "weir::records",
            calls = lost.len(),
            "the previous process ended before recording these accepted calls: {named}"
        );
    }
    Ok(lost)
}

/// The event that names lost calls.
pub(super) fn lost_event(call_refs: &[String], reason: &str) -> AuditEvent {
    let loss = Loss { reason: reason.to_owned(), count: call_refs.len(), call_refs: call_refs.to_vec() };
    AuditEvent {
        id: 0,
        kind: "records.lost".to_owned(),
        at: crate::now(),
        call_ref: None,
        detail: serde_json::to_string(&loss).unwrap_or_default(),
    }
}
