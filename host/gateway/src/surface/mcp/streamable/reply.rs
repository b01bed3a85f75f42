//! Replies made here, or with a replaced body.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response, StatusCode, response};
use weir_http::Body;

use crate::headers;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");

/// The form of a response, by content type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Events,
    Other,
}

impl Form {
    /// With several content types, readers differ in which one they use: if any is a stream of events, it counts as
    /// one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let said = |essence: &str| {
            let values = headers.get_all(CONTENT_TYPE).iter().filter_map(|value| value.to_str().ok());
            let mut essences = values.map(|value| value.split(';').next().unwrap_or_default().trim());
            essences.any(|named| named.eq_ignore_ascii_case(essence))
        };
        match (said("text/event-stream"), said("application/json")) {
            (true, _) => Self::Events,
            (false, true) => Self::Json,
            (false, false) => Self::Other,
        }
    }
}

/// A response with a replaced body.
pub(super) fn instead(mut parts: response::Parts, text: Bytes) -> Response<Body> {
    parts.headers.insert(CONTENT_TYPE, JSON);
    headers::body_replaced(&mut parts.headers);
    Response::from_parts(parts, Body::whole(text))
}

/// A JSON reply of our own.
pub(super) fn json(status: StatusCode, text: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::whole(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

/// The reply to a request that its caller cancelled before it was forwarded. A cancelled request has no answer, but
/// HTTP needs a response: an empty stream of events, as a server sends that honours the cancel.
pub(super) fn nothing() -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::new()));
    response.headers_mut().insert(CONTENT_TYPE, EVENTS);
    response
}
