//! MCP: every request of either side but the protocol's own housekeeping is an event of its method's name.
//!
//! Invariants: a message keeps its bytes except for the member that a policy changed; ids keep type and value; a
//! message that could be read in two ways is refused, so that policies judge what the other side acts on.
//!
//! `conversation` decides what becomes of messages and knows no transport; `http` carries them.

mod conversation;
pub(crate) mod envelope;
pub(crate) mod error;
pub(crate) mod headers;
mod http;
mod id;
pub(crate) mod meta;
pub(crate) mod revision;
pub(crate) mod rpc;
mod sessions;
pub mod stdio;
mod watch;

use std::sync::Arc;

use ::http::{Request, Response};
use hyper::body::Incoming;

use crate::body::ReplyBody;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::routes::Upstream;

pub(crate) use http::{Learning, Relay, ToolHeaders};
pub(crate) use sessions::Sessions;
pub(crate) use watch::Watched;

/// One exchange over HTTP on a route that speaks MCP. Whether its origin may reach the route has been checked.
pub(crate) async fn exchange(call: &Arc<Call>, request: Request<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
    match call.route.route.upstream {
        Upstream::Url(_) => http::exchange(call, request).await,
        Upstream::Command(_) => stdio::exchange(call, request).await,
    }
}
