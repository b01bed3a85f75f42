//! One exchange over plain HTTP: request → event → chain → upstream → response → event → chain → reply.

use std::sync::Arc;

use async_trait::async_trait;
use http::header::ACCEPT_ENCODING;
use http::{HeaderValue, Method, Request, Response, StatusCode, request};
use weir_core::{Context, Event, EventName, Payload, Phase};
use weir_http::{AnswerBody, Body, Incoming, Patience, Read, RequestBody, Whole};

use super::form::Shown;
use super::{EVENT, apply, body, payload};
use crate::call::{Call, Facts};
use crate::headers;
use crate::refusal::Refusal;
use crate::routes::has_dot_segment;
use crate::surface::Exchange;
use crate::upstream::{address, ask};
use crate::verdict::{Verdict, judge};

/// A request as it arrived.
pub(super) struct HttpExchange {
    request: Request<Incoming>,
}

/// A request on its way to the upstream.
struct Outgoing {
    parts: request::Parts,
    body: OutgoingBody,
    /// Present if a policy sees any part of the exchange.
    seen: Option<Seen>,
}

enum OutgoingBody {
    Streamed(Incoming),
    Read(Read),
}

/// The exchange as policies see it.
struct Seen {
    context: Arc<Context>,
    name: EventName,
    request: Arc<Payload>,
    shown: Shown,
    wants_request: bool,
    wants_response: bool,
}

impl HttpExchange {
    pub(super) fn new(request: Request<Incoming>) -> Self {
        Self { request }
    }
}

#[async_trait]
impl Exchange for HttpExchange {
    async fn carry(self: Box<Self>, call: Arc<Call>) -> Result<Response<Body>, Refusal> {
        let mut outgoing = Outgoing::read(&call, self.request).await?;
        outgoing.judge(&call).await?;
        let method = outgoing.parts.method.clone();
        let (request, seen) = outgoing.into_request(&call)?;
        let response = ask(&call, request, Patience::Limited).await?;
        match seen {
            Some(seen) if seen.wants_response => seen.reply(&call, &method, response).await,
            _ => Ok(response.map(Body::streamed)),
        }
    }
}

impl Outgoing {
    /// Reads a request as far as its policies need it.
    async fn read(call: &Call, request: Request<Incoming>) -> Result<Self, Refusal> {
        let chain = &call.route.chain;
        let (wants_request, wants_response) = (chain.wants(EVENT, Phase::Request), chain.wants(EVENT, Phase::Response));
        let url = (wants_request || wants_response).then(|| payload::url(&request));
        let (mut parts, body) = request.into_parts();
        let context = url.as_ref().map(|_| call.context(&parts.headers, Facts::default()));
        headers::clean_request(&mut parts.headers);
        let body = match wants_request {
            true => OutgoingBody::Read(body::read_request(call, &parts.headers, body).await?),
            false => OutgoingBody::Streamed(body),
        };
        let seen = match (url, context, EventName::new(EVENT)) {
            (Some(url), Some(context), Ok(name)) => {
                let data = match &body {
                    OutgoingBody::Read(read) => Some(&read.data),
                    OutgoingBody::Streamed(_) => None,
                };
                let (request, shown) = payload::request(&parts, &url, data)?;
                Some(Seen { context, name, request: Arc::new(request), shown, wants_request, wants_response })
            }
            _ => None,
        };
        Ok(Self { parts, body, seen })
    }

    /// Runs the policies on the request and applies their changes.
    async fn judge(&mut self, call: &Call) -> Result<(), Refusal> {
        let (Some(seen), OutgoingBody::Read(body)) = (&mut self.seen, &mut self.body) else { return Ok(()) };
        if !seen.wants_request {
            return Ok(());
        }
        match judge(call, &seen.event(Phase::Request, &seen.request, None)).await? {
            Verdict::Unchanged => Ok(()),
            Verdict::Denied(denial) => Err(Refusal::Denied(denial)),
            Verdict::Changed(payload) => {
                apply::request(&mut self.parts, body, seen.shown, &seen.request, &payload)?;
                let path = self.parts.uri.path();
                if call.route.rest(path).is_none() || has_dot_segment(path) {
                    return Err(Refusal::UnusablePayload("the changed path leaves the route".to_owned()));
                }
                seen.request = payload;
                Ok(())
            }
        }
    }

    /// The request for the upstream, and the exchange as policies see it.
    fn into_request(self, call: &Call) -> Result<(Request<RequestBody>, Option<Seen>), Refusal> {
        let Self { mut parts, body, seen } = self;
        let body = match body {
            OutgoingBody::Streamed(body) => RequestBody::streamed(body),
            OutgoingBody::Read(Read { data, trailers }) => RequestBody::whole(Whole::new(data, trailers)),
        };
        if seen.as_ref().is_some_and(|seen| seen.wants_response) {
            // Policies cannot read a compressed response.
            parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        address(call, &mut parts)?;
        Ok((Request::from_parts(parts, body), seen))
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

    /// The response after the policies.
    async fn reply(
        &self,
        call: &Call,
        method: &Method,
        response: Response<AnswerBody>,
    ) -> Result<Response<Body>, Refusal> {
        let (mut parts, body) = response.into_parts();
        let has_body =
            method != Method::HEAD && !matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        let mut body = if has_body { body::read_response(call, &parts.headers, body).await? } else { Read::default() };
        let (payload, shown) = payload::response(&parts, &body.data)?;
        let payload = Arc::new(payload);
        match judge(call, &self.event(Phase::Response, &payload, Some(&self.request))).await? {
            Verdict::Unchanged => {}
            Verdict::Changed(changed) => apply::response(&mut parts, &mut body, shown, &payload, &changed)?,
            Verdict::Denied(denial) => return Err(Refusal::Denied(denial)),
        }
        Ok(Response::from_parts(parts, Body::read(Whole::new(body.data, body.trailers))))
    }
}
