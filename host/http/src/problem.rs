//! Refusals as `application/problem+json` (RFC 9457).

use serde::Serialize;

/// Why a request was not served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// `urn:weir:…`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The same for every problem of this type.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong and how to fix it.
    pub detail: String,
    /// The policy that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interceptor: Option<String>,
    /// Messages of policies.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<ProblemMessage>,
    /// The exchange's call reference; the log has the rest under it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_ref: Option<String>,
}

/// One message of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProblemMessage {
    /// The policy.
    pub interceptor: String,
    /// `info`, `warn` or `error`.
    pub severity: &'static str,
    /// For people.
    pub message: String,
    /// JSON pointer into the payload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}
