//! Runs a chain and turns its result into what the gateway has to do.
//!
//! Invariant: only this module passes a fault's text on, and only to the log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use weir_core::{ChainResult, Event, Payload};

use crate::call::Call;
use crate::denial::Denial;
use crate::refusal::Refusal;

/// What a chain's result means for the exchange.
pub enum Verdict {
    /// It continues unchanged.
    Unchanged,
    /// It continues with this payload.
    Changed(Arc<Payload>),
    /// It ends here.
    Denied(Denial),
}

impl Verdict {
    /// The payload that goes on, be it the event's own; a denial refuses the exchange.
    pub fn allowed(self, event: &Event) -> Result<Arc<Payload>, Refusal> {
        match self {
            Self::Unchanged => Ok(Arc::clone(&event.payload)),
            Self::Changed(payload) => Ok(payload),
            Self::Denied(denial) => Err(Refusal::Denied(denial)),
        }
    }
}

/// Runs the route's chain over an event.
pub async fn judge(call: &Call, event: &Event) -> Result<Verdict, Refusal> {
    let route = &call.route;
    let started = Instant::now();
    let running = route.chain.run(event, Some(started + route.options.chain_timeout));
    let Ok(result) = AssertUnwindSafe(running).catch_unwind().await else {
        tracing::error!(call_ref = call.reference.as_str(), event = %event.name, "the policy host panicked");
        return Err(Refusal::Internal);
    };
    call.shared.telemetry.chain(&route.name, &result, started.elapsed());
    if let Some(notes) = call.agent.notes() {
        notes.decided(&result);
    }
    Ok(read(call, event, result))
}

fn read(call: &Call, event: &Event, result: ChainResult) -> Verdict {
    if let Some(abort) = &result.aborted_at {
        tracing::info!(
            call_ref = call.reference.as_str(),
            route = call.route_name(),
            event = %event.name,
            phase = %event.phase,
            status = result.status.as_str(),
            interceptor = %abort.interceptor,
            reason = abort.reason,
            "denied"
        );
        return Verdict::Denied(Denial::of(&result, abort.interceptor.as_str()));
    }
    let modified = result.is_modified();
    match result.final_payload {
        Some(payload) if modified && payload.text() != event.payload.text() => Verdict::Changed(payload),
        _ => Verdict::Unchanged,
    }
}
