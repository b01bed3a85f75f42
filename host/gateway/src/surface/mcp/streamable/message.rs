//! A client message: through the policies to the upstream, and the answer back.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use weir_http::{AnswerBody, Body, Patience, RequestBody, Whole, is_encoded};
use weir_mcp::headers::SESSION_ID;
use weir_mcp::{Envelope, Era, Method, mirror};

use super::back::Back;
use super::in_session::{InSession, Memory};
use super::learning::Learning;
use super::relay::Relay;
use super::reply::Form;
use super::{clean, lookup, reply};
use crate::headers;
use crate::reading::read_response;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::conversation::{ClientMessageOutcome, Conversation, FromServer, PendingQuestion, Replay};
use crate::surface::mcp::post::Posted;
use crate::surface::mcp::refusals;
use crate::surface::mcp::sessions::Sessions;
use crate::upstream::{address, ask};

/// One message to the upstream.
struct Outgoing {
    conversation: Arc<Conversation>,
    session: InSession,
    era: Era,
    pending: Option<PendingQuestion>,
    /// Answers the server's own requests, if it may have any.
    back: Option<Arc<Back>>,
    /// Whether the answer lists tools to learn from.
    lists_tools: bool,
    is_initialize: bool,
}

/// Carries the message through the policies to the upstream, and the answer back.
pub(super) async fn carry(
    call: &Arc<McpCall>,
    sessions: &Arc<Sessions>,
    posted: Posted,
) -> Result<Response<Body>, Refusal> {
    let Posted { mut parts, envelope, revision: _, era } = posted;
    let session = InSession::of(call, sessions, &parts.headers, era)?;
    let is_initialize = Method::of(envelope.method()) == Method::Initialize;
    let conversation = match is_initialize {
        true => session.handshake(call, envelope.id())?,
        false => session.conversation(call, Memory::AsNeeded, envelope.id())?,
    };
    let original = envelope.text().clone();
    let (envelope, pending) = match conversation.take(call, &parts.headers, envelope).await? {
        ClientMessageOutcome::Forward { envelope, pending } => (envelope, pending),
        ClientMessageOutcome::Answer(text) => return Ok(reply::json(StatusCode::OK, text)),
        ClientMessageOutcome::Cancelled => {
            if let Some(notes) = call.agent.notes() {
                notes.withdrawn();
            }
            return Ok(reply::nothing());
        }
    };
    clean::request(call, &mut parts.headers, era);
    if envelope.text() != &original {
        headers::body_replaced(&mut parts.headers);
        match era {
            Era::Stateless => {
                let tools = lookup::mirrored(call, &parts, &envelope).await;
                mirror::rewrite(&mut parts.headers, &envelope, tools);
            }
            Era::Session => mirror::forget(&mut parts.headers),
        }
    }
    let watched = call.watched;
    let method = Method::of(envelope.method());
    let lists_tools = era == Era::Stateless && method == Method::ToolsList;
    let patience = if method == Method::SubscriptionsListen { Patience::Endless } else { Patience::Limited };
    if watched.anything() || pending.is_some() || lists_tools {
        // Policies cannot read a compressed answer.
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    address(call, &mut parts)?;
    let asks = era == Era::Session && watched.anything();
    let back = asks.then(|| Back::new(&parts));
    let outgoing = Outgoing { conversation, session, era, pending, back, lists_tools, is_initialize };
    let body = RequestBody::whole(Whole::new(envelope.into_text(), None));
    let response = ask(call, Request::from_parts(parts, body), patience).await?;
    outgoing.receive(call, response).await
}

impl Outgoing {
    async fn receive(mut self, call: &Arc<McpCall>, response: Response<AnswerBody>) -> Result<Response<Body>, Refusal> {
        let (mut parts, body) = response.into_parts();
        match self.era {
            Era::Stateless => {
                parts.headers.remove(SESSION_ID);
            }
            Era::Session => self.note_session(call, parts.status, &parts.headers),
        }
        let looks = self.pending.is_some() || call.watched.anything();
        let form = Form::of(&parts.headers);
        if body.is_end() || !(parts.status.is_success() || form != Form::Other) {
            return Ok(Response::from_parts(parts, Body::streamed(body)));
        }
        let is_encoded = is_encoded(&parts.headers);
        if !looks {
            let body = if self.lists_tools && !is_encoded {
                Body::frames(Learning::new(body, Arc::clone(call)))
            } else {
                Body::streamed(body)
            };
            return Ok(Response::from_parts(parts, body));
        }
        if is_encoded {
            return Err(Refusal::UpstreamInvalid(
                "the upstream compressed its answer although it was asked not to, so policies cannot read it",
            ));
        }
        if form == Form::Events {
            parts.headers.remove(CONTENT_LENGTH);
            let Self { conversation, pending, back, .. } = self;
            let relay = Relay::bound(body, Arc::clone(call), conversation, pending, back);
            return Ok(Response::from_parts(parts, Body::frames(relay)));
        }
        let text = read_response(call, body).await?.data;
        if text.trim_ascii().is_empty() {
            return Ok(Response::from_parts(parts, Body::whole(text)));
        }
        if self.lists_tools {
            call.common.tools.learn_from(call, text.clone());
        }
        let pending = self.pending.as_ref();
        let instead =
            match self.conversation.receive(call, pending, Envelope::received(text.clone()), Replay::Never).await {
                FromServer::Forward(envelope) if *envelope.text() == text => {
                    return Ok(Response::from_parts(parts, Body::whole(text)));
                }
                FromServer::Forward(envelope) => envelope.into_text(),
                FromServer::Answer(answer) => {
                    if let Some(back) = &self.back {
                        back.answer(call, answer).await;
                    }
                    pending.map_or(Bytes::new(), |pending| refusals::unreadable(&pending.question.id))
                }
                FromServer::Nothing => {
                    pending.map_or(Bytes::new(), |pending| refusals::unreadable(&pending.question.id))
                }
            };
        Ok(reply::instead(parts, instead))
    }

    /// Updates the session from the head of a response.
    fn note_session(&mut self, call: &Arc<McpCall>, status: StatusCode, headers: &HeaderMap) {
        if !self.is_initialize {
            return self.session.note_status(call, status);
        }
        if !status.is_success() {
            return;
        }
        let Some((conversation, id)) = self.session.begin(call, headers) else { return };
        self.back = self.back.take().map(|back| back.within(&id));
        if let Some(pending) = &self.pending {
            conversation.expects(pending.clone());
        }
        self.conversation = conversation;
    }
}
