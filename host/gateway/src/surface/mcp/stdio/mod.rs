//! MCP servers on standard streams, with the gateway as the Streamable HTTP server in front of them.
//!
//! Invariants: messages of one session reach no other session, even if they share a process; every message passes the
//! session's conversation, and so the policies; buffers are bounded.
//!
//! Not here: what policies see of a message (conversation), and how a POST is read.

mod answer;
mod backoff;
mod bridge;
mod lines;
mod link;
mod process;
pub mod relay;
mod reply;
mod sequence;
mod servers;
mod sessions;
mod stateless;
mod streams;
mod table;

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, Request, Response};
use weir_http::{Body, Incoming};
use weir_mcp::Era;

use super::call::McpCall;
use super::post::Posted;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::surface::Exchange;
use bridge::Bridge;

pub(super) use servers::Servers;

/// One exchange over HTTP on a route to a process.
pub(super) struct StdioExchange {
    call: Arc<McpCall>,
    bridge: Arc<Bridge>,
    received: Received,
}

#[expect(clippy::large_enum_variant, reason = "the exchange around it is in a box already")]
enum Received {
    /// A message.
    Posted(Posted),
    /// A stream, or the end of a session.
    OfSession(Request<Incoming>),
}

impl StdioExchange {
    /// A message that was read.
    pub(super) fn posted(posted: Posted, bridge: Arc<Bridge>, call: Arc<McpCall>) -> Self {
        Self { call, bridge, received: Received::Posted(posted) }
    }

    /// A request for a stream or for the end of a session.
    pub(super) fn of_session(request: Request<Incoming>, bridge: Arc<Bridge>, call: Arc<McpCall>) -> Self {
        Self { call, bridge, received: Received::OfSession(request) }
    }

    /// Whether the endpoint supports a method.
    pub(super) fn has(method: &Method) -> bool {
        matches!(*method, Method::POST | Method::GET | Method::DELETE)
    }

    /// The refusal of any other method.
    pub(super) fn method_not_allowed() -> Refusal {
        Refusal::MethodNotAllowed("POST, GET, DELETE")
    }
}

#[async_trait]
impl Exchange for StdioExchange {
    fn is_action(&self) -> bool {
        matches!(&self.received, Received::Posted(posted) if posted.is_action())
    }

    async fn carry(self: Box<Self>, _: Arc<Call>) -> Result<Response<Body>, Refusal> {
        let Self { call, bridge, received } = *self;
        match received {
            Received::Posted(posted) if posted.era == Era::Session => sessions::post(&call, &bridge, posted).await,
            Received::Posted(posted) => stateless::post(&call, &bridge, posted).await,
            Received::OfSession(request) if request.method() == Method::GET => {
                sessions::listen(&call, &bridge, &request.into_parts().0)
            }
            Received::OfSession(request) => sessions::end(&call, &bridge, request.headers()),
        }
    }
}
