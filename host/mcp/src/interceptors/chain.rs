//! A chain's result as the interceptor protocol writes it.

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use weir_core::chain::{Abort, InterceptorResult, Report, Summary};
use weir_core::payload::Difference;
use weir_core::{Edit, Fault, Finding, Mode, Payload, Suggestion, Validation, milliseconds};

use super::form::raw;

/// The result of a chain.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainResult {
    /// `success`, `validation_failed`, `mutation_failed` or `timeout`.
    pub status: &'static str,
    /// The event.
    pub event: String,
    /// `request` or `response`.
    pub phase: &'static str,
    /// One entry per policy that ran.
    pub results: Vec<ResultEntry>,
    /// The payload to go on with, on success.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_payload: Option<Box<RawValue>>,
    /// Counts over the validators.
    pub validation_summary: ValidationSummary,
    /// Total wall time.
    pub total_duration_ms: f64,
    /// Where it was aborted, unless it succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aborted_at: Option<AbortedAt>,
    /// Policies that hook the event but did not apply.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_applicable: Vec<NotApplicable>,
}

/// Counts over the validators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ValidationSummary {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Infos.
    pub infos: usize,
}

/// Where a chain was aborted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AbortedAt {
    /// The policy.
    pub interceptor: String,
    /// For operators.
    pub reason: String,
    /// `validation`, `mutation` or `timeout`.
    #[serde(rename = "type")]
    pub kind: &'static str,
}

/// A policy that did not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotApplicable {
    /// The policy.
    pub interceptor: String,
    /// Why.
    pub reason: String,
}

/// One policy's part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultEntry {
    /// The policy.
    pub interceptor: String,
    /// `validation` or `mutation`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `request` or `response`.
    pub phase: &'static str,
    /// Wall time.
    pub duration_ms: f64,
    /// `audit`, or left out when active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    /// What it did to the traffic.
    pub effect: &'static str,
    /// Left out when false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fail_open: bool,
    /// A validator's verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid: Option<bool>,
    /// Severity of an invalid verdict.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<&'static str>,
    /// What a validator noticed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// What would have been accepted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<Suggested>,
    /// A question for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// Whether a mutator changed the payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modified: Option<bool>,
    /// The payload as a mutator left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<Box<RawValue>>,
    /// What an audit mutator would have changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Shadow>,
    /// Instructions used, where they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuel: Option<u64>,
    /// Whether this is a second run over the mutated payload. Left out when false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub revalidation: bool,
    /// The policy's further facts, or `{error: {kind, message}}` of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub info: Option<Box<RawValue>>,
}

/// One thing that a validator noticed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// For people.
    pub message: String,
    /// `info`, `warn` or `error`.
    pub severity: &'static str,
}

/// A value that would have been accepted.
#[derive(Debug, Clone, Serialize)]
pub struct Suggested {
    /// JSON pointer.
    pub path: String,
    /// The value; `null` if the policy's text is not JSON.
    pub value: Option<Box<RawValue>>,
}

/// What an audit mutator would have changed.
#[derive(Debug, Clone, Serialize)]
pub struct Shadow {
    /// The changes in document order.
    pub edits: Vec<ShadowEdit>,
    /// Whether there were more than are listed.
    pub truncated: bool,
}

/// One place that would have changed.
#[derive(Debug, Clone, Serialize)]
pub struct ShadowEdit {
    /// JSON pointer.
    pub pointer: String,
    /// What it would become; left out if it would be removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct ErrorInfo<'a> {
    error: ErrorFacts<'a>,
}

#[derive(Serialize)]
struct ErrorFacts<'a> {
    kind: &'a str,
    message: &'a str,
}

/// A chain's result as the interceptor protocol writes it.
pub fn chain_result(result: &weir_core::ChainResult, total: Duration) -> ChainResult {
    ChainResult::of(result, total)
}

