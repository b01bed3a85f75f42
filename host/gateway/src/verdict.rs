//! Running a chain and reading its result as what the gateway has to do.
//!
//! Invariant: what a denial holds may be shown to the caller. Verdicts of policies may; the text of a fault may
//! not, so it goes to the log here and nowhere else.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures_util::FutureExt;
use weir_core::chain::{InterceptorResult, Report, Status};
use weir_core::{ChainResult, Event, Payload, Phase, Severity, Validation};

use crate::call::Call;
use crate::refusal::Refusal;

/// What a chain's result means for the exchange.
pub(crate) enum Verdict {
    /// It goes on as it came.
    Unchanged,
    /// It goes on with this payload.
    Changed(Arc<Payload>),
    /// It ends here.
    Denied(Denial),
}

/// Why an exchange ends, as far as the caller may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Denial {
    pub(crate) reason: Reason,
    pub(crate) phase: Phase,
    pub(crate) status: Status,
    /// The first policy that decided so.
    pub(crate) interceptor: String,
    pub(crate) messages: Vec<Said>,
}

/// What kind of denial it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A policy said no.
    Denied,
    /// A policy wants a person to approve, and nobody can be asked here.
    ApprovalRequired,
    /// A policy that must not be skipped could not be run.
    PolicyFailed,
    /// The chain's time was over.
    PolicyTimeout,
}

/// What one policy said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) interceptor: String,
    pub(crate) severity: Severity,
    pub(crate) message: String,
    pub(crate) path: Option<String>,
}

/// What is said for a policy that failed: its own words are for the operator.
const FAILED: &str = "the policy could not be run";
/// What is said for a policy that said nothing.
const INVALID: &str = "the policy does not allow this";

/// Runs the route's chain over an event.
pub(crate) async fn judge(call: &Call, event: &Event) -> Result<Verdict, Refusal> {
    let route = &call.route.route;
    let started = Instant::now();
    let running = route.chain.run(event, Some(started + route.chain_timeout));
    let Ok(result) = AssertUnwindSafe(running).catch_unwind().await else {
        tracing::error!(call_ref = call.reference.as_str(), event = %event.name, "a policy's host panicked");
        return Err(Refusal::Internal);
    };
    call.shared.telemetry.chain(&route.name, &result, started.elapsed());
    if let Some(notes) = call.intercept.notes() {
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

impl Denial {
    fn of(result: &ChainResult, aborted_by: &str) -> Self {
        // A verdict weighs more than a failure: who was told no should read the no.
        let decided = result
            .blockers()
            .find(|blocker| matches!(blocker.report, Report::Validation(_)))
            .filter(|_| result.status != Status::Timeout);
        let reason = match (result.status, decided.map(|blocker| &blocker.report)) {
            (Status::Timeout, _) => Reason::PolicyTimeout,
            (_, Some(Report::Validation(Validation { ask: Some(_), .. }))) => Reason::ApprovalRequired,
            (_, Some(_)) => Reason::Denied,
            (_, None) => Reason::PolicyFailed,
        };
        Self {
            reason,
            phase: result.phase,
            status: result.status,
            interceptor: decided.map_or(aborted_by, |blocker| blocker.interceptor.as_str()).to_owned(),
            messages: result.blockers().flat_map(said).collect(),
        }
    }
}

fn said(blocker: &InterceptorResult) -> Vec<Said> {
    let say = |severity, message: &str, path: Option<&String>| Said {
        interceptor: blocker.interceptor.as_str().to_owned(),
        severity,
        message: message.to_owned(),
        path: path.cloned(),
    };
    let Report::Validation(Validation { severity, findings, ask, .. }) = &blocker.report else {
        return vec![say(Severity::Error, FAILED, None)];
    };
    let mut messages: Vec<Said> = Vec::with_capacity(findings.len() + 1);
    messages.extend(ask.as_ref().map(|ask| say(Severity::Error, &format!("needs approval: {ask}"), None)));
    messages.extend(findings.iter().map(|finding| say(finding.severity, &finding.message, finding.path.as_ref())));
    if messages.is_empty() {
        messages.push(say(severity.unwrap_or(Severity::Error), INVALID, None));
    }
    messages
}
