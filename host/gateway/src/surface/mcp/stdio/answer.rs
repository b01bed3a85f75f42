//! Answers of our own to messages that reach no server, or whose answer never comes.

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

/// The process is gone, and with it the answer.
pub(super) fn lost(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The server ended before it answered")
}

/// An answer that could not be read, or was longer than a message may be.
pub(super) fn unreadable(id: &str) -> Bytes {
    rpc::error(id, INTERNAL_ERROR, "The server's answer could not be read")
}

/// The process has not begun to answer for as long as it may.
pub(super) fn late(id: &str, limit: Duration) -> Bytes {
    let timeout_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    let data = Late { kind: UPSTREAM_TIMEOUT, timeout_ms };
    rpc::error_with(id, INTERNAL_ERROR, "The server did not answer in time", Some(&data))
}

/// A reply to a message that is refused before it goes anywhere.
pub(super) fn refuse(status: StatusCode, id: &str, message: &str) -> Rejection {
    rejection::rejection(status, id, INVALID_REQUEST, message)
}
