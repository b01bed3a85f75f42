//! Refusals of messages as JSON-RPC errors.

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use weir_core::payload::PayloadError;

use crate::envelope::{Envelope, Malformed};
use crate::meta;
use crate::revision::Revision;
use crate::rpc::{self, HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, UNSUPPORTED_VERSION};

/// The reply to a refused message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// The status, for messages over HTTP.
    pub status: StatusCode,
    /// The answer.
    pub text: Bytes,
}

#[derive(Serialize)]
struct Version<'a> {
    supported: &'a [&'static str],
    requested: &'a str,
}

/// Headers that contradict the message.
pub fn header_mismatch(envelope: &Envelope, reason: &str) -> Rejection {
    bad_request(envelope.id(), HEADER_MISMATCH, &format!("Header mismatch: {reason}"))
}

/// A revision that is not served.
pub fn unsupported_version(envelope: &Envelope, requested: &str) -> Rejection {
    // Only revisions without sessions. Which of the others the upstream supports is determined by its handshake.
    let supported = [Revision::V2026_07_28.as_str()];
    let data = Version { supported: &supported, requested };
    let text = rpc::error_with(envelope.id(), UNSUPPORTED_VERSION, "Unsupported protocol version", Some(&data));
    Rejection { status: StatusCode::BAD_REQUEST, text }
}

/// A request whose header names a stateless revision, but which does not name it itself.
pub fn missing_version(envelope: &Envelope) -> Rejection {
    missing_meta(envelope, meta::VERSION)
}

/// A request without a member of `_meta` that its revision needs.
pub fn missing_meta(envelope: &Envelope, member: &str) -> Rejection {
    let reason = format!("Invalid params: params._meta needs {member}");
    bad_request(envelope.id(), INVALID_PARAMS, &reason)
}

/// A session that does not exist or is not this caller's.
pub fn no_session(id: &str) -> Rejection {
    rejection(StatusCode::NOT_FOUND, id, INVALID_REQUEST, "Session not found; start a new one with initialize")
}

/// A message that is not valid in this revision or here.
pub fn invalid(envelope: &Envelope, reason: &str) -> Rejection {
    bad_request(envelope.id(), INVALID_REQUEST, &format!("Invalid request: {reason}"))
}

/// A text that is not a message.
pub fn malformed(malformed: Malformed) -> Rejection {
    match malformed {
        Malformed::Syntax => bad_request("null", PARSE_ERROR, "Parse error: the body is not JSON"),
        Malformed::Invalid(reason, id) => {
            bad_request(id.as_deref().unwrap_or("null"), INVALID_REQUEST, &format!("Invalid request: {reason}"))
        }
    }
}

/// A method that is not a valid event name, so no policy could be asked about it.
pub fn method_name(envelope: &Envelope) -> Rejection {
    let reason = "Invalid request: the method must have 1 to 128 characters of A-Z a-z 0-9 . _ - /";
    bad_request(envelope.id(), INVALID_REQUEST, reason)
}

/// Params that cannot be shown to policies.
pub fn params(envelope: &Envelope, cause: &PayloadError) -> Rejection {
    bad_request(envelope.id(), INVALID_REQUEST, &format!("Invalid request: params: {cause}"))
}

fn bad_request(id: &str, code: i32, message: &str) -> Rejection {
    rejection(StatusCode::BAD_REQUEST, id, code, message)
}

/// A reply that is an error to the request of that id.
pub fn rejection(status: StatusCode, id: &str, code: i32, message: &str) -> Rejection {
    Rejection { status, text: rpc::error(id, code, message) }
}
