//! The result of a chain: the verdict, and one entry for each policy that ran.

use std::sync::Arc;
use std::time::Duration;

use super::Effect;
use crate::payload::Difference;
use crate::{EventName, Fault, InterceptorName, Kind, Mode, Payload, Phase, Severity, Validation};

/// The verdict of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// The payload may pass.
    Success,
    /// A validator blocked.
    ValidationFailed,
    /// A mutator failed.
    MutationFailed,
    /// The chain's deadline passed.
    Timeout,
}

/// The type of cause that aborted a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AbortKind {
    /// A validator's verdict or failure.
    Validation,
    /// A mutator's failure.
    Mutation,
    /// A deadline: the policy's own or the chain's.
    Timeout,
}

/// Where and why a chain was aborted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abort {
    /// The first policy, in the chain's order, that blocked.
    pub interceptor: InterceptorName,
    /// For operators. It contains the fault's text, so it must not reach a caller of the gateway.
    pub reason: String,
    /// What ended it.
    pub kind: AbortKind,
}

/// The validators' findings, counted by severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Infos.
    pub infos: usize,
}

/// A policy that hooks the event but was not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotApplicable {
    /// The policy.
    pub interceptor: InterceptorName,
    /// Why it was not run.
    pub reason: String,
}

/// What one policy reported.
#[derive(Debug, Clone)]
pub enum Report {
    /// A validator's judgement.
    Validation(Validation),
    /// A mutator's answer.
    Mutation {
        /// Whether it changed the payload.
        modified: bool,
        /// The payload after this policy. In audit mode, the payload it was given.
        payload: Arc<Payload>,
        /// What it would have changed, in audit mode.
        shadow: Option<Difference>,
        /// JSON object text.
        info: Option<String>,
    },
    /// It failed.
    Fault(Fault),
    /// The chain's deadline passed before it answered.
    ChainDeadline,
}

/// One policy's result in a chain.
#[derive(Debug, Clone)]
pub struct InterceptorResult {
    /// The policy.
    pub interceptor: InterceptorName,
    /// What it may do.
    pub kind: Kind,
    /// The phase it saw.
    pub phase: Phase,
    /// Whether it took effect.
    pub mode: Mode,
    /// Whether its failures pass.
    pub fail_open: bool,
    /// The effect of its answer on the traffic.
    pub effect: Effect,
    /// Whether this is its second run, on the mutated payload.
    pub revalidation: bool,
    /// How long it took.
    pub elapsed: Duration,
    /// Instructions used, if counted.
    pub fuel: Option<u64>,
    /// What it reported.
    pub report: Report,
}

/// The result of a chain.
#[derive(Debug, Clone)]
pub struct ChainResult {
    /// The verdict.
    pub status: Status,
    /// The event that ran.
    pub event: EventName,
    /// Its phase.
    pub phase: Phase,
    /// One entry per policy that ran, by stage and order.
    pub results: Vec<InterceptorResult>,
    /// The resulting payload: present only if the status is success.
    pub final_payload: Option<Arc<Payload>>,
    /// Counts over the validators.
    pub summary: Summary,
    /// Present only if the status is not success.
    pub aborted_at: Option<Abort>,
    /// Policies that hook the event but did not apply.
    pub not_applicable: Vec<NotApplicable>,
}

impl Status {
    /// The word used in JSON, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::ValidationFailed => "validation_failed",
            Self::MutationFailed => "mutation_failed",
            Self::Timeout => "timeout",
        }
    }
}

impl AbortKind {
    /// The word used in JSON and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Mutation => "mutation",
            Self::Timeout => "timeout",
        }
    }
}

impl ChainResult {
    /// Whether the resulting payload differs from the original.
    pub fn is_modified(&self) -> bool {
        self.status == Status::Success && self.results.iter().any(|result| result.effect == Effect::Apply)
    }

    /// The results that blocked, in order.
    pub fn blockers(&self) -> impl Iterator<Item = &InterceptorResult> {
        self.results.iter().filter(|result| result.effect == Effect::Block)
    }
}

impl Summary {
    /// Counts a validator's findings. Without findings it counts its severity, or an error if the payload is invalid. A
    /// fault counts as an error if it fails closed, as a warning if it fails open.
    pub(super) fn add(&mut self, result: &InterceptorResult) {
        if result.kind != Kind::Validation {
            return;
        }
        match &result.report {
            Report::Validation(validation) if validation.valid => {}
            Report::Validation(validation) if validation.findings.is_empty() => {
                self.count(validation.severity.unwrap_or(Severity::Error));
            }
            Report::Validation(validation) => {
                validation.findings.iter().for_each(|finding| self.count(finding.severity));
            }
            Report::Fault(_) | Report::ChainDeadline if result.fail_open => self.warnings += 1,
            Report::Fault(_) | Report::ChainDeadline => self.errors += 1,
            Report::Mutation { .. } => {}
        }
    }

    fn count(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warn => self.warnings += 1,
            Severity::Info => self.infos += 1,
        }
    }
}
