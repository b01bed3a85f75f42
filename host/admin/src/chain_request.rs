//! The body of `POST /v1/chain`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::{Context, EventName, InterceptorName, Payload, Phase};
use weir_gateway::timestamp;
use weir_mcp::interceptors::context_at;

/// Longest chain timeout of a request, so a request cannot hold instances for longer.
const MAX_TIMEOUT_MS: f64 = 600_000.0;

/// A chain to run.
#[derive(Debug, Clone)]
pub struct ChainRequest {
    /// The event.
    pub event: EventName,
    /// The phase.
    pub phase: Phase,
    /// The payload for the policies.
    pub payload: Arc<Payload>,
    /// The request's payload, when the phase is response.
    pub request: Option<Arc<Payload>>,
    /// The context.
    pub context: Context,
    /// The route whose chain runs; `None` for a chain of all policies.
    pub route: Option<String>,
    /// Only these; `None` for all of the chain.
    pub interceptors: Option<Vec<InterceptorName>>,
    /// Timeout of the chain; `None` for that of the route or the gateway.
    pub timeout: Option<Duration>,
}

/// What is wrong with a request, for the client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ChainRequestBody<'a> {
    event: String,
    phase: String,
    #[serde(borrow)]
    payload: &'a RawValue,
    #[serde(borrow)]
    request: Option<&'a RawValue>,
    #[serde(borrow)]
    context: Option<&'a RawValue>,
    route: Option<String>,
    interceptors: Option<Vec<String>>,
    timeout_ms: Option<f64>,
}

impl ChainRequest {
    /// Reads the JSON of a request. It is a live call: a context without a timestamp gets the current time.
    pub fn read(body: &[u8]) -> Result<Self, Malformed> {
        let now = timestamp(SystemTime::now());
        let malformed = |place: &str, error: &dyn std::fmt::Display| Malformed(format!("{place}: {error}"));
        let written: ChainRequestBody<'_> = serde_json::from_slice(body).map_err(|error| malformed("body", &error))?;
        let ChainRequestBody { event, phase, payload, request, context, route, interceptors, timeout_ms } = written;
        let read = |place: &'static str, raw: &RawValue| {
            Payload::parse(raw.get()).map(Arc::new).map_err(|error| malformed(place, &error))
        };
        let names = |names: Vec<String>| {
            names
                .iter()
                .map(|name| InterceptorName::new(name).map_err(|error| malformed("interceptors", &error)))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            event: EventName::new(&event).map_err(|error| malformed("event", &error))?,
            phase: Phase::parse(&phase)
                .ok_or_else(|| Malformed(format!("phase: {phase:?} is neither request nor response")))?,
            payload: read("payload", payload)?,
            request: request.map(|raw| read("request", raw)).transpose()?,
            context: context_at(context.map_or("{}", RawValue::get), &now)
                .map_err(|error| Malformed(error.to_string()))?,
            route,
            interceptors: interceptors.map(names).transpose()?,
            timeout: timeout_ms.map(read_timeout).transpose()?,
        })
    }
}

fn read_timeout(milliseconds: f64) -> Result<Duration, Malformed> {
    if milliseconds > 0.0 && milliseconds <= MAX_TIMEOUT_MS {
        return Ok(Duration::from_secs_f64(milliseconds / 1000.0));
    }
    Err(Malformed(format!("timeoutMs: {milliseconds} is not between 0 and {MAX_TIMEOUT_MS}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_keeps_the_text_of_its_payload() {
        let read = ChainRequest::read(
            br#"{"event":"tools/call","phase":"response","payload":{"n":1.00},"request":[1e2],
                "route":"tools","interceptors":["a/b"],"timeoutMs":12.5}"#,
        )
        .unwrap();
        assert_eq!(read.payload.text(), r#"{"n":1.00}"#);
        assert_eq!(read.request.unwrap().text(), "[1e2]");
        assert_eq!(read.timeout, Some(Duration::from_micros(12_500)));
        assert_eq!(read.interceptors.unwrap()[0].as_str(), "a/b");
        assert!(read.context.timestamp > super::timestamp(SystemTime::UNIX_EPOCH), "{}", read.context.timestamp);
    }

    #[test]
    fn a_wrong_request_names_the_place() {
        for (body, part) in [
            (r#"{"#, "body"),
            (r#"{"event":"e","phase":"request","payload":1,"x":2}"#, "unknown field `x`"),
            (r#"{"event":"e e","phase":"request","payload":1}"#, "event"),
            (r#"{"event":"e","phase":"both","payload":1}"#, "neither request nor response"),
            (r#"{"event":"e","phase":"request"}"#, "payload"),
            (r#"{"event":"e","phase":"request","payload":{"a":1,"a":1}}"#, "two members"),
            (r#"{"event":"e","phase":"request","payload":1,"timeoutMs":0}"#, "timeoutMs"),
            (r#"{"event":"e","phase":"request","payload":1,"context":{"x":1}}"#, "context"),
            (r#"{"event":"e","phase":"request","payload":1,"interceptors":[""]}"#, "interceptors"),
        ] {
            let message = ChainRequest::read(body.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(part), "{body}: {message}");
        }
    }
}
