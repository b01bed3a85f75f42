//! Bodies for policies: read completely, and replaced if a policy changed them.

use bytes::Bytes;
use http::HeaderMap;
use weir_http::{AnswerBody, HttpBody, Incoming, Read, is_encoded};

use crate::call::Call;
use crate::headers;
use crate::reading;
use crate::refusal::Refusal;

/// Reads a request's body. A compressed one is refused, since policies cannot read it.
pub(super) async fn read_request(call: &Call, headers: &HeaderMap, body: Incoming) -> Result<Read, Refusal> {
    if is_encoded(headers) && !body.is_end_stream() {
        return Err(Refusal::EncodedBody);
    }
    reading::read_request(call, body).await
}

/// Reads a response's body.
pub(super) async fn read_response(call: &Call, headers: &HeaderMap, body: AnswerBody) -> Result<Read, Refusal> {
    if is_encoded(headers) && !body.is_end() {
        return Err(Refusal::UpstreamInvalid(
            "the upstream compressed its response although it was asked not to, so policies cannot read it",
        ));
    }
    reading::read_response(call, body).await
}

/// Replaces the body.
pub(super) fn replace(headers: &mut HeaderMap, body: &mut Read, data: Bytes) {
    headers::body_replaced(headers);
    *body = Read { data, trailers: None };
}
