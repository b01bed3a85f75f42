//! Why policies end an exchange, as far as its caller may know.
//!
//! Invariant: everything in a denial may be shown to the caller. Verdicts of policies may; the text of a fault may not.

use weir_core::chain::{InterceptorResult, Report, Status};
use weir_core::{ChainResult, Phase, Severity, Validation};

/// Why an exchange ends, as far as the caller may know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The kind of denial.
    pub reason: Reason,
    /// The phase.
    pub phase: Phase,
    /// The status of the chain.
    pub status: Status,
    /// The first policy that denied.
    pub interceptor: String,
    /// Messages of policies.
    pub messages: Vec<PolicyMessage>,
}

/// The kind of denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// A policy denied it.
    Denied,
    /// A policy requires approval by a person, and nobody can be asked here.
    ApprovalRequired,
    /// A mandatory policy could not be run.
    PolicyFailed,
    /// The chain timed out.
    PolicyTimeout,
}

/// A message of one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyMessage {
    /// The policy.
    pub interceptor: String,
    /// Its severity.
    pub severity: Severity,
    /// For people.
    pub message: String,
    /// JSON pointer into the payload.
    pub path: Option<String>,
}

/// Shown for a policy that failed: its own text is for the operator.
const FAILED: &str = "the policy could not be run";
/// Shown for a policy that denied without a message.
const INVALID: &str = "the policy does not allow this";

impl Denial {
    pub(crate) fn of(result: &ChainResult, aborted_by: &str) -> Self {
        // A verdict takes precedence over a failure, so a denied caller sees the verdict.
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
