//! The result of `interceptor/invoke`: flat, in the form of the interceptor's type.

use serde::Serialize;
use serde_json::value::RawValue;
use weir_core::chain::InterceptorResult;

use super::chain::{Message, ResultEntry, Suggested};

/// What one interceptor answered. `ask`, a question for a person, is our extension: a client that does not know it sees
/// an invalid verdict with the question as its message.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InvocationResult {
    interceptor: String,
    #[serde(rename = "type")]
    kind: &'static str,
    phase: &'static str,
    duration_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<Message>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggested>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ask: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    info: Option<Box<RawValue>>,
}

impl InvocationResult {
    /// The result of a run that ended with an answer.
    pub fn of(result: &InterceptorResult) -> Self {
        let ResultEntry {
            interceptor,
            kind,
            phase,
            duration_ms,
            // What to do with the answer is up to the caller.
            mode: _,
            effect: _,
            fail_open: _,
            revalidation: _,
            shadow: _,
            fuel: _,
            valid,
            severity,
            mut messages,
            suggestions,
            ask,
            modified,
            payload,
            info,
        } = ResultEntry::of(result);
        if let (Some(ask), true) = (&ask, messages.is_empty()) {
            messages.push(Message { path: None, message: format!("needs approval: {ask}"), severity: "error" });
        }
        let severity = severity.or(ask.as_ref().map(|_| "error"));
        Self {
            interceptor,
            kind,
            phase,
            duration_ms,
            valid,
            severity,
            messages,
            suggestions,
            ask,
            modified,
            payload,
            info,
        }
    }
}
