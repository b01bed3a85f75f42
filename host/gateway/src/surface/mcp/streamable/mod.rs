//! Streamable HTTP: carries the messages of a conversation between a caller and an upstream that both support it.
//!
//! Invariants: a response streams through untouched if the route's policies see nothing of it; in a session an exchange
//! continues until the head of its response even if its caller disconnects, because there a disconnect does not cancel;
//! in the stateless revision a disconnect is the cancel and ends everything of the exchange.

mod back;
mod clean;
mod in_session;
mod learning;
mod lookup;
mod message;
mod relay;
mod reply;
mod session;

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, Request, Response};
use weir_http::{Body, Incoming};
use weir_mcp::Era;

use super::call::McpCall;
use super::post::Posted;
use super::sessions::Sessions;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::surface::{Exchange, Life};

/// Methods of an MCP endpoint.
const METHODS: &str = "POST, GET, DELETE, HEAD, OPTIONS";

/// One exchange over Streamable HTTP.
pub(super) struct StreamableExchange {
    call: Arc<McpCall>,
    sessions: Arc<Sessions>,
    received: Received,
}

#[expect(clippy::large_enum_variant, reason = "the exchange around it is in a box already")]
enum Received {
    /// A message.
    Posted(Posted),
    /// A stream, the end of a session, or another request about the endpoint.
    OfSession(Request<Incoming>),
}

impl StreamableExchange {
    /// A message that was read.
    pub(super) fn posted(posted: Posted, call: Arc<McpCall>, sessions: Arc<Sessions>) -> Self {
        Self { call, sessions, received: Received::Posted(posted) }
    }

    /// Any other request.
    pub(super) fn of_session(
        request: Request<Incoming>,
        call: Arc<McpCall>,
        sessions: Arc<Sessions>,
    ) -> Result<Self, Refusal> {
        match *request.method() {
            Method::GET | Method::DELETE | Method::HEAD | Method::OPTIONS => {
                Ok(Self { call, sessions, received: Received::OfSession(request) })
            }
            _ => Err(Refusal::MethodNotAllowed(METHODS)),
        }
    }
}

#[async_trait]
impl Exchange for StreamableExchange {
    fn is_action(&self) -> bool {
        matches!(&self.received, Received::Posted(posted) if posted.is_action())
    }

    fn life(&self) -> Life {
        match &self.received {
            Received::Posted(posted) if posted.era == Era::Session => Life::OwnAccord,
            Received::Posted(_) | Received::OfSession(_) => Life::Caller,
        }
    }

    async fn carry(self: Box<Self>, _: Arc<Call>) -> Result<Response<Body>, Refusal> {
        let Self { call, sessions, received } = *self;
        match received {
            Received::Posted(posted) => message::carry(&call, &sessions, posted).await,
            Received::OfSession(request) => session::carry(&call, &sessions, request).await,
        }
    }
}
