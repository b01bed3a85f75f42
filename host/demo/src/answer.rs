//! JSON responses.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

/// A JSON response.
pub fn json(status: StatusCode, value: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
