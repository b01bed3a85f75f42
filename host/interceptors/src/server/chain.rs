//! `interceptor/executeChain`: all policies at once, as in an earlier draft of the protocol. It exists only if the
//! operator enables it, and is never advertised.
//!
//! The operator's overrides apply here, since the chain is this gateway's.

use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::chain::Report;
use weir_core::{ChainResult, EventName, InterceptorName};
use weir_mcp::interceptors as forms;
use weir_mcp::revision::Era;

use super::PATH;
use super::front::present;
use super::invoke::{CallScope, read_phase, read_timeout, reason};
use super::rpc::{self, Failure, Outcome};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChainParams<'a> {
    event: String,
    phase: String,
    #[serde(borrow)]
    payload: &'a RawValue,
    interceptors: Option<Vec<String>>,
    timeout_ms: Option<f64>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
}

pub(super) async fn execute(scope: &CallScope<'_>, params: &str, era: Era) -> Outcome {
    let Some((chain, usual)) = &scope.interceptors.chain else { return Err(Failure::method_not_found()) };
    let ChainParams { event, phase, payload, interceptors, timeout_ms, context } =
        serde_json::from_str(params).map_err(Failure::params)?;
    let phase = read_phase(&phase)?;
    let event = EventName::new(&event).map_err(|error| Failure::params(format!("event: {error}")))?;
    let event = scope.event(event, phase, payload, present(context))?;
    let names =
        interceptors.map(|names| names.iter().map(|name| InterceptorName::new(name)).collect::<Result<Vec<_>, _>>());
    let names = names.transpose().map_err(|error| Failure::params(format!("interceptors: {error}")))?;
    let time = match timeout_ms {
        Some(wanted) => read_timeout(wanted)?.min(scope.interceptors.call_cap),
        None => *usual,
    };
    let started = Instant::now();
    let deadline = Some(started + time);
    let mut result = match names {
        None => chain.run(&event, deadline).await,
        Some(names) => chain.run_only(&names, &event, deadline).await.map_err(Failure::params)?,
    };
    let elapsed = started.elapsed();
    scope.visit.telemetry.chain(PATH, &result, elapsed);
    without_texts(&mut result);
    rpc::complete(era, &forms::chain_result(&result, elapsed))
}

/// Removes the texts of faults: they are for the operator. Messages of policies stay.
fn without_texts(result: &mut ChainResult) {
    let mut failed = Vec::new();
    for entry in &mut result.results {
        if let Report::Fault(fault) = &mut entry.report {
            fault.message = reason(fault.kind).to_owned();
            failed.push((entry.interceptor.clone(), fault.to_string()));
        }
    }
    if let Some(abort) = &mut result.aborted_at
        && let Some((_, text)) = failed.into_iter().find(|(name, _)| *name == abort.interceptor)
    {
        abort.reason = text;
    }
}
