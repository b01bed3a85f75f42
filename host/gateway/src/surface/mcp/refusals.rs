//! Refusals as JSON-RPC errors.

use bytes::Bytes;
use serde::Serialize;
use weir_core::chain::Status;
use weir_mcp::revision::Era;
use weir_mcp::rpc::{self, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, TIMEOUT};
use weir_mcp::{Method, Rejection};

use super::conversation::Question;
use crate::call::Call;
use crate::denial::{Denial, PolicyMessage};
use crate::refusal::{Refusal, UPSTREAM_INVALID};
use crate::routes::OnDeny;

/// The problem type of an answer that policies cannot read.
pub(super) const UNREADABLE: &str = UPSTREAM_INVALID;

impl From<Rejection> for Refusal {
    fn from(Rejection { status, text }: Rejection) -> Self {
        Self::InProtocol { status, content_type: "application/json", text }
    }
}

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Data<'a> {
    Validation { validation_errors: Vec<ValidationError<'a>> },
    Mutation { failed_interceptor: &'a str },
    Timeout { interceptor: &'a str, timeout_ms: u64, phase: &'static str },
}

#[derive(Serialize)]
struct ValidationError<'a> {
    interceptor: &'a str,
    severity: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolError {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    content: [TextContent; 1],
    is_error: bool,
}

#[derive(Serialize)]
struct TextContent {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
}

/// The answer to a denied client request, or instead of a denied answer to it.
pub(super) fn denied(question: &Question, denial: &Denial) -> Bytes {
    let is_tool = question.method() == Method::ToolsCall;
    match question.call.route.options.on_deny {
        OnDeny::ToolError if is_tool => tool_error(question, denial),
        OnDeny::ToolError | OnDeny::Error => refused(&question.call, &question.id, denial),
    }
}

/// The answer to any other denied message, or its replacement.
pub(super) fn refused(call: &Call, id: &str, denial: &Denial) -> Bytes {
    let timeout = u64::try_from(call.route.options.chain_timeout.as_millis()).unwrap_or(u64::MAX);
    let (code, message, data) = facts(denial, timeout);
    rpc::error_with(id, code, message, Some(&data))
}

/// Replaces a server's answer that policies cannot read.
pub(super) fn unreadable(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The upstream's answer could not be read, so policies could not check it")
}

/// Replaces a client's answer that policies cannot read.
pub(super) fn unreadable_answer(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The client's answer could not be read, so policies could not check it")
}

/// Replaces an answer whose question is unknown or ambiguous.
pub(super) fn unknown(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The answer belongs to no request that is known, so policies could not check it")
}

/// Replaces a message that could not be judged, or that a policy made unusable. The cause is for the log.
pub(super) fn failed(call: &Call, id: &str, refusal: &Refusal) -> Bytes {
    refusal.log(Some(&call.reference));
    call.refused(refusal.urn());
    let message = match refusal {
        Refusal::UnusablePayload(_) => "A policy changed the message into one that cannot be sent",
        _ => "The gateway failed; its log has the cause under the call reference",
    };
    rpc::error(id, INTERNAL_ERROR, message)
}

/// The answer to a server's request that policies cannot read.
pub(super) fn unreadable_request(id: &str) -> Bytes {
    rpc::error(id, INVALID_REQUEST, "Invalid request: policies cannot read this request")
}

fn facts(denial: &Denial, timeout_ms: u64) -> (i32, &'static str, Data<'_>) {
    let interceptor = denial.interceptor.as_str();
    match denial.status {
        Status::Timeout => {
            let data = Data::Timeout { interceptor, timeout_ms, phase: denial.phase.as_str() };
            (TIMEOUT, "Interceptor execution timeout", data)
        }
        Status::MutationFailed => {
            (INTERNAL_ERROR, "Interceptor mutation failed", Data::Mutation { failed_interceptor: interceptor })
        }
        Status::ValidationFailed | Status::Success => {
            let validation_errors = denial.messages.iter().map(validation_error).collect();
            (INVALID_PARAMS, "Interceptor validation failed", Data::Validation { validation_errors })
        }
    }
}

fn validation_error(entry: &PolicyMessage) -> ValidationError<'_> {
    let PolicyMessage { interceptor, severity, message, path } = entry;
    ValidationError { interceptor, severity: severity.as_str(), message, path: path.as_deref() }
}

fn tool_error(question: &Question, denial: &Denial) -> Bytes {
    let messages: Vec<&str> = denial.messages.iter().map(|entry| entry.message.as_str()).collect();
    let text = format!(
        "Policy {} does not allow this {}: {} (call reference {})",
        denial.interceptor,
        denial.phase,
        messages.join("; "),
        question.call.reference.as_str()
    );
    let result_type = (question.era == Era::Stateless).then_some("complete");
    let result = ToolError { result_type, content: [TextContent { kind: "text", text }], is_error: true };
    rpc::result(&question.id, &serde_json::to_string(&result).unwrap_or_default())
}
