//! Reads the bodies of a call completely, within the limits of its route, and maps errors to refusals.

use bytes::Bytes;
use weir_http::{BodyError, HttpBody, Incoming, Read, ReadError};

use crate::call::Call;
use crate::refusal::Refusal;

/// Reads a request's body within the route's limit.
pub async fn read_request(call: &Call, body: Incoming) -> Result<Read, Refusal> {
    let limit = call.route.options.max_body;
    weir_http::whole(body, limit, call.shared.options.body_read_timeout).await.map_err(|error| match error {
        ReadError::TooLarge => Refusal::BodyTooLarge(limit),
        ReadError::Slow => Refusal::BodyTimeout,
        ReadError::Broken(_) => Refusal::BadRequest("the body is incomplete".to_owned()),
    })
}

/// Reads a response's body within the route's limit.
pub async fn read_response(
    call: &Call,
    body: impl HttpBody<Data = Bytes, Error: Into<BodyError>> + Unpin,
) -> Result<Read, Refusal> {
    let limit = call.route.options.max_body;
    weir_http::whole(body, limit, call.shared.options.response_timeout).await.map_err(|error| match error {
        ReadError::TooLarge => {
            Refusal::UpstreamInvalid("the upstream's response is larger than what policies may read (`max_body`)")
        }
        ReadError::Slow => Refusal::UpstreamTimeout,
        ReadError::Broken(error) => Refusal::UpstreamUnreachable(weir_http::chain_of(error.as_ref())),
    })
}
