//! Refusals in JSON-RPC's words.

use ::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;
use weir_core::chain::Status;
use weir_core::payload::PayloadError;

use super::conversation::Question;
use super::envelope::{Envelope, Malformed};
use super::meta;
use super::revision::{Era, Revision};
use super::rpc::{
    self, HEADER_MISMATCH, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, TIMEOUT, UNSUPPORTED_VERSION,
};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::routes::OnDeny;
use crate::verdict::{Denial, Said};

/// The problem type of an answer that policies could not be shown.
pub(crate) const UNREADABLE: &str = "urn:weir:upstream-invalid";

#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
enum Data<'a> {
    Validation { validation_errors: Vec<ValidationError<'a>> },
    Mutation { failed_interceptor: &'a str },
    Timeout { interceptor: &'a str, timeout_ms: u64, phase: &'static str },
    Version { supported: &'a [&'static str], requested: &'a str },
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

/// How a denied request of a client, or the answer to it, is answered.
pub(crate) fn denied(question: &Question, denial: &Denial) -> Bytes {
    let is_tool = &*question.method == "tools/call";
    match question.call.route.route.on_deny {
        OnDeny::ToolError if is_tool => tool_error(question, denial),
        OnDeny::ToolError | OnDeny::Error => refused(&question.call, &question.id, denial),
    }
}

/// How any other denied message is answered, or what stands in its place.
pub(crate) fn refused(call: &Call, id: &str, denial: &Denial) -> Bytes {
    let timeout = u64::try_from(call.route.route.chain_timeout.as_millis()).unwrap_or(u64::MAX);
    let (code, message, data) = facts(denial, timeout);
    rpc::error_with(id, code, message, Some(&data))
}

/// What stands in place of an answer that policies could not be shown.
pub(crate) fn unreadable(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The upstream's answer could not be read, so policies could not check it")
}

/// What stands in place of an answer of the client that policies could not be shown.
pub(crate) fn unreadable_answer(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The client's answer could not be read, so policies could not check it")
}

/// What stands in place of an answer whose question is not known, or not for certain.
pub(crate) fn unknown(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The answer belongs to no request that is known, so policies could not check it")
}

/// What stands in place of a message that could not be judged, or that a policy made unusable. The cause is for the log.
pub(crate) fn failed(call: &Call, id: &str, refusal: &Refusal) -> Bytes {
    refusal.log(Some(&call.reference));
    call.refused(refusal.urn());
    let message = match refusal {
        Refusal::UnusablePayload(_) => "A policy changed the message into one that cannot be sent",
        _ => "The gateway failed; its log has the cause under the call reference",
    };
    rpc::error(id, INTERNAL_ERROR, message)
}

/// How a request of a server is answered that policies could not be shown.
pub(crate) fn unreadable_request(id: &str) -> Bytes {
    rpc::error(id, INVALID_REQUEST, "Invalid request: policies could not be shown this request")
}

/// Headers that say something else than the message.
pub(crate) fn header_mismatch(envelope: &Envelope, reason: &str) -> Refusal {
    bad_request(envelope.id(), HEADER_MISMATCH, &format!("Header mismatch: {reason}"))
}

/// A revision that is not served.
pub(crate) fn unsupported_version(envelope: &Envelope, requested: &str) -> Refusal {
    // Only revisions in which every request stands for itself: which of the others the upstream speaks is found out
    // by its handshake.
    let supported = [Revision::V2026_07_28.as_str()];
    let data = Data::Version { supported: &supported, requested };
    let text = rpc::error_with(envelope.id(), UNSUPPORTED_VERSION, "Unsupported protocol version", Some(&data));
    Refusal::JsonRpc(StatusCode::BAD_REQUEST, text)
}

/// A request whose header names a revision without sessions, and that does not say so itself.
pub(crate) fn missing_version(envelope: &Envelope) -> Refusal {
    missing_meta(envelope, meta::VERSION)
}

/// A request without a member of `_meta` that its revision needs.
pub(crate) fn missing_meta(envelope: &Envelope, member: &str) -> Refusal {
    let reason = format!("Invalid params: params._meta needs {member}");
    bad_request(envelope.id(), INVALID_PARAMS, &reason)
}

/// A session that is not there, or not this caller's.
pub(crate) fn no_session(id: &str) -> Refusal {
    refusal(StatusCode::NOT_FOUND, id, INVALID_REQUEST, "Session not found; begin another with initialize")
}

/// A message that this revision or this place has no use for.
pub(crate) fn invalid(envelope: &Envelope, reason: &str) -> Refusal {
    bad_request(envelope.id(), INVALID_REQUEST, &format!("Invalid request: {reason}"))
}

/// A message that is none.
pub(crate) fn malformed(malformed: Malformed) -> Refusal {
    match malformed {
        Malformed::Syntax => bad_request("null", PARSE_ERROR, "Parse error: the body is not JSON"),
        Malformed::Invalid(reason, id) => {
            bad_request(id.as_deref().unwrap_or("null"), INVALID_REQUEST, &format!("Invalid request: {reason}"))
        }
    }
}

/// A method that cannot be the name of an event, so that no policy could be asked about it.
pub(crate) fn method_name(envelope: &Envelope) -> Refusal {
    let reason = "Invalid request: the method must have 1 to 128 characters of A-Z a-z 0-9 . _ - /";
    bad_request(envelope.id(), INVALID_REQUEST, reason)
}

/// Params that cannot be shown to policies.
pub(crate) fn params(envelope: &Envelope, cause: &PayloadError) -> Refusal {
    bad_request(envelope.id(), INVALID_REQUEST, &format!("Invalid request: params: {cause}"))
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

fn validation_error(said: &Said) -> ValidationError<'_> {
    let Said { interceptor, severity, message, path } = said;
    ValidationError { interceptor, severity: severity.as_str(), message, path: path.as_deref() }
}

fn tool_error(question: &Question, denial: &Denial) -> Bytes {
    let said: Vec<&str> = denial.messages.iter().map(|said| said.message.as_str()).collect();
    let text = format!(
        "Policy {} does not allow this {}: {} (call reference {})",
        denial.interceptor,
        denial.phase,
        said.join("; "),
        question.call.reference.as_str()
    );
    let result_type = (question.era == Era::Stateless).then_some("complete");
    let result = ToolError { result_type, content: [TextContent { kind: "text", text }], is_error: true };
    rpc::result(&question.id, &serde_json::to_string(&result).unwrap_or_default())
}

fn bad_request(id: &str, code: i32, message: &str) -> Refusal {
    refusal(StatusCode::BAD_REQUEST, id, code, message)
}

/// A reply that is an error to the request of that id.
pub(crate) fn refusal(status: StatusCode, id: &str, code: i32, message: &str) -> Refusal {
    Refusal::JsonRpc(status, rpc::error(id, code, message))
}