impl ChainResult {
    fn of(result: &weir_core::ChainResult, total: Duration) -> Self {
        let weir_core::ChainResult {
            status,
            event,
            phase,
            results,
            final_payload,
            summary: Summary { errors, warnings, infos },
            aborted_at,
            not_applicable,
        } = result;
        Self {
            status: status.as_str(),
            event: event.as_str().to_owned(),
            phase: phase.as_str(),
            results: results.iter().map(ResultEntry::of).collect(),
            final_payload: final_payload.as_deref().and_then(payload),
            validation_summary: ValidationSummary { errors: *errors, warnings: *warnings, infos: *infos },
            total_duration_ms: milliseconds(total),
            aborted_at: aborted_at.as_ref().map(AbortedAt::of),
            not_applicable: not_applicable.iter().map(NotApplicable::of).collect(),
        }
    }
}

impl AbortedAt {
    fn of(abort: &Abort) -> Self {
        let Abort { interceptor, reason, kind } = abort;
        Self { interceptor: interceptor.as_str().to_owned(), reason: reason.clone(), kind: kind.as_str() }
    }
}

impl NotApplicable {
    fn of(entry: &weir_core::chain::NotApplicable) -> Self {
        let weir_core::chain::NotApplicable { interceptor, reason } = entry;
        Self { interceptor: interceptor.as_str().to_owned(), reason: reason.clone() }
    }
}

impl ResultEntry {
    /// The part of one policy.
    pub fn of(result: &InterceptorResult) -> Self {
        let InterceptorResult {
            interceptor,
            kind,
            phase,
            mode,
            fail_open,
            effect,
            revalidation,
            elapsed,
            fuel,
            report,
        } = result;
        let entry = Self {
            interceptor: interceptor.as_str().to_owned(),
            kind: kind.as_str(),
            phase: phase.as_str(),
            duration_ms: milliseconds(*elapsed),
            mode: (*mode == Mode::Audit).then(|| mode.as_str()),
            effect: effect.as_str(),
            fail_open: *fail_open,
            valid: None,
            severity: None,
            messages: Vec::new(),
            suggestions: Vec::new(),
            ask: None,
            modified: None,
            payload: None,
            shadow: None,
            fuel: *fuel,
            revalidation: *revalidation,
            info: None,
        };
        entry.with_report(report)
    }

    fn with_report(self, report: &Report) -> Self {
        match report {
            Report::Validation(Validation { valid, severity, findings, suggestions, ask, info }) => Self {
                valid: Some(*valid),
                severity: severity.map(|severity| severity.as_str()),
                messages: findings.iter().map(Message::of).collect(),
                suggestions: suggestions.iter().map(Suggested::of).collect(),
                ask: ask.clone(),
                info: info.as_deref().and_then(raw),
                ..self
            },
            Report::Mutation { modified, payload: after, shadow, info } => Self {
                modified: Some(*modified),
                payload: payload(after),
                shadow: shadow.as_ref().map(Shadow::of),
                info: info.as_deref().and_then(raw),
                ..self
            },
            Report::Fault(Fault { kind, message }) => Self { info: error(kind.as_str(), message), ..self },
            Report::ChainDeadline => Self { info: error("deadline", "the chain's deadline passed"), ..self },
        }
    }
}

impl Message {
    fn of(finding: &Finding) -> Self {
        let Finding { path, message, severity } = finding;
        Self { path: path.clone(), message: message.clone(), severity: severity.as_str() }
    }
}

impl Suggested {
    fn of(suggestion: &Suggestion) -> Self {
        let Suggestion { path, value } = suggestion;
        Self { path: path.clone(), value: raw(value) }
    }
}

impl Shadow {
    fn of(difference: &Difference) -> Self {
        let Difference { edits, truncated } = difference;
        Self { edits: edits.iter().map(ShadowEdit::of).collect(), truncated: *truncated }
    }
}

impl ShadowEdit {
    fn of(edit: &Edit) -> Self {
        let Edit { pointer, value } = edit;
        Self { pointer: pointer.clone(), value: value.as_deref().and_then(raw) }
    }
}

