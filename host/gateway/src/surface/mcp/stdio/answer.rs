//! Our own answers to messages that reach no server, or whose answer never arrives.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use weir_mcp::rpc::{self, INTERNAL_ERROR, INVALID_REQUEST};
use weir_mcp::{Rejection, rejection};

use crate::refusal::UPSTREAM_TIMEOUT;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Late {
    #[serde(rename = "type")]
    kind: &'static str,
    timeout_ms: u64,
}

/// The process ended before it answered.
pub(super) fn lost(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The server ended before it answered")
}

/// The answer was unreadable or too long.
pub(super) fn unreadable(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The server's answer could not be read")
}

/// The process did not respond within the timeout.
pub(super) fn late(id: &str, limit: Duration) -> Bytes {
    let timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let data = Late { kind: UPSTREAM_TIMEOUT, timeout_ms };
    rpc::error_with(id, INTERNAL_ERROR, "The server did not answer in time", Some(&data))
}

/// The reply to a message that is refused before it is forwarded.
pub(super) fn refuse(status: StatusCode, id: &str, message: &str) -> Rejection {
    rejection::rejection(status, id, INVALID_REQUEST, message)
}
