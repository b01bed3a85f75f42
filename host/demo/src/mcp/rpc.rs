//! JSON-RPC as MCP uses it: one message per POST.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;
use weir_mcp::{Envelope, Kind, Rejection, rejection, rpc};

pub use weir_mcp::rpc::{INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND};

/// What a client sent.
pub enum Message {
    /// It expects an answer.
    Request {
        /// As it was written; repeated in the answer.
        id: String,
        /// What to do.
        method: String,
        /// With what.
        params: Value,
    },
    /// It wants none. Answers to requests of ours are treated the same, since we send none.
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

/// Reads one message.
pub fn read(body: &Bytes) -> Result<Message, Rejection> {
    let envelope = Envelope::read(body.clone()).map_err(rejection::malformed)?;
    let Kind::Request { method } = envelope.kind() else { return Ok(Message::Notification) };
    let params = serde_json::from_str(envelope.params().unwrap_or("null")).unwrap_or_default();
    Ok(Message::Request { id: envelope.id().to_owned(), method: method.to_owned(), params })
}

/// The answer to a request.
pub fn success(id: &str, result: &Value) -> Response<Bytes> {
    json(StatusCode::OK, rpc::result(id, &result.to_string()))
}

/// The answer to a request that cannot be served.
pub fn failure(status: StatusCode, id: &str, error: &RpcError) -> Response<Bytes> {
    let RpcError { code, message } = error;
    json(status, rpc::error(id, *code, message))
}

/// The answer to a message that is refused.
pub fn refused(Rejection { status, text }: Rejection) -> Response<Bytes> {
    json(status, text)
}

fn json(status: StatusCode, text: Bytes) -> Response<Bytes> {
    let mut response = Response::new(text);
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