fn payload(payload: &Payload) -> Option<Box<RawValue>> {
    raw(payload.text())
}

fn error(kind: &str, message: &str) -> Option<Box<RawValue>> {
    serde_json::value::to_raw_value(&ErrorInfo { error: ErrorFacts { kind, message } }).ok()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weir_core::chain::{AbortKind, Effect, Status};
    use weir_core::{EventName, FaultKind, InterceptorName, Kind, Phase};

    use super::*;

    fn entry(name: &str, mode: Mode, effect: Effect, report: Report) -> InterceptorResult {
        InterceptorResult {
            interceptor: InterceptorName::new(name).unwrap(),
            kind: Kind::Mutation,
            phase: Phase::Response,
            mode,
            fail_open: effect == Effect::FailOpen,
            effect,
            revalidation: false,
            elapsed: Duration::from_nanos(1_234_567),
            fuel: Some(7),
            report,
        }
    }

    #[test]
    fn failures_and_shadows_are_written_as_the_protocol_says() {
        let payload = Arc::new(Payload::parse("{\"n\":1.00}").unwrap());
        let edits = vec![
            Edit { pointer: "/n".to_owned(), value: Some("2.00".to_owned()) },
            Edit { pointer: "/m".to_owned(), value: None },
        ];
        let shadow = Report::Mutation {
            modified: true,
            payload: Arc::clone(&payload),
            shadow: Some(Difference { edits, truncated: false }),
            info: Some("{\"k\":1}".to_owned()),
        };
        let fault = Report::Fault(Fault::new(FaultKind::Trap, "unreachable"));
        let result = weir_core::ChainResult {
            status: Status::MutationFailed,
            event: EventName::new("tools/call").unwrap(),
            phase: Phase::Response,
            results: vec![
                entry("shadow", Mode::Audit, Effect::Audit, shadow),
                entry("open", Mode::Active, Effect::FailOpen, fault),
                entry("late", Mode::Active, Effect::Block, Report::ChainDeadline),
            ],
            final_payload: None,
            summary: Summary { errors: 0, warnings: 0, infos: 0 },
            aborted_at: Some(Abort {
                interceptor: InterceptorName::new("late").unwrap(),
                reason: "r".to_owned(),
                kind: AbortKind::Timeout,
            }),
            not_applicable: vec![],
        };
        let written = serde_json::to_string(&ChainResult::of(&result, Duration::from_micros(2500))).unwrap();
        let common = |name: &str| {
            format!("{{\"interceptor\":\"{name}\",\"type\":\"mutation\",\"phase\":\"response\",\"durationMs\":1.234,")
        };
        let expected = [
            "{\"status\":\"mutation_failed\",\"event\":\"tools/call\",\"phase\":\"response\",\"results\":[",
            &common("shadow"),
            "\"mode\":\"audit\",\"effect\":\"audit\",\"modified\":true,\"payload\":{\"n\":1.00},\"shadow\":{\"edits\":[\
             {\"pointer\":\"/n\",\"value\":2.00},{\"pointer\":\"/m\"}],\"truncated\":false},\"fuel\":7,\"info\":{\"k\":1}},",
            &common("open"),
            "\"effect\":\"fail_open\",\"failOpen\":true,\"fuel\":7,\
             \"info\":{\"error\":{\"kind\":\"trap\",\"message\":\"unreachable\"}}},",
            &common("late"),
            "\"effect\":\"block\",\"fuel\":7,\
             \"info\":{\"error\":{\"kind\":\"deadline\",\"message\":\"the chain's deadline passed\"}}}],",
            "\"validationSummary\":{\"errors\":0,\"warnings\":0,\"infos\":0},\"totalDurationMs\":2.5,",
            "\"abortedAt\":{\"interceptor\":\"late\",\"reason\":\"r\",\"type\":\"timeout\"}}",
        ];
        assert_eq!(written, expected.concat());
    }
}
