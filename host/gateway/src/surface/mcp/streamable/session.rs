//! Requests without a message: streams of a session, its end, and others about the endpoint.

use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use weir_http::{Body, Incoming, Patience, RequestBody, is_encoded};
use weir_mcp::Era;
use weir_mcp::headers::stated;

use super::back::Back;
use super::clean;
use super::in_session::{InSession, Memory};
use super::relay::Relay;
use super::reply::Form;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::sessions::Sessions;
use crate::upstream::{address, ask};

/// Methods of an endpoint without sessions.
const STATELESS_METHODS: &str = "POST";

/// Handles GET streams, the end of a session, and other requests about the endpoint.
pub(super) async fn carry(
    call: &Arc<McpCall>,
    sessions: &Arc<Sessions>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    let (mut parts, body) = request.into_parts();
    let revision = stated(&parts.headers)?;
    let is_stateless = revision.is_some_and(|revision| revision.era() == Era::Stateless);
    if is_stateless && matches!(parts.method, Method::GET | Method::DELETE) {
        return Err(Refusal::MethodNotAllowed(STATELESS_METHODS));
    }
    let session = InSession::of(call, sessions, &parts.headers, Era::Session)?;
    let method = parts.method.clone();
    let memory = if method == Method::GET { Memory::Always } else { Memory::AsNeeded };
    let conversation = session.conversation(call, memory, "null")?;
    if method == Method::GET {
        conversation.client_context(call, &parts.headers, revision);
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    clean::request(call, &mut parts.headers, Era::Session);
    address(call, &mut parts)?;
    let back = Back::new(&parts);
    let patience = if method == Method::GET { Patience::Endless } else { Patience::Limited };
    let response = ask(call, Request::from_parts(parts, RequestBody::streamed(body)), patience).await?;
    let (mut parts, body) = response.into_parts();
    match (&method, parts.status) {
        (&Method::DELETE, StatusCode::NOT_FOUND) => session.note_end(call),
        (&Method::DELETE, status) if status.is_success() => session.note_end(call),
        // Some servers without streams answer 404, so a failed GET does not end the session.
        (&Method::GET, status) if status.is_success() => session.note_status(call, status),
        _ => {}
    }
    let is_stream = Form::of(&parts.headers) == Form::Events && parts.status.is_success();
    if method != Method::GET || !is_stream {
        let is_json = method == Method::GET && parts.status.is_success() && Form::of(&parts.headers) == Form::Json;
        if is_json && call.watched.anything() {
            // It is unclear what a client would do with a message in it.
            return Err(Refusal::UpstreamInvalid("the upstream answered a GET with JSON, not with a stream of events"));
        }
        return Ok(Response::from_parts(parts, Body::streamed(body)));
    }
    if is_encoded(&parts.headers) {
        return Err(Refusal::UpstreamInvalid(
            "the upstream compressed its stream although it was asked not to, so policies cannot read it",
        ));
    }
    parts.headers.remove(CONTENT_LENGTH);
    let relay = Relay::of_session(body, Arc::clone(call), conversation, back);
    Ok(Response::from_parts(parts, Body::frames(relay)))
}
