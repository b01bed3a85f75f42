//! MCP over Streamable HTTP: every request but the protocol's own housekeeping is an event of its method's name.
//!
//! Invariants: a message keeps its bytes except for the member that a policy changed; ids keep type and value; a
//! message that could be read in two ways is refused, so that policies judge what the server acts on.
//!
//! Passed through as they are: sessions, notifications, answers of the client, GET streams, DELETE. Not here:
//! requests of the server to the client, and what the stateless revision adds.

pub(crate) mod envelope;
mod error;
mod relay;

use std::sync::Arc;

use ::http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE};
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, request, response};
use bytes::Bytes;
use hyper::body::Incoming;
use weir_core::{Context, Event, EventName, Payload, Phase};

use super::{Adapter, Received};
use crate::body::{ReplyBody, RequestBody, Source, Whole};
use crate::call::{self, Call, Surface};
use crate::headers;
use crate::refusal::Refusal;
use crate::routes::PassAuthorization;
use crate::upstream::Progress;
use crate::verdict::Denial;
use envelope::{Answer, Envelope, Kind};

pub(crate) use relay::Relay;

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// Revisions whose name in `MCP-Protocol-Version` is believed. With any other, policies of every `compat` apply:
/// a caller must not choose its policies by naming a revision that does not exist.
const REVISIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

/// Methods that an MCP endpoint has.
const METHODS: &str = "POST, GET, DELETE, HEAD, OPTIONS";

/// One exchange over MCP.
pub(crate) struct Mcp {
    parts: Option<request::Parts>,
    body: Option<RequestBody>,
    /// Present if the message is a request that policies may want to see.
    asked: Option<Asked>,
    answer: Option<Answered>,
}

/// A request that is an event.
struct Asked {
    envelope: Envelope,
    question: Question,
    wants_request: bool,
    wants_response: bool,
}

/// What stays known of a request while its answer is awaited.
#[derive(Clone)]
pub(crate) struct Question {
    /// The id as it was written.
    id: Arc<str>,
    event: EventName,
    params: Arc<Payload>,
    context: Arc<Context>,
}

/// An answer that was read.
struct Answered {
    parts: response::Parts,
    envelope: Envelope,
}

impl Adapter for Mcp {
    async fn decode(call: &Arc<Call>, request: Request<Incoming>) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        if parts.method != Method::POST {
            if ![Method::GET, Method::DELETE, Method::HEAD, Method::OPTIONS].contains(&parts.method) {
                return Err(Refusal::MethodNotAllowed(METHODS));
            }
            clean(call, &mut parts.headers);
            let body = if http_body::Body::is_end_stream(&body) {
                RequestBody::Whole(Whole::default())
            } else {
                RequestBody::Streamed(body, Progress::new())
            };
            return Ok(Self { parts: Some(parts), body: Some(body), asked: None, answer: None });
        }
        if super::http::is_encoded(&parts.headers) {
            return Err(Refusal::EncodedBody);
        }
        let text = super::read_request(call, body).await?.data;
        let envelope = Envelope::read(text.clone()).map_err(error::malformed)?;
        let asked = match envelope.kind() {
            Kind::Request { method } if !is_housekeeping(method) => {
                let name = EventName::new(method).map_err(|_| error::method_name(&envelope))?;
                asked(call, &parts.headers, name, &envelope)?
            }
            _ => None,
        };
        clean(call, &mut parts.headers);
        let body = RequestBody::Whole(Whole::new(text, None));
        Ok(Self { parts: Some(parts), body: Some(body), asked, answer: None })
    }

    fn request_event(&self) -> Option<Event> {
        let asked = self.asked.as_ref().filter(|asked| asked.wants_request)?;
        let Question { id: _, event, params, context } = &asked.question;
        Some(Event {
            name: event.clone(),
            phase: Phase::Request,
            payload: Arc::clone(params),
            request: None,
            context: Arc::clone(context),
        })
    }

    fn change_request(&mut self, _: &Call, payload: Arc<Payload>) -> Result<(), Refusal> {
        let asked = self.asked.as_mut().ok_or(Refusal::Internal)?;
        if !payload.text().trim_ascii_start().starts_with('{') {
            return Err(Refusal::UnusablePayload("the changed params are not an object".to_owned()));
        }
        self.body = Some(RequestBody::Whole(Whole::new(asked.envelope.with_params(payload.text()), None)));
        if let Some(parts) = &mut self.parts {
            // The length is written anew from the data.
            parts.headers.remove(CONTENT_LENGTH);
            headers::drop_digests(&mut parts.headers);
        }
        asked.question.params = payload;
        Ok(())
    }

    fn encode(&mut self, call: &Call) -> Result<Request<RequestBody>, Refusal> {
        let mut parts = self.parts.take().ok_or(Refusal::Internal)?;
        if self.asked.as_ref().is_some_and(|asked| asked.wants_response) {
            // A compressed answer could not be shown to policies.
            parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        super::address(call, &mut parts)?;
        Ok(Request::from_parts(parts, self.body.take().ok_or(Refusal::Internal)?))
    }

    async fn receive(&mut self, call: &Arc<Call>, response: Response<Incoming>) -> Result<Received, Refusal> {
        let Some(asked) = self.asked.as_ref().filter(|asked| asked.wants_response) else {
            return Ok(Received::Reply(response.map(|body| Source::Streamed(body).into())));
        };
        let (mut parts, body) = response.into_parts();
        let form = essence(&parts.headers);
        if http_body::Body::is_end_stream(&body) || !(parts.status.is_success() || form != Form::Other) {
            return Ok(Received::Reply(Response::from_parts(parts, Source::Streamed(body).into())));
        }
        if super::http::is_encoded(&parts.headers) {
            return Err(Refusal::UpstreamInvalid(
                "the upstream compressed its answer although it was asked not to, so policies cannot read it",
            ));
        }
        if form == Form::Events {
            parts.headers.remove(CONTENT_LENGTH);
            let relay = Relay::new(body, Arc::clone(call), asked.question.clone());
            return Ok(Received::Reply(Response::from_parts(parts, Source::Events(Box::new(relay)).into())));
        }
        let text = super::read_response(call, body).await?.data;
        match envelope::answer(text.clone()) {
            Answer::Other => Ok(Received::Reply(Response::from_parts(parts, ReplyBody::whole(text)))),
            Answer::Result(envelope, result) => {
                let event = asked.question.answered(result);
                self.answer = Some(Answered { parts, envelope });
                Ok(Received::Event(event))
            }
            Answer::Unreadable => {
                call.refused(error::UNREADABLE);
                Ok(Received::Reply(instead(parts, error::unreadable(&asked.question.id))))
            }
        }
    }

    fn reply(self, changed: Option<Arc<Payload>>) -> Result<Response<ReplyBody>, Refusal> {
        let Answered { parts, envelope } = self.answer.ok_or(Refusal::Internal)?;
        Ok(match changed {
            Some(result) => instead(parts, envelope.with_result(result.text())),
            None => Response::from_parts(parts, ReplyBody::whole(envelope.into_text())),
        })
    }

    fn deny(self, call: &Call, denial: Denial) -> Result<Response<ReplyBody>, Refusal> {
        let asked = self.asked.ok_or(Refusal::Internal)?;
        let text = error::denied(call, &asked.question, denial);
        Ok(match self.answer {
            Some(Answered { parts, .. }) => instead(parts, text),
            None => json(StatusCode::OK, text),
        })
    }
}

