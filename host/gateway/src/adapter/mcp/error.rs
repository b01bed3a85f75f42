//! Refusals in JSON-RPC's words.

use ::http::StatusCode;
use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use weir_core::chain::Status;
use weir_core::payload::PayloadError;

use super::Question;
use super::envelope::{Envelope, Malformed};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::routes::OnDeny;
use crate::verdict::{Denial, Said};

/// The problem type of an answer that policies could not be shown.
pub(crate) const UNREADABLE: &str = "urn:weir:upstream-invalid";

const PARSE_ERROR: i32 = -32700;
const INVALID_REQUEST: i32 = -32600;
const INVALID_PARAMS: i32 = -32602;
const INTERNAL_ERROR: i32 = -32603;
const TIMEOUT: i32 = -32000;

#[derive(Serialize)]
struct Reply<'a, T> {
    jsonrpc: &'static str,
    id: &'a RawValue,
    #[serde(flatten)]
    said: T,
}

#[derive(Serialize)]
struct Failed<'a> {
    error: Error<'a>,
}

#[derive(Serialize)]
struct Error<'a> {
    code: i32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Data<'a>>,
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
struct ToolResult {
    result: ToolError,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolError {
    content: [TextContent; 1],
    is_error: bool,
}

#[derive(Serialize)]
struct TextContent {
    #[serde(rename = "type")]
    kind: &'static str,
    text: String,
}

/// How a denied request, or the answer to it, is answered.
pub(crate) fn denied(call: &Call, question: &Question, denial: Denial) -> Bytes {
    call.refused(Refusal::Denied(denial.clone()).urn());
    let route = &call.route.route;
    let is_tool = question.event.as_str() == "tools/call";
    match route.on_deny {
        OnDeny::ToolError if is_tool => tool_error(&question.id, call, &denial),
        OnDeny::ToolError | OnDeny::Error => {
            let timeout = u64::try_from(route.chain_timeout.as_millis()).unwrap_or(u64::MAX);
            let (code, message, data) = facts(&denial, timeout);
            error(&question.id, code, message, Some(data))
        }
    }
}

/// What stands in place of an answer that policies could not be shown.
pub(crate) fn unreadable(id: &str) -> Bytes {
    error(id, INTERNAL_ERROR, "The upstream's answer could not be read, so policies could not check it", None)
}

/// What stands in place of an answer that could not be checked because the gateway failed.
pub(crate) fn internal(id: &str) -> Bytes {
    error(id, INTERNAL_ERROR, "The gateway failed; its log has the cause under the call reference", None)
}

/// A message that is none.
pub(crate) fn malformed(malformed: Malformed) -> Refusal {
    match malformed {
        Malformed::Syntax => refusal("null", PARSE_ERROR, "Parse error: the body is not JSON"),
        Malformed::Invalid(reason, id) => {
            refusal(id.as_deref().unwrap_or("null"), INVALID_REQUEST, &format!("Invalid request: {reason}"))
        }
    }
}

/// A method that cannot be the name of an event, so that no policy could be asked about it.
pub(crate) fn method_name(envelope: &Envelope) -> Refusal {
    let reason = "Invalid request: the method must have 1 to 128 characters of A-Z a-z 0-9 . _ - /";
    refusal(envelope.id(), INVALID_REQUEST, reason)
}

/// Params that cannot be shown to policies.
pub(crate) fn params(envelope: &Envelope, cause: &PayloadError) -> Refusal {
    refusal(envelope.id(), INVALID_REQUEST, &format!("Invalid request: params: {cause}"))
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

fn tool_error(id: &str, call: &Call, denial: &Denial) -> Bytes {
    let said: Vec<&str> = denial.messages.iter().map(|said| said.message.as_str()).collect();
    let text = format!(
        "Policy {} does not allow this {}: {} (call reference {})",
        denial.interceptor,
        denial.phase,
        said.join("; "),
        call.reference.as_str()
    );
    render(id, ToolResult { result: ToolError { content: [TextContent { kind: "text", text }], is_error: true } })
}

fn refusal(id: &str, code: i32, message: &str) -> Refusal {
    Refusal::JsonRpc(StatusCode::BAD_REQUEST, error(id, code, message, None))
}

fn error(id: &str, code: i32, message: &str, data: Option<Data<'_>>) -> Bytes {
    render(id, Failed { error: Error { code, message, data } })
}

fn render<T: Serialize>(id: &str, said: T) -> Bytes {
    // An id was read as JSON before; anything else is answered with the id of nobody.
    let id = serde_json::from_str::<&RawValue>(id).unwrap_or(RawValue::NULL);
    serde_json::to_vec(&Reply { jsonrpc: "2.0", id, said }).unwrap_or_default().into()
}
