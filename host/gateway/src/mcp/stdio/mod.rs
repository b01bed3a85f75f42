//! MCP servers that speak over their standard streams, and the gateway as the Streamable HTTP server in front of
//! them.
//!
//! Invariants: what a client of one session sends and is sent reaches no other session, also where they share a
//! process; everything passes the session's conversation, and so the policies; whatever is held is bounded.
//!
//! Not here: what policies see of a message (conversation), and how a POST is read (the HTTP front).

mod answer;
mod backoff;
mod bridge;
mod lines;
mod link;
mod message;
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

use http::{Method, Request, Response};
use hyper::body::Incoming;

use crate::body::ReplyBody;
use crate::call::Call;
use crate::mcp::conversation::is_housekeeping;
use crate::mcp::envelope::Kind;
use crate::mcp::http::front::read_post;
use crate::mcp::revision::Era;
use crate::records::recorded;
use crate::refusal::Refusal;

pub(crate) use servers::{EndServers, Servers};

/// Answers a request on a route that leads to a process.
pub(crate) async fn exchange(call: &Arc<Call>, request: Request<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
    let is_no_action = || call.intercept.is_no_action(&call.shared.contexts);
    match *request.method() {
        Method::POST => {
            let posted = read_post(call, request).await?;
            let bridge = call.shared.servers.bridge(call)?;
            let is_action = matches!(posted.envelope.kind(), Kind::Request { method } if !is_housekeeping(method));
            let answered = async {
                match posted.era {
                    Era::Session => sessions::post(call, &bridge, posted).await,
                    Era::Stateless => stateless::post(call, &bridge, posted).await,
                }
            };
            if is_action {
                recorded(call, answered).await
            } else {
                is_no_action();
                answered.await
            }
        }
        Method::GET => {
            is_no_action();
            sessions::listen(call, &*call.shared.servers.bridge(call)?, &request.into_parts().0)
        }
        Method::DELETE => {
            is_no_action();
            sessions::end(call, &*call.shared.servers.bridge(call)?, request.headers())
        }
        _ => Err(Refusal::MethodNotAllowed("POST, GET, DELETE")),
    }
}
