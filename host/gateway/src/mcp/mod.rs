//! MCP: every request of either side but the protocol's own housekeeping is an event of its method's name.
//!
//! Invariants: a message keeps its bytes except for the member that a policy changed; ids keep type and value; a
//! message that could be read in two ways is refused, so that policies judge what the other side acts on.
//!
//! `conversation` decides what becomes of messages and knows no transport; `http` carries them.

mod conversation;
pub(crate) mod envelope;
mod error;
mod http;
mod id;
mod meta;
pub(crate) mod revision;
mod sessions;
pub mod stdio;
mod watch;

use std::sync::Arc;

use ::http::{HeaderName, Request, Response};
use hyper::body::Incoming;

use crate::body::ReplyBody;
use crate::call::Call;
use crate::origin::Exposure;
use crate::refusal::Refusal;
use crate::routes::Upstream;

pub(crate) use http::{Learning, Relay, ToolHeaders};
pub(crate) use sessions::Sessions;
pub(crate) use watch::Watched;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// One exchange over HTTP on a route that speaks MCP.
pub(crate) async fn exchange(
    call: &Arc<Call>,
    exposure: Exposure,
    request: Request<Incoming>,
) -> Result<Response<ReplyBody>, Refusal> {
    exposure.admit(&call.shared.options.admission, &request)?;
    match call.route.route.upstream {
        Upstream::Url(_) => http::exchange(call, exposure, request).await,
        Upstream::Command(_) => stdio::exchange(call, exposure, request).await,
    }
}
