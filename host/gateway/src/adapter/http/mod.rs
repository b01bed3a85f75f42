//! Plain HTTP: one event `http/ingress` per exchange.
//!
//! Invariants: a body that no policy of its phase wants streams through, with its trailers; a payload that is not
//! changed forwards the exact bytes that came.
//!
//! A response with a policy on it is read as a whole first, server-sent events too. The trailers of a body that
//! was read are passed on unless the body was changed; they are not part of the payload.

mod apply;
mod fields;
mod form;
mod payload;

use std::sync::Arc;

use ::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH};
use ::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, request, response};
use hyper::body::Incoming;
use weir_core::{Context, Event, EventName, Payload, Phase};

use super::{Adapter, Received};
use crate::body::{ReplyBody, RequestBody, Source, Whole};
use crate::call::{Call, Surface};
use crate::headers;
use crate::read::Read;
use crate::records::AnswerBody;
use crate::refusal::Refusal;
use crate::upstream::Progress;
use crate::verdict::Denial;
use form::Shown;

/// The event of this protocol.
const EVENT: &str = "http/ingress";

/// One exchange over plain HTTP.
pub(crate) struct Http {
    parts: Option<request::Parts>,
    body: Body,
    method: Method,
    /// Present if any policy wants to see anything of the exchange.
    seen: Option<Seen>,
    answer: Option<Answer>,
}

/// What is kept for policies.
struct Seen {
    context: Arc<Context>,
    name: EventName,
    request: Arc<Payload>,
    shown: Shown,
    wants_request: bool,
    wants_response: bool,
}

enum Body {
    Streamed(Incoming),
    Read(Read),
    Sent,
}

/// A response that was read.
struct Answer {
    parts: response::Parts,
    body: Read,
    payload: Arc<Payload>,
    shown: Shown,
}

impl Adapter for Http {
    async fn decode(call: &Arc<Call>, request: Request<Incoming>) -> Result<Self, Refusal> {
        let route = &call.route.route;
        let wants_request = route.chain.wants(EVENT, Phase::Request);
        let wants_response = route.chain.wants(EVENT, Phase::Response);
        let url = (wants_request || wants_response).then(|| payload::url(&request));
        let (mut parts, body) = request.into_parts();
        let method = parts.method.clone();
        let context = url.as_ref().map(|_| call.context(&parts.headers, Surface::default()));
        headers::clean_request(&mut parts.headers);

        let mut body = Body::Streamed(body);
        if wants_request {
            body = Body::Read(read_request(call, &parts.headers, body).await?);
        }
        let seen = match (url, context, EventName::new(EVENT)) {
            (Some(url), Some(context), Ok(name)) => {
                let data = match &body {
                    Body::Read(read) => Some(&read.data),
                    _ => None,
                };
                let (request, shown) = payload::request(&parts, &url, data)?;
                Some(Seen { context, name, request: Arc::new(request), shown, wants_request, wants_response })
            }
            _ => None,
        };
        Ok(Self { parts: Some(parts), body, method, seen, answer: None })
    }

    fn request_event(&self) -> Option<Event> {
        let seen = self.seen.as_ref().filter(|seen| seen.wants_request)?;
        Some(seen.event(Phase::Request, &seen.request, None))
    }

    fn change_request(&mut self, call: &Call, payload: Arc<Payload>) -> Result<(), Refusal> {
        if let (Some(parts), Some(seen), Body::Read(body)) = (&mut self.parts, &mut self.seen, &mut self.body) {
            apply::request(parts, body, seen.shown, &seen.request, &payload)?;
            if call.route.rest(parts.uri.path()).is_none() || crate::routes::has_dot_segment(parts.uri.path()) {
                return Err(Refusal::UnusablePayload("the changed path leaves the route".to_owned()));
            }
            self.method = parts.method.clone();
            seen.request = payload;
        }
        Ok(())
    }

    fn encode(&mut self, call: &Call) -> Result<Request<RequestBody>, Refusal> {
        let mut parts = self.parts.take().ok_or(Refusal::Internal)?;
        let body = match std::mem::replace(&mut self.body, Body::Sent) {
            Body::Streamed(body) if http_body::Body::is_end_stream(&body) => RequestBody::Whole(Whole::default()),
            Body::Streamed(body) => RequestBody::Streamed(body, Progress::new()),
            Body::Read(Read { data, trailers }) => RequestBody::Whole(Whole::new(data, trailers)),
            Body::Sent => return Err(Refusal::Internal),
        };
        if self.seen.as_ref().is_some_and(|seen| seen.wants_response) {
            // A compressed response could not be shown to policies.
            parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        super::address(call, &mut parts)?;
        Ok(Request::from_parts(parts, body))
    }

    async fn receive(&mut self, call: &Arc<Call>, response: Response<AnswerBody>) -> Result<Received, Refusal> {
        let Some(seen) = self.seen.as_ref().filter(|seen| seen.wants_response) else {
            return Ok(Received::Reply(response.map(|body| Source::Streamed(body).into())));
        };
        let (parts, body) = response.into_parts();
        let has_body =
            self.method != Method::HEAD && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let body = if has_body { read_response(call, &parts.headers, body).await? } else { Read::default() };
        let (payload, shown) = payload::response(&parts, &body.data)?;
        let payload = Arc::new(payload);
        let event = seen.event(Phase::Response, &payload, Some(&seen.request));
        self.answer = Some(Answer { parts, body, payload, shown });
        Ok(Received::Event(event))
    }

    fn reply(self, changed: Option<Arc<Payload>>) -> Result<Response<ReplyBody>, Refusal> {
        let Answer { mut parts, mut body, payload, shown } = self.answer.ok_or(Refusal::Internal)?;
        if let Some(changed) = changed {
            apply::response(&mut parts, &mut body, shown, &payload, &changed)?;
        }
        Ok(Response::from_parts(parts, Source::Whole(Whole::new(body.data, body.trailers)).into()))
    }

    fn deny(self, _: &Call, denial: Denial) -> Result<Response<ReplyBody>, Refusal> {
        Err(Refusal::Denied(denial))
    }
}

impl Seen {
    fn event(&self, phase: Phase, payload: &Arc<Payload>, request: Option<&Arc<Payload>>) -> Event {
        Event {
            name: self.name.clone(),
            phase,
            payload: Arc::clone(payload),
            request: request.map(Arc::clone),
            context: Arc::clone(&self.context),
        }
    }
}

async fn read_request(call: &Call, headers: &HeaderMap, body: Body) -> Result<Read, Refusal> {
    let Body::Streamed(body) = body else { return Err(Refusal::Internal) };
    if is_encoded(headers) && !http_body::Body::is_end_stream(&body) {
        return Err(Refusal::EncodedBody);
    }
    super::read_request(call, body).await
}

async fn read_response(call: &Call, headers: &HeaderMap, body: AnswerBody) -> Result<Read, Refusal> {
    if is_encoded(headers) && !http_body::Body::is_end_stream(&body) {
        return Err(Refusal::UpstreamInvalid(
            "the upstream compressed its response although it was asked not to, so policies cannot read it",
        ));
    }
    super::read_response(call, body).await
}

/// Whether the body is compressed.
pub(crate) fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Puts another body in place of the one that came.
fn replace_body(headers: &mut HeaderMap, body: &mut Read, data: bytes::Bytes) {
    // The length is written anew from the data.
    headers.remove(CONTENT_LENGTH);
    headers::drop_digests(headers);
    *body = Read { data, trailers: None };
}
