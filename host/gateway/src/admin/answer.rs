//! Reading what the admin surface is sent and writing what it answers.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use serde::Serialize;

use super::record_source::SourceError;
use crate::body::ReplyBody;
use crate::options::GatewayOptions;
use crate::read::{self, ReadError};
use crate::refusal::Refusal;

/// The whole of a body.
pub(super) async fn read_body(body: Incoming, limit: usize) -> Result<Bytes, Refusal> {
    let time = GatewayOptions::default().body_read_timeout;
    let read = read::whole(body, limit, time).await.map_err(|error| match error {
        ReadError::TooLarge => Refusal::BodyTooLarge(limit),
        ReadError::Slow => Refusal::BodyTimeout,
        ReadError::Broken(_) => Refusal::BadRequest("the body broke off".to_owned()),
    })?;
    Ok(read.data)
}

/// What a source that gives no answer means for the caller.
pub(super) fn refused(error: SourceError) -> Refusal {
    match error {
        SourceError::Invalid(detail) => Refusal::BadRequest(detail),
        SourceError::Unavailable(cause) => Refusal::StoreUnavailable(cause),
    }
}

pub(super) fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(super) fn json(value: &impl Serialize) -> Result<Response<ReplyBody>, Refusal> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an admin answer cannot be written");
        Refusal::Internal
    })?;
    Ok(text("application/json", body))
}

pub(super) fn created(value: &impl Serialize) -> Result<Response<ReplyBody>, Refusal> {
    let mut response = json(value)?;
    *response.status_mut() = StatusCode::CREATED;
    Ok(response)
}

pub(super) fn no_content() -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(Bytes::new()));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
