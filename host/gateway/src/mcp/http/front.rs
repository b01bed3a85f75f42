//! What every POST goes through before anything is made of it: its size, its envelope, its revision, and in the
//! stateless revision the headers that say the same as the message.
//!
//! Not here: whether its caller's origin may reach the route. That is found before anything is read.

use std::sync::Arc;

use ::http::{Request, request};
use hyper::body::Incoming;

use super::mirror;
use crate::adapter;
use crate::call::Call;
use crate::mcp::envelope::Envelope;
use crate::mcp::revision::{Era, Revision};
use crate::mcp::{error, headers};
use crate::refusal::Refusal;

/// A POST that was read.
pub(crate) struct Posted {
    pub(crate) parts: request::Parts,
    pub(crate) envelope: Envelope,
    /// What the message or its header says; a session may have agreed on another one.
    pub(crate) revision: Option<Revision>,
    pub(crate) era: Era,
}

/// Reads a POST.
pub(crate) async fn read_post(call: &Arc<Call>, request: Request<Incoming>) -> Result<Posted, Refusal> {
    let (parts, body) = request.into_parts();
    if adapter::http::is_encoded(&parts.headers) {
        return Err(Refusal::EncodedBody);
    }
    let text = adapter::read_request(call, body).await?.data;
    let envelope = Envelope::read(text).map_err(error::malformed)?;
    let (revision, era) = headers::revision(&parts.headers, &envelope)?;
    if era == Era::Stateless {
        mirror::check(call, &parts.headers, &envelope)?;
    }
    Ok(Posted { parts, envelope, revision, era })
}
