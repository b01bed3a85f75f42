//! Handoffs over a store: looking up what claims are about, then core's rules.

use serde_json::Value;
use weir_core::handoff::{
    BuildRequest, Claim, ClaimError, Evaluation, Handoff, Lookup, SchemaPort, Stored, TrustGate, build as put_together,
    evaluate as hold_against,
};
use weir_core::trust::TrustIndex;

use crate::port::{Filter, RecordStore, StoreError};

/// What holds for trust at the time of the call.
#[derive(Debug, Clone, Copy)]
pub enum Trust<'a> {
    /// It is off.
    Off,
    /// It is on, for this organisation.
    On {
        /// The organisation.
        org: &'a str,
        /// Its active endpoints.
        index: &'a TrustIndex,
    },
}

/// Builds a handoff. The inner error is about the request, and its text is for the caller.
pub async fn build(
    store: &dyn RecordStore,
    request: &Value,
    trust: Trust<'_>,
) -> Result<Result<Value, String>, StoreError> {
    let request = match BuildRequest::read(request) {
        Ok(request) => request,
        Err(message) => return Ok(Err(message)),
    };
    let stored = look_up(store, &request.claims).await?;
    let (org, snapshot) = match trust {
        Trust::Off => (None, None),
        Trust::On { org, index } => (Some(org), Some(index.snapshot())),
    };
    Ok(Ok(put_together(&request, &stored, org, snapshot, &crate::now())))
}

/// Evaluates a handoff. Whatever its content, the answer is an evaluation; only the store can fail.
pub async fn evaluate(
    store: &dyn RecordStore,
    handoff: &Value,
    trust: Trust<'_>,
    schema: SchemaPort<'_>,
) -> Result<Evaluation, StoreError> {
    let handoff = match Handoff::read(handoff) {
        Ok(handoff) => handoff,
        Err(evaluation) => return Ok(evaluation),
    };
    let stored = look_up(store, &handoff.claims).await?;
    let gate = match trust {
        Trust::Off => TrustGate::Off,
        Trust::On { org: _, index } => TrustGate::On(index),
    };
    Ok(hold_against(&handoff, &stored, gate, schema))
}

async fn look_up(
    store: &dyn RecordStore,
    claims: &[Result<Claim, ClaimError>],
) -> Result<Vec<Option<Stored>>, StoreError> {
    let mut stored = Vec::with_capacity(claims.len());
    for claim in claims {
        let row = match claim.as_ref().map(Claim::lookup) {
            Err(_) => None,
            Ok(Lookup::CallRef(call_ref)) => {
                let filter = Filter { call_ref: Some(call_ref.to_owned()), ..Filter::default() };
                store.list(&filter, None, 1).await?.entries.pop()
            }
            Ok(Lookup::Latest { agent_id, action_name }) => store.latest(agent_id, action_name).await?,
        };
        stored.push(row.as_ref().and_then(Stored::of));
    }
    Ok(stored)
}
