//! The first checks of every POST: its size, its envelope, its revision, and in the stateless revision the mirror
//! headers.
//!
//! Not here: the origin check, which runs before anything is read.

use std::sync::Arc;

use http::{Request, request};
use weir_http::Incoming;
use weir_mcp::revision::{Era, Revision};
use weir_mcp::{Envelope, Kind, is_housekeeping};
use weir_mcp::{headers, mirror, rejection};

use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;

/// A POST that was read.
pub(super) struct Posted {
    pub(super) parts: request::Parts,
    pub(super) envelope: Envelope,
    /// As named in the message or its header; a session may have agreed on another one.
    pub(super) revision: Option<Revision>,
    pub(super) era: Era,
}

impl Posted {
    /// Whether it is an agent's action: a request that is an event.
    pub(super) fn is_action(&self) -> bool {
        matches!(self.envelope.kind(), Kind::Request { method } if !is_housekeeping(method))
    }
}

/// Reads a POST.
pub(super) async fn read_post(call: &Arc<McpCall>, request: Request<Incoming>) -> Result<Posted, Refusal> {
    let (parts, body) = request.into_parts();
    if weir_http::is_encoded(&parts.headers) {
        return Err(Refusal::EncodedBody);
    }
    let text = crate::reading::read_request(call, body).await?.data;
    let envelope = Envelope::read(text).map_err(rejection::malformed)?;
    let (revision, era) = headers::revision(&parts.headers, &envelope)?;
    if era == Era::Stateless {
        mirror::check(&parts.headers, &envelope, |tool| call.common.tools.of(call, tool))?;
    }
    Ok(Posted { parts, envelope, revision, era })
}
