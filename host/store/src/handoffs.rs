//! Handoffs with a store: looks up the records that claims refer to, then applies the rules of `weir-record`.
//!
//! Invariants: each record is read once, however many claims refer to it; memory is bounded; slow comparisons do not
//! block the async thread.

use std::collections::HashMap;
use std::sync::Arc;

use weir_record::Row;
use weir_record::handoff::{
    BuildRequest, Built, Claim, ClaimError, Evaluation, Found, Handoff, Lookup, MAX_STORED_BYTES, Missing, Stored,
    TrustGate, build as put_together, evaluate as hold_against,
};
use weir_record::trust::TrustIndex;

use crate::port::{Filter, RecordStore, StoreError};

/// The trust settings at the time of the call.
#[derive(Debug, Clone)]
pub enum Trust {
    /// It is off.
    Off,
    /// It is on, for this organisation.
    On {
        /// The organisation.
        org: String,
        /// Its active endpoints.
        index: Arc<TrustIndex>,
    },
}

/// Checks a value against a JSON Schema, both in text: the places where it does not fit, or why the schema is none.
pub type Schemas = fn(&str, &str) -> Result<Vec<String>, String>;

/// Builds a handoff.
pub async fn build(store: &dyn RecordStore, request: &BuildRequest, trust: &Trust) -> Result<Built, StoreError> {
    let found = look_up(store, &request.claims).await?;
    let (org, snapshot) = match trust {
        Trust::Off => (None, None),
        Trust::On { org, index } => (Some(org.as_str()), Some(index.snapshot())),
    };
    Ok(put_together(request, &found, org, snapshot, &crate::now()))
}

/// Evaluates a handoff. Any content gives an evaluation; only the store can fail.
pub async fn evaluate(
    store: &dyn RecordStore,
    handoff: Handoff,
    trust: Trust,
    schemas: Schemas,
) -> Result<Evaluation, StoreError> {
    let found = look_up(store, &handoff.claims).await?;
    let evaluated = tokio::task::spawn_blocking(move || {
        let gate = match &trust {
            Trust::Off => TrustGate::Off,
            Trust::On { org: _, index } => TrustGate::On(index),
        };
        hold_against(&handoff, &found, gate, &schemas)
    });
    // The panic has already been logged.
    Ok(evaluated.await.unwrap_or_else(|_| Evaluation::malformed("the handoff could not be evaluated")))
}

async fn look_up(store: &dyn RecordStore, claims: &[Result<Claim, ClaimError>]) -> Result<Vec<Found>, StoreError> {
    let mut known: HashMap<Lookup<'_>, (Found, usize)> = HashMap::new();
    let (mut found, mut held) = (Vec::with_capacity(claims.len()), 0_usize);
    for claim in claims {
        let Ok(lookup) = claim.as_ref().map(Claim::lookup) else {
            found.push(Err(Missing::NotFound));
            continue;
        };
        let (stored, bytes) = match known.get(&lookup) {
            Some((stored, bytes)) => (stored.clone(), *bytes),
            None => {
                let row = read(store, lookup).await?;
                let bytes = row.as_ref().map_or(0, |row| row.request_payload.len() + row.raw_response.len());
                let stored = match row {
                    None => Err(Missing::NotFound),
                    Some(_) if held.saturating_add(bytes) > MAX_STORED_BYTES => Err(Missing::TooLarge),
                    Some(row) => Stored::of(&row),
                };
                known.insert(lookup, (stored.clone(), bytes));
                (stored, bytes)
            }
        };
        held = held.saturating_add(bytes);
        found.push(if held > MAX_STORED_BYTES { stored.and(Err(Missing::TooLarge)) } else { stored });
    }
    Ok(found)
}

async fn read(store: &dyn RecordStore, lookup: Lookup<'_>) -> Result<Option<Row>, StoreError> {
    match lookup {
        Lookup::Latest { agent_id, action_name } => store.latest(agent_id, action_name).await,
        Lookup::CallRef { call_ref, agent_id, action_name } => {
            let filter = Filter {
                call_ref: Some(call_ref.to_owned()),
                agent_id: agent_id.map(str::to_owned),
                action_name: action_name.map(str::to_owned),
                ..Filter::default()
            };
            Ok(store.list(&filter, None, 1).await?.entries.pop())
        }
    }
}
