//! A protocol that is only here: text goes out in upper case, and so does what comes back.

use std::sync::Arc;

use async_trait::async_trait;
use http::request::Parts;
use http::{Method, Request, Response};
use serde_json::{Value, json};
use weir_core::{Event, EventName, Payload, Phase, pattern_matches};
use weir_gateway::Refusal;
use weir_gateway::surface::{
    Call, Exchange, Facts, Surface, address, ask, body_replaced, clean_request, judge, read_request, read_response,
};
use weir_http::{Body, Incoming, Patience, RequestBody, Whole};

const EVENT: &str = "shout/text";

/// Shouted text on a route: the example of "a new surface" in `host/ARCHITECTURE.md`, made outside of the gateway from
/// its public names alone.
pub struct Shout;

/// A text that came.
struct Shouted(Parts, String);

#[async_trait]
impl Surface for Shout {
    fn protocol(&self) -> &'static str {
        "shout"
    }

    async fn read(&self, call: &Arc<Call>, request: Request<Incoming>) -> Result<Box<dyn Exchange>, Refusal> {
        let (parts, body) = request.into_parts();
        if parts.method != Method::POST {
            return Err(Refusal::MethodNotAllowed("POST"));
        }
        let text = String::from_utf8(read_request(call, body).await?.data.into());
        let text = text.map_err(|_| Refusal::BadRequest("the body is not text".to_owned()))?;
        Ok(Box::new(Shouted(parts, text.to_uppercase())))
    }

    fn emits(&self, pattern: &str, phase: Phase) -> bool {
        phase == Phase::Request && pattern_matches(pattern, EVENT)
    }
}

#[async_trait]
impl Exchange for Shouted {
    async fn carry(self: Box<Self>, call: Arc<Call>) -> Result<Response<Body>, Refusal> {
        let Self(mut parts, text) = *self;
        let name = EventName::new(EVENT).map_err(|_| Refusal::Internal)?;
        let payload = Payload::parse(&json!({ "text": text }).to_string()).map_err(|_| Refusal::Internal)?;
        let context = call.context(&parts.headers, Facts::default());
        let event = Event { name, phase: Phase::Request, payload: Arc::new(payload), request: None, context };
        let judged = judge(&call, &event).await?.allowed(&event)?;
        let judged: Value = serde_json::from_str(judged.text()).map_err(|_| Refusal::Internal)?;
        let Some(text) = judged["text"].as_str() else {
            return Err(Refusal::UnusablePayload("the changed payload has no text".to_owned()));
        };
        clean_request(&mut parts.headers);
        body_replaced(&mut parts.headers);
        address(&call, &mut parts)?;
        let request = Request::from_parts(parts, RequestBody::whole(Whole::new(text.to_owned().into(), None)));
        let (mut parts, body) = ask(&call, request, Patience::Limited).await?.into_parts();
        let answer = read_response(&call, body).await?.data;
        body_replaced(&mut parts.headers);
        Ok(Response::from_parts(parts, Body::whole(String::from_utf8_lossy(&answer).to_uppercase())))
    }
}
