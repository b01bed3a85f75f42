//! Streamable HTTP: carries the messages of a conversation between a caller and an upstream that both speak it.
//!
//! Invariants: where the policies of a route can see nothing of what comes back, it streams through untouched; in a
//! session an exchange goes on although its caller went away, up to the head of the response, because going away does
//! not cancel there; in the stateless revision going away is the cancel, and everything of the exchange ends with it.

mod back;
pub(super) mod front;
mod lookup;
mod mirror;
mod place;
mod relay;
mod reply;
mod tools;

use std::sync::Arc;

use ::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH};
use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use bytes::Bytes;
use hyper::body::Incoming;

use super::conversation::{Asked, Conversation, FromServer, Replay, Taken, is_housekeeping};
use super::envelope::Kind;
use super::error;
use super::headers::{SESSION_ID, stated};
use super::revision::Era;
use crate::adapter;
use crate::body::{ReplyBody, RequestBody, Source, Whole};
use crate::call::Call;
use crate::headers;
use crate::records::{AnswerBody, recorded};
use crate::refusal::Refusal;
use crate::routes::PassAuthorization;
use crate::upstream::{Patience, Progress, ask};
use back::Back;
use front::Posted;
use place::{Memory, Place};
use reply::Form;

pub(crate) use relay::Relay;
pub(crate) use tools::{Learning, ToolHeaders};

/// Methods that an MCP endpoint has.
const METHODS: &str = "POST, GET, DELETE, HEAD, OPTIONS";
/// Those of an endpoint without sessions.
const STATELESS_METHODS: &str = "POST";

const INITIALIZE: &str = "initialize";

/// One message on its way to the upstream.
struct Outgoing {
    conversation: Arc<Conversation>,
    place: Place,
    era: Era,
    asked: Option<Asked>,
    /// The way to answer the server's own requests, where it may have some.
    back: Option<Arc<Back>>,
    /// Whether the answer is a list of tools to learn from.
    lists_tools: bool,
    is_initialize: bool,
}

/// One exchange.
pub(super) async fn exchange(call: &Arc<Call>, request: Request<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
    match *request.method() {
        Method::POST => post(call, front::read_post(call, request).await?).await,
        Method::GET | Method::DELETE | Method::HEAD | Method::OPTIONS => {
            call.intercept.is_no_action(&call.shared.contexts);
            of_session(call, request).await
        }
        _ => Err(Refusal::MethodNotAllowed(METHODS)),
    }
}

async fn post(call: &Arc<Call>, posted: Posted) -> Result<Response<ReplyBody>, Refusal> {
    match (posted.era, call.shared.live()) {
        (Era::Session, Some(live)) => {
            let call = Arc::clone(call);
            live.tasks.finish(async move { of_agent(&call, posted).await }).await
        }
        _ => of_agent(call, posted).await,
    }
}

/// What an agent does is a request that is an event. Only those are recorded: with them the housekeeping of a session,
/// which clients send under the same headers, would be what an agent did last.
async fn of_agent(call: &Arc<Call>, posted: Posted) -> Result<Response<ReplyBody>, Refusal> {
    match posted.envelope.kind() {
        Kind::Request { method } if !is_housekeeping(method) => recorded(call, carry(call, posted)).await,
        _ => {
            call.intercept.is_no_action(&call.shared.contexts);
            carry(call, posted).await
        }
    }
}

