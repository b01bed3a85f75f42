//! Answers of the interceptor server in JSON-RPC's words.
//!
//! Invariant: a failure holds what its caller may know and nothing else.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::body::ReplyBody;
use crate::mcp::revision::Era;
use crate::refusal::Refusal;

pub(super) const PARSE_ERROR: i32 = -32700;
pub(super) const INVALID_REQUEST: i32 = -32600;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INVALID_PARAMS: i32 = -32602;
pub(super) const INTERNAL_ERROR: i32 = -32603;
pub(super) const TIMEOUT: i32 = -32000;
pub(super) const HEADER_MISMATCH: i32 = -32020;
pub(super) const UNSUPPORTED_VERSION: i32 = -32022;

/// A result as JSON text, or why there is none.
pub(super) type Outcome = Result<String, Failure>;

/// Why a request has no result.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: i32,
    pub(super) message: String,
    pub(super) data: Option<Data>,
}

/// What a failure says besides its message.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum Data {
    /// It took too long.
    Timeout { interceptor: String, timeout_ms: serde_json::Number, phase: &'static str },
    /// It failed; the reason is one of a few.
    Failed { interceptor: String, reason: &'static str },
    /// It is not for that.
    NotHooked { interceptor: String, event: String, phase: &'static str },
    /// The revision is not served.
    Version { supported: Vec<&'static str>, requested: String },
}

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
    data: Option<&'a Data>,
}

/// A result with what the stateless revision wants in each.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Complete<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(flatten)]
    result: &'a T,
}

impl Failure {
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None }
    }

    pub(super) fn with(code: i32, message: &str, data: Data) -> Self {
        Self { code, message: message.to_owned(), data: Some(data) }
    }

    pub(super) fn method_not_found() -> Self {
        Self::new(METHOD_NOT_FOUND, "Method not found: this endpoint serves interceptors only")
    }

    pub(super) fn params(reason: impl std::fmt::Display) -> Self {
        Self::new(INVALID_PARAMS, format!("Invalid params: {reason}"))
    }

    /// The failure as the whole answer to a request, with a status that says so.
    pub(super) fn refuse(&self, status: StatusCode, id: &str) -> Refusal {
        Refusal::JsonRpc(status, error(id, self))
    }
}

/// The text of a result.
pub(super) fn complete<T: Serialize>(era: Era, result: &T) -> Outcome {
    let result_type = (era == Era::Stateless).then_some("complete");
    serde_json::to_string(&Complete { result_type, result }).map_err(|error| {
        tracing::error!(%error, "a result of the interceptor server cannot be written");
        Failure::new(INTERNAL_ERROR, "The gateway failed; its log has the cause under the call reference")
    })
}

/// An answer with a result.
pub(super) fn result(id: &str, result: &str) -> Bytes {
    let parts = ["{\"jsonrpc\":\"2.0\",\"id\":", id, ",\"result\":", result, "}"];
    parts.concat().into()
}

/// An answer with an error.
pub(super) fn error(id: &str, failure: &Failure) -> Bytes {
    let Failure { code, message, data } = failure;
    // An id was read as JSON before; anything else is answered with the id of nobody.
    let id = serde_json::from_str::<&RawValue>(id).unwrap_or(RawValue::NULL);
    let said = Failed { error: Error { code: *code, message, data: data.as_ref() } };
    serde_json::to_vec(&Reply { jsonrpc: "2.0", id, said }).unwrap_or_default().into()
}

/// A reply of JSON, or of nothing.
pub(super) fn reply(status: StatusCode, text: Bytes) -> Response<ReplyBody> {
    let is_json = !text.is_empty();
    let mut response = Response::new(ReplyBody::whole(text));
    *response.status_mut() = status;
    if is_json {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}
