//! Why an exchange ends by policy, as far as its caller may know.
//!
//! Invariant: what a denial holds may be shown to the caller. Verdicts of policies may; the text of a fault may not.

use weir_core::chain::{InterceptorResult, Report, Status};
use weir_core::{ChainResult, Phase, Severity, Validation};

/// Why an exchange ends, as far as the caller may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// What kind of denial it is.
    pub reason: Reason,
    /// In which half of the exchange.
    pub phase: Phase,
    /// What the chain came to.
    pub status: Status,
    /// The first policy that decided so.
    pub interceptor: String,
    /// What policies said.
    pub messages: Vec<PolicyMessage>,
}

/// What kind of denial it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
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
pub struct PolicyMessage {
    /// The policy.
    pub interceptor: String,
    /// How grave it is.
    pub severity: Severity,
    /// For people.
    pub message: String,
    /// JSON pointer into the payload.
    pub path: Option<String>,
}

/// What is said for a policy that failed: its own words are for the operator.
const FAILED: &str = "the policy could not be run";
/// What is said for a policy that said nothing.
const INVALID: &str = "the policy does not allow this";

impl Denial {
    pub(crate) fn of(result: &ChainResult, aborted_by: &str) -> Self {
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
            messages: result.blockers().flat_map(policy_messages).collect(),
        }
    }
}

fn policy_messages(blocker: &InterceptorResult) -> Vec<PolicyMessage> {
    let say = |severity, message: &str, path: Option<&String>| PolicyMessage {
        interceptor: blocker.interceptor.as_str().to_owned(),
        severity,
        message: message.to_owned(),
        path: path.cloned(),
    };
    let Report::Validation(Validation { severity, findings, ask, .. }) = &blocker.report else {
        return vec![say(Severity::Error, FAILED, None)];
    };
    let mut messages: Vec<PolicyMessage> = Vec::with_capacity(findings.len() + 1);
    messages.extend(ask.as_ref().map(|ask| say(Severity::Error, &format!("needs approval: {ask}"), None)));
    messages.extend(findings.iter().map(|finding| say(finding.severity, &finding.message, finding.path.as_ref())));
    if messages.is_empty() {
        messages.push(say(severity.unwrap_or(Severity::Error), INVALID, None));
    }
    messages
}