/// The message through the policies to the upstream, and the answer back.
async fn carry(call: &Arc<Call>, posted: Posted) -> Result<Response<ReplyBody>, Refusal> {
    let Posted { mut parts, envelope, revision: _, era } = posted;
    let place = Place::of(call, &parts.headers, era)?;
    let is_initialize = envelope.kind() == Kind::Request { method: INITIALIZE };
    let conversation = match is_initialize {
        true => place.handshake(call, envelope.id())?,
        false => place.conversation(call, Memory::AsNeeded, envelope.id())?,
    };
    let came = envelope.text().clone();
    let (envelope, asked) = match conversation.take(call, &parts.headers, envelope).await? {
        Taken::Forward { envelope, asked } => (envelope, asked),
        Taken::Answer(text) => return Ok(reply::json(StatusCode::OK, text)),
        Taken::Cancelled => {
            if let Some(notes) = call.intercept.notes() {
                notes.withdrawn();
            }
            return Ok(reply::nothing());
        }
    };
    clean(call, &mut parts.headers, era);
    if envelope.text() != &came {
        // The length is written anew from the data.
        parts.headers.remove(CONTENT_LENGTH);
        headers::drop_digests(&mut parts.headers);
        match era {
            Era::Stateless => {
                let tools = lookup::mirrored(call, &parts, &envelope).await;
                mirror::rewrite(&mut parts.headers, &envelope, tools);
            }
            Era::Session => mirror::forget(&mut parts.headers),
        }
    }
    let watched = call.route.watched;
    let method = match envelope.kind() {
        Kind::Request { method } => method,
        Kind::Notification { .. } | Kind::Answer => "",
    };
    let lists_tools = era == Era::Stateless && method == "tools/list";
    let patience = if method == "subscriptions/listen" { Patience::Endless } else { Patience::Limited };
    if watched.anything() || asked.is_some() || lists_tools {
        // A compressed answer could not be shown to policies.
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    adapter::address(call, &mut parts)?;
    let asks = era == Era::Session && watched.anything();
    let back = asks.then(|| Back::new(&parts));
    let outgoing = Outgoing { conversation, place, era, asked, back, lists_tools, is_initialize };
    let body = RequestBody::Whole(Whole::new(envelope.into_text(), None));
    let response = ask(call, Request::from_parts(parts, body), patience).await?;
    outgoing.receive(call, response).await
}

impl Outgoing {
    async fn receive(
        mut self,
        call: &Arc<Call>,
        response: Response<AnswerBody>,
    ) -> Result<Response<ReplyBody>, Refusal> {
        let (mut parts, body) = response.into_parts();
        match self.era {
            Era::Stateless => {
                parts.headers.remove(SESSION_ID);
            }
            Era::Session => self.in_session(call, parts.status, &parts.headers),
        }
        let looks = self.asked.is_some() || call.route.watched.anything();
        let form = Form::of(&parts.headers);
        if http_body::Body::is_end_stream(&body) || !(parts.status.is_success() || form != Form::Other) {
            return Ok(Response::from_parts(parts, Source::Streamed(body).into()));
        }
        let is_encoded = adapter::http::is_encoded(&parts.headers);
        if !looks {
            let source = if self.lists_tools && !is_encoded {
                Source::Learning(Box::new(Learning::new(body, Arc::clone(call))))
            } else {
                Source::Streamed(body)
            };
            return Ok(Response::from_parts(parts, source.into()));
        }
        if is_encoded {
            return Err(Refusal::UpstreamInvalid(
                "the upstream compressed its answer although it was asked not to, so policies cannot read it",
            ));
        }
        if form == Form::Events {
            parts.headers.remove(CONTENT_LENGTH);
            let Self { conversation, asked, back, .. } = self;
            let relay = Relay::bound(body, Arc::clone(call), conversation, asked, back);
            return Ok(Response::from_parts(parts, Source::Events(Box::new(relay)).into()));
        }
        let text = adapter::read_response(call, body).await?.data;
        if text.trim_ascii().is_empty() {
            return Ok(Response::from_parts(parts, ReplyBody::whole(text)));
        }
        if self.lists_tools {
            call.shared.tool_headers.learn_from(call, text.clone());
        }
        let asked = self.asked.as_ref();
        let instead = match self.conversation.receive(call, asked, text.clone(), Replay::Never).await {
            FromServer::Forward(envelope) if *envelope.text() == text => {
                return Ok(Response::from_parts(parts, ReplyBody::whole(text)));
            }
            FromServer::Forward(envelope) => envelope.into_text(),
            FromServer::Answer(answer) => {
                if let Some(back) = &self.back {
                    back.answer(call, answer).await;
                }
                asked.map_or(Bytes::new(), |asked| error::unreadable(&asked.question.id))
            }
            FromServer::Nothing => asked.map_or(Bytes::new(), |asked| error::unreadable(&asked.question.id)),
        };
        Ok(reply::instead(parts, instead))
    }

    /// What the head of a response says about the session.
    fn in_session(&mut self, call: &Arc<Call>, status: StatusCode, headers: &HeaderMap) {
        if !self.is_initialize {
            return self.place.answered(call, status);
        }
        if !status.is_success() {
            return;
        }
        let Some((conversation, session)) = self.place.begun(call, headers) else { return };
        self.back = self.back.take().map(|back| back.within(&session));
        if let Some(asked) = &self.asked {
            conversation.expects(asked.clone());
        }
        self.conversation = conversation;
    }
}

/// GET streams, ending a session, and what else a caller asks about the endpoint.
async fn of_session(call: &Arc<Call>, request: Request<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
    let (mut parts, body) = request.into_parts();
    let revision = stated(&parts.headers)?;
    let is_stateless = revision.is_some_and(|revision| revision.era() == Era::Stateless);
    if is_stateless && matches!(parts.method, Method::GET | Method::DELETE) {
        return Err(Refusal::MethodNotAllowed(STATELESS_METHODS));
    }
    let place = Place::of(call, &parts.headers, Era::Session)?;
    let method = parts.method.clone();
    let memory = if method == Method::GET { Memory::Always } else { Memory::AsNeeded };
    let conversation = place.conversation(call, memory, "null")?;
    if method == Method::GET {
        conversation.client_context(call, &parts.headers, revision);
        parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    clean(call, &mut parts.headers, Era::Session);
    adapter::address(call, &mut parts)?;
    let back = Back::new(&parts);
    let body = if http_body::Body::is_end_stream(&body) {
        RequestBody::Whole(Whole::default())
    } else {
        RequestBody::Streamed(body, Progress::new())
    };
    let patience = if method == Method::GET { Patience::Endless } else { Patience::Limited };
    let response = ask(call, Request::from_parts(parts, body), patience).await?;
    let (mut parts, body) = response.into_parts();
    match (&method, parts.status) {
        (&Method::DELETE, StatusCode::NOT_FOUND) => place.ended(call),
        (&Method::DELETE, status) if status.is_success() => place.ended(call),
        // Some servers without streams say that the path is not there.
        (&Method::GET, status) if status.is_success() => place.answered(call, status),
        _ => {}
    }
    let is_stream = Form::of(&parts.headers) == Form::Events && parts.status.is_success();
    if method != Method::GET || !is_stream {
        let is_json = method == Method::GET && parts.status.is_success() && Form::of(&parts.headers) == Form::Json;
        if is_json && call.route.watched.anything() {
            // Nobody knows what a client would make of a message in it.
            return Err(Refusal::UpstreamInvalid("the upstream answered a GET with JSON, not with a stream of events"));
        }
        return Ok(Response::from_parts(parts, Source::Streamed(body).into()));
    }
    if adapter::http::is_encoded(&parts.headers) {
        return Err(Refusal::UpstreamInvalid(
            "the upstream compressed its stream although it was asked not to, so policies cannot read it",
        ));
    }
    parts.headers.remove(CONTENT_LENGTH);
    let relay = Relay::of_session(body, Arc::clone(call), conversation, back);
    Ok(Response::from_parts(parts, Source::Events(Box::new(relay)).into()))
}

fn clean(call: &Call, headers: &mut HeaderMap, era: Era) {
    headers::clean_request(headers);
    if era == Era::Stateless {
        headers.remove(SESSION_ID);
    }
    match call.route.route.authorization {
        PassAuthorization::Pass => {}
        PassAuthorization::Drop => {
            headers.remove(AUTHORIZATION);
        }
    }
}