impl Question {
    /// The event of an answer.
    fn answered(&self, result: Payload) -> Event {
        Event {
            name: self.event.clone(),
            phase: Phase::Response,
            payload: Arc::new(result),
            request: Some(Arc::clone(&self.params)),
            context: Arc::clone(&self.context),
        }
    }
}

/// What the content type of an answer says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Events,
    Other,
}

fn essence(headers: &HeaderMap) -> Form {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match value.split(';').next().unwrap_or_default().trim() {
        essence if essence.eq_ignore_ascii_case("text/event-stream") => Form::Events,
        essence if essence.eq_ignore_ascii_case("application/json") => Form::Json,
        _ => Form::Other,
    }
}

/// What policies want of a request; `None` if nothing.
fn asked(call: &Call, headers: &HeaderMap, event: EventName, envelope: &Envelope) -> Result<Option<Asked>, Refusal> {
    let chain = &call.route.route.chain;
    let wants = |phase| chain.wants(event.as_str(), phase);
    let (wants_request, wants_response) = (wants(Phase::Request), wants(Phase::Response));
    if !wants_request && !wants_response {
        return Ok(None);
    }
    let params = Payload::parse(envelope.params().unwrap_or("{}")).map_err(|cause| error::params(envelope, &cause))?;
    let context = call.context(headers, surface(headers));
    let question = Question { id: envelope.id().into(), event, params: Arc::new(params), context };
    Ok(Some(Asked { envelope: envelope.clone(), question, wants_request, wants_response }))
}

fn surface(headers: &HeaderMap) -> Surface {
    Surface {
        session_id: call::text(headers, &SESSION_ID),
        protocol_revision: call::text(headers, &PROTOCOL_VERSION)
            .filter(|revision| REVISIONS.contains(&revision.as_str())),
    }
}

fn clean(call: &Call, headers: &mut HeaderMap) {
    headers::clean_request(headers);
    match call.route.route.authorization {
        PassAuthorization::Pass => {}
        PassAuthorization::Drop => {
            headers.remove(AUTHORIZATION);
        }
    }
}

/// Requests that keep the connection going or speak to an interceptor server, and are no policy events.
fn is_housekeeping(method: &str) -> bool {
    matches!(method, "initialize" | "ping" | "interceptor/invoke" | "interceptor/list")
        || method.starts_with("notifications/")
        || method.starts_with("interceptors/")
}

/// A response whose body is replaced.
fn instead(mut parts: response::Parts, text: Bytes) -> Response<ReplyBody> {
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers::drop_digests(&mut parts.headers);
    Response::from_parts(parts, ReplyBody::whole(text))
}

/// A JSON reply of our own.
fn json(status: StatusCode, text: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
