//! Reading request bodies and writing replies of the admin surface.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use serde::{Deserialize, Serialize};
use weir_http::Body;
use weir_http::Incoming;
use weir_http::{ListenerOptions, ReadError};

use crate::error::AdminError;
use crate::record_source::SourceError;

/// The whole of a body.
pub(crate) async fn read_body(body: Incoming, limit: usize) -> Result<Bytes, AdminError> {
    let time = ListenerOptions::default().body_read_timeout;
    let read = weir_http::whole(body, limit, time).await.map_err(|error| match error {
        ReadError::TooLarge => AdminError::BodyTooLarge(limit),
        ReadError::Slow => AdminError::BodyTimeout,
        ReadError::Broken(_) => AdminError::BadRequest("the body broke off".to_owned()),
    })?;
    Ok(read.data)
}

/// Reads a body that must be an object; the error is for the client. Without the check, serde would also read an array,
/// member by member.
pub(crate) fn object<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, String> {
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err("body: it must be a JSON object".to_owned());
    }
    serde_json::from_slice(body).map_err(|error| format!("body: {error}"))
}

/// The reply for an error of the source.
pub(crate) fn refused(error: SourceError) -> AdminError {
    match error {
        SourceError::Invalid(detail) => AdminError::BadRequest(detail),
        SourceError::Unavailable(cause) => AdminError::StoreUnavailable(cause),
    }
}

pub(crate) fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::whole(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(crate) fn json(value: &impl Serialize) -> Result<Response<Body>, AdminError> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "cannot serialize an admin response");
        AdminError::Internal
    })?;
    Ok(text("application/json", body))
}

pub(crate) fn created(value: &impl Serialize) -> Result<Response<Body>, AdminError> {
    let mut response = json(value)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
