//! Answers of our own to messages that reach no server, or whose answer never comes.

use bytes::Bytes;
use http::StatusCode;

use crate::json;
use crate::refusal::Refusal;

pub(super) const INVALID_REQUEST: i32 = -32600;
pub(super) const METHOD_NOT_FOUND: i32 = -32601;
pub(super) const INTERNAL_ERROR: i32 = -32603;

/// An answer that is an error. The id is JSON as it was written.
pub(super) fn error(id: &str, code: i32, message: &str) -> Bytes {
    error_with(id, code, message, None)
}

/// The same with data, which is JSON.
pub(super) fn error_with(id: &str, code: i32, message: &str, data: Option<&str>) -> Bytes {
    let mut text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{{\"code\":{code},\"message\":").into_bytes();
    json::quote(message, &mut text);
    if let Some(data) = data {
        text.extend_from_slice(b",\"data\":");
        text.extend_from_slice(data.as_bytes());
    }
    text.extend_from_slice(b"}}");
    text.into()
}

/// An answer with a result, which is JSON.
pub(super) fn result(id: &str, result: &str) -> Bytes {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{result}}}").into()
}

/// The process is gone, and with it the answer.
pub(super) fn lost(id: &str) -> Bytes {
    error(id, INTERNAL_ERROR, "The server ended before it answered")
}

/// An answer that could not be read, or was longer than a message may be.
pub(super) fn unreadable(id: &str) -> Bytes {
    error(id, INTERNAL_ERROR, "The server's answer could not be read")
}

/// A reply to a message that is refused before it goes anywhere.
pub(super) fn refuse(status: StatusCode, id: &str, message: &str) -> Refusal {
    Refusal::JsonRpc(status, error(id, INVALID_REQUEST, message))
}

#[cfg(test)]
mod tests {
    #[test]
    fn answers_are_json() {
        assert_eq!(
            super::error("\"a\"", -1, "say \"no\""),
            r#"{"jsonrpc":"2.0","id":"a","error":{"code":-1,"message":"say \"no\""}}"#
        );
        assert_eq!(
            super::error_with("1", -1, "x", Some("{\"a\":1}")),
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-1,"message":"x","data":{"a":1}}}"#
        );
        assert_eq!(super::result("1", "{}"), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    }
}
