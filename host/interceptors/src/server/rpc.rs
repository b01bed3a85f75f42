//! Answers of the interceptor server: results, and failures with their data.
//!
//! Invariant: a failure contains only what its caller may know.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::Serialize;
use weir_http::Body;
use weir_mcp::revision::Era;
use weir_mcp::rpc::{self, INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND};

/// A result as JSON text, or the failure.
pub(super) type Outcome = Result<String, Failure>;

/// Why a request has no result.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) code: i32,
    pub(super) message: String,
    pub(super) data: Option<Data>,
}

/// The data of a failure.
#[derive(Debug, Serialize)]
#[serde(untagged, rename_all_fields = "camelCase")]
pub(super) enum Data {
    /// It took too long.
    Timeout { interceptor: String, timeout_ms: serde_json::Number, phase: &'static str },
    /// It failed; the reason is one of a few.
    Failed { interceptor: String, reason: &'static str },
    /// It does not hook the event.
    NotHooked { interceptor: String, event: String, phase: &'static str },
}

/// A result with the members that the stateless revision requires.
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
}

/// The text of a result.
pub(super) fn complete<T: Serialize>(era: Era, result: &T) -> Outcome {
    let result_type = (era == Era::Stateless).then_some("complete");
    serde_json::to_string(&Complete { result_type, result }).map_err(|error| {
        tracing::error!(%error, "cannot serialize a result of the interceptor server");
        Failure::new(INTERNAL_ERROR, "The gateway failed; its log has the cause under the call reference")
    })
}

/// An answer with an error.
pub(super) fn error(id: &str, failure: &Failure) -> Bytes {
    let Failure { code, message, data } = failure;
    rpc::error_with(id, *code, message, data.as_ref())
}

/// A reply with JSON, or an empty one.
pub(super) fn reply(status: StatusCode, text: Bytes) -> Response<Body> {
    let is_json = !text.is_empty();
    let mut response = Response::new(Body::whole(text));
    *response.status_mut() = status;
    if is_json {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}
