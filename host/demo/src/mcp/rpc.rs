//! JSON-RPC as MCP uses it: one message per POST.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::answer;

/// The text is not JSON.
pub const PARSE_ERROR: i32 = -32700;
/// It is JSON, but not a message.
pub const INVALID_REQUEST: i32 = -32600;
/// The method is unknown.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// The parameters are invalid.
pub const INVALID_PARAMS: i32 = -32602;

/// What a client sent.
pub enum Message {
    /// It expects an answer.
    Request {
        /// Repeated in the answer.
        id: Value,
        /// What to do.
        method: String,
        /// With what.
        params: Value,
    },
    /// It expects none. Responses are treated alike, since this server sends no requests.
    Notification,
}

/// An error for the client.
#[derive(Debug)]
pub struct RpcError {
    code: i32,
    message: String,
}

impl RpcError {
    /// Creates an error.
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Parses one message.
pub fn read(body: &[u8]) -> Result<Message, RpcError> {
    let value: Value =
        serde_json::from_slice(body).map_err(|error| RpcError::new(PARSE_ERROR, format!("not JSON: {error}")))?;
    let invalid = |message: &str| RpcError::new(INVALID_REQUEST, message);
    let Value::Object(mut members) = value else {
        return Err(invalid("send one JSON-RPC message; batches are not part of MCP any more"));
    };
    if members.get("jsonrpc") != Some(&Value::from("2.0")) {
        return Err(invalid("\"jsonrpc\" must be \"2.0\""));
    }
    let method = match members.remove("method") {
        Some(Value::String(method)) => method,
        None if members.contains_key("result") || members.contains_key("error") => return Ok(Message::Notification),
        _ => return Err(invalid("\"method\" must be a string")),
    };
    match members.remove("id") {
        None => Ok(Message::Notification),
        Some(id @ (Value::String(_) | Value::Number(_))) => {
            Ok(Message::Request { id, method, params: members.remove("params").unwrap_or_default() })
        }
        Some(_) => Err(invalid("\"id\" must be a string or a number")),
    }
}

/// The response to a request.
pub fn success(id: &Value, result: &Value) -> Response<Bytes> {
    answer::json(StatusCode::OK, &json!({"jsonrpc": "2.0", "id": id, "result": result}))
}

/// The error response to a request.
pub fn failure(status: StatusCode, id: &Value, error: &RpcError) -> Response<Bytes> {
    let RpcError { code, message } = error;
    let error = json!({"code": code, "message": message});
    answer::json(status, &json!({"jsonrpc": "2.0", "id": id, "error": error}))
}
