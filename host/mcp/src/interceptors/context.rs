//! The context of a call, as test cases and `POST /v1/chain` write it.

use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::{Context, Payload, Principal, PrincipalKind};

/// The timestamp of a context without one, so test cases give the same result every day.
pub const DEFAULT_TIMESTAMP: &str = "2026-01-01T00:00:00Z";

/// Longest identifier from a peer, in bytes: they become keys of state and go into logs.
const MAX_TEXT: usize = 1024;

/// Why a context cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// Not of the expected shape.
    #[error("context: {0}")]
    Shape(String),
    /// Neither user, service nor anonymous.
    #[error("context: principal.type {0:?} is not one of user, service, anonymous")]
    PrincipalType(String),
    /// Claims that are not an object.
    #[error("context: principal.claims must be a JSON object")]
    Claims,
    /// Not RFC 3339.
    #[error("context: timestamp {0:?} is not RFC 3339 in UTC; write it like {DEFAULT_TIMESTAMP}")]
    Timestamp(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ContextObject<'a> {
    #[serde(borrow)]
    principal: Option<PrincipalObject<'a>>,
    session_id: Option<String>,
    trace_id: Option<String>,
    span_id: Option<String>,
    timestamp: Option<String>,
    agent_id: Option<String>,
    action_name: Option<String>,
    call_ref: Option<String>,
    route: Option<String>,
    server: Option<String>,
    protocol_revision: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PrincipalObject<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    #[serde(borrow)]
    claims: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RemoteContext<'a> {
    #[serde(borrow)]
    principal: Option<RemotePrincipal<'a>>,
    trace_id: Option<String>,
    span_id: Option<String>,
    timestamp: Option<String>,
    session_id: Option<String>,
}

#[derive(Deserialize)]
struct RemotePrincipal<'a> {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<String>,
    #[serde(borrow)]
    claims: Option<&'a RawValue>,
}

/// Reads the JSON object of a context. Absent members stay unknown, except that the timestamp becomes
/// [`DEFAULT_TIMESTAMP`].
pub fn context(text: &str) -> Result<Context, ContextError> {
    context_at(text, DEFAULT_TIMESTAMP)
}

/// Reads the JSON object of a context, with this timestamp if it has none.
pub fn context_at(text: &str, absent: &str) -> Result<Context, ContextError> {
    let written: ContextObject<'_> =
        serde_json::from_str(text).map_err(|error| ContextError::Shape(error.to_string()))?;
    let ContextObject {
        principal,
        session_id,
        trace_id,
        span_id,
        timestamp,
        agent_id,
        action_name,
        call_ref,
        route,
        server,
        protocol_revision,
    } = written;
    Ok(Context {
        principal: principal.map(read_principal).transpose()?.unwrap_or_default(),
        session_id,
        agent_id,
        action_name,
        call_ref,
        trace_id,
        span_id,
        timestamp: timestamp.map_or_else(|| Ok(absent.to_owned()), check_timestamp)?,
        route,
        server,
        protocol_revision,
    })
}

/// The same from a peer. Unknown members are ignored, as the interceptor protocol requires.
pub fn lenient_context(text: &str, absent: &str) -> Result<Context, ContextError> {
    let written: RemoteContext<'_> =
        serde_json::from_str(text).map_err(|error| ContextError::Shape(error.to_string()))?;
    let RemoteContext { principal, trace_id, span_id, timestamp, session_id } = written;
    let principal = principal.map(|RemotePrincipal { kind, id, claims }| PrincipalObject { kind, id, claims });
    let texts = [&trace_id, &span_id, &session_id, &principal.as_ref().and_then(|principal| principal.id.clone())];
    if let Some(long) = texts.into_iter().flatten().find(|text| text.len() > MAX_TEXT) {
        return Err(ContextError::Shape(format!("a text of {} bytes; at most {MAX_TEXT} are allowed", long.len())));
    }
    Ok(Context {
        principal: principal.map(read_principal).transpose()?.unwrap_or_default(),
        session_id,
        trace_id,
        span_id,
        timestamp: timestamp.map_or_else(|| Ok(absent.to_owned()), check_timestamp)?,
        ..Context::default()
    })
}

fn read_principal(written: PrincipalObject<'_>) -> Result<Principal, ContextError> {
    let PrincipalObject { kind, id, claims } = written;
    let kind = match kind {
        Some(word) => PrincipalKind::parse(&word).ok_or(ContextError::PrincipalType(word))?,
        None => PrincipalKind::default(),
    };
    let claims = claims.map(RawValue::get).filter(|claims| *claims != "null");
    // Parsed as a payload, so a policy never sees an object with duplicate members.
    let is_object = |text: &str| text.starts_with('{') && Payload::parse(text).is_ok();
    if claims.is_some_and(|claims| !is_object(claims)) {
        return Err(ContextError::Claims);
    }
    Ok(Principal { kind, id, claims: claims.map(str::to_owned) })
}

fn check_timestamp(text: String) -> Result<String, ContextError> {
    match humantime::parse_rfc3339(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(ContextError::Timestamp(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_read_whole() {
        let read = context(
            r#"{"principal":{"type":"user","id":"ada","claims":{"n":1.0}},"sessionId":"s","traceId":"t","spanId":"p",
                "timestamp":"2026-02-03T04:05:06.789Z","agentId":"a","actionName":"n","callRef":"c","route":"r","server":"v"}"#,
        )
        .unwrap();
        assert_eq!(read.principal.claims.as_deref(), Some(r#"{"n":1.0}"#));
        assert_eq!(read.attribute("principal.kind"), Some("user"));
        assert_eq!(read.timestamp, "2026-02-03T04:05:06.789Z");
        let attributes =
            ["session-id", "trace-id", "span-id", "agent-id", "action-name", "call-ref", "route", "server"];
        let values: Vec<&str> = attributes.iter().filter_map(|name| read.attribute(name)).collect();
        assert_eq!(values, ["s", "t", "p", "a", "n", "c", "r", "v"]);
        assert_eq!(context("{}").unwrap().timestamp, DEFAULT_TIMESTAMP);
    }

    #[test]
    fn a_wrong_context_says_what_would_be_right() {
        for (text, part) in [
            (r#"{"sesionId":"x"}"#, "sesionId"),
            (r#"{"principal":{"type":"robot"}}"#, "user, service, anonymous"),
            (r#"{"principal":{"claims":[1]}}"#, "JSON object"),
            (r#"{"principal":{"claims":{"a":1,"a":2}}}"#, "JSON object"),
            (r#"{"timestamp":"yesterday"}"#, "RFC 3339"),
            ("[]", "context"),
        ] {
            let message = context(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
