//! The headers that MCP defines: the revision of a message, its session, and whether they agree with the message.
//!
//! Invariant: a header that decides something must occur once and be readable, or the request is refused: two readers
//! could otherwise interpret it differently.

use ::http::{HeaderMap, HeaderName, StatusCode};

use crate::envelope::{Envelope, Kind};
use crate::meta::Claim;
use crate::rejection::{self, Rejection};
use crate::revision::{Era, Revision};
use crate::rpc;

/// The revision of a request.
pub const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// The session of a request.
pub const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// The last event that a client saw.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// The method of the message.
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// Longest session id. Real ones have dozens of bytes, signed ones hundreds.
const MAX_SESSION_ID: usize = 2048;

/// The value of a header that occurs at most once, trimmed; the reason if it cannot be read.
pub fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err("comes twice"),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| "has invalid characters")?;
            Ok(Some(text.trim_matches([' ', '\t'])))
        }
    }
}

/// The session that a request of the session era names, if it names any.
pub fn session(headers: &HeaderMap) -> Result<Option<&str>, Rejection> {
    let named = only(headers, &SESSION_ID).map_err(|reason| unreadable("Mcp-Session-Id", reason))?;
    match named.filter(|session| !session.is_empty()) {
        Some(session) if !is_session(session) => Err(unreadable("Mcp-Session-Id", "is too long")),
        named => Ok(named),
    }
}

/// Whether a text can be the id of a session.
pub fn is_session(text: &str) -> bool {
    (1..=MAX_SESSION_ID).contains(&text.len())
}

/// The event after which a stream is to resume.
pub fn last_event(headers: &HeaderMap) -> Result<Option<&str>, Rejection> {
    let named = only(headers, &LAST_EVENT_ID).map_err(|reason| unreadable("Last-Event-ID", reason))?;
    Ok(named.filter(|id| !id.is_empty()))
}

/// The revision that a request without a body names.
pub fn stated(headers: &HeaderMap) -> Result<Option<Revision>, Rejection> {
    let named = only(headers, &PROTOCOL_VERSION).map_err(|reason| unreadable("MCP-Protocol-Version", reason))?;
    match named.filter(|version| !version.is_empty()) {
        None => Ok(None),
        Some(version) => match Revision::parse(version) {
            None => Err(unreadable("MCP-Protocol-Version", "names no revision that is served")),
            revision => Ok(revision),
        },
    }
}

/// The revision of a message, from the message or its header. If both name one, they must agree.
pub fn revision(headers: &HeaderMap, envelope: &Envelope) -> Result<(Option<Revision>, Era), Rejection> {
    let header = only(headers, &PROTOCOL_VERSION)
        .map_err(|reason| rejection::header_mismatch(envelope, &format!("MCP-Protocol-Version {reason}")))?
        .filter(|version| !version.is_empty());
    let claim = match envelope.kind() {
        Kind::Answer => Claim::Nothing,
        Kind::Request { .. } | Kind::Notification { .. } => envelope.meta().claim.clone(),
    };
    match (claim, header) {
        (Claim::Unreadable, _) => Err(rejection::missing_version(envelope)),
        (Claim::Revision(claimed), header) => match (Revision::parse(&claimed), header) {
            (_, Some(header)) if header != claimed => {
                Err(rejection::header_mismatch(envelope, "MCP-Protocol-Version is not the revision of the body"))
            }
            (Some(revision), _) if revision.era() == Era::Session => Ok((Some(revision), Era::Session)),
            (_, None) => Err(rejection::header_mismatch(envelope, "MCP-Protocol-Version is missing")),
            (Some(revision), Some(_)) => Ok((Some(revision), Era::Stateless)),
            (None, Some(_)) => Err(rejection::unsupported_version(envelope, &claimed)),
        },
        (Claim::Nothing, None) => Ok((None, Era::Session)),
        (Claim::Nothing, Some(header)) => match (Revision::parse(header), envelope.kind()) {
            (None, _) => Err(rejection::unsupported_version(envelope, header)),
            // A handshake always belongs to a session.
            (Some(_), Kind::Request { method: "initialize" }) => Ok((None, Era::Session)),
            (Some(revision), _) if revision.era() == Era::Session => Ok((Some(revision), Era::Session)),
            (Some(_), Kind::Request { .. }) => Err(rejection::missing_version(envelope)),
            (Some(revision), Kind::Notification { .. }) => Ok((Some(revision), Era::Stateless)),
            (Some(_), Kind::Answer) => Err(rejection::invalid(envelope, "clients send no answers in this revision")),
        },
    }
}

/// Checks that the method header matches the message, as the stateless revision requires.
pub fn check_method(headers: &HeaderMap, envelope: &Envelope) -> Result<(), Rejection> {
    let (method, is_request) = match envelope.kind() {
        Kind::Request { method } => (method, true),
        Kind::Notification { method } => (method, false),
        Kind::Answer => return Ok(()),
    };
    let mismatch = |reason: &str| rejection::header_mismatch(envelope, &format!("Mcp-Method {reason}"));
    match only(headers, &METHOD).map_err(mismatch)? {
        Some(header) if header != method => Err(mismatch("is not the method of the body")),
        // The specification does not define the headers of a notification.
        None if is_request => Err(mismatch("is missing")),
        _ => Ok(()),
    }
}

fn unreadable(name: &str, reason: &str) -> Rejection {
    rejection::rejection(
        StatusCode::BAD_REQUEST,
        "null",
        rpc::INVALID_REQUEST,
        &format!("Bad request: {name} {reason}"),
    )
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;
    use bytes::Bytes;

    use super::*;

    #[test]
    fn what_decides_something_comes_once_and_can_be_read() {
        let long = "x".repeat(MAX_SESSION_ID + 1);
        for (values, expected) in [
            (&["a"][..], Ok(Some("a"))),
            (&[" a\t"], Ok(Some("a"))),
            (&[], Ok(None)),
            (&[""], Ok(None)),
            (&["a", "a"], Err(())),
            (&["\u{e9}"], Err(())),
            (&[long.as_str()], Err(())),
        ] {
            let headers = |name: HeaderName| {
                HeaderMap::from_iter(
                    values.iter().map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap())),
                )
            };
            assert_eq!(session(&headers(SESSION_ID)).map_err(drop), expected, "{values:?}");
            assert!(values.len() < 2 || last_event(&headers(LAST_EVENT_ID)).is_err());
            assert!(values.len() < 2 || stated(&headers(PROTOCOL_VERSION)).is_err());
        }
    }

    #[test]
    fn the_revision_is_what_message_and_header_agree_on() {
        let claiming = |version: &str| {
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{"_meta":{{"io.modelcontextprotocol/protocolVersion":"{version}"}}}}}}"#
            )
        };
        let plain = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.to_owned();
        let notification = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#.to_owned();
        let initialize = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#.to_owned();
        let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#.to_owned();
        let new = Some("2026-07-28");
        for (text, header, expected) in [
            (claiming("2026-07-28"), new, Ok((new, Era::Stateless))),
            (claiming("2026-07-28"), None, Err("-32020")),
            (claiming("2026-07-28"), Some("2025-11-25"), Err("-32020")),
            (claiming("2025-11-25"), new, Err("-32020")),
            (claiming("2025-11-25"), Some("2025-11-25"), Ok((Some("2025-11-25"), Era::Session))),
            (claiming("v9"), Some("v9"), Err("-32022")),
            (claiming("v9"), new, Err("-32020")),
            (claiming("v9"), None, Err("-32020")),
            (plain.clone(), None, Ok((None, Era::Session))),
            (plain.clone(), Some("2025-06-18"), Ok((Some("2025-06-18"), Era::Session))),
            (plain.clone(), Some(""), Ok((None, Era::Session))),
            (plain.clone(), Some("9999-99-99"), Err("-32022")),
            (plain, new, Err("-32602")),
            (notification, new, Ok((new, Era::Stateless))),
            (initialize, new, Ok((None, Era::Session))),
            (answer, new, Err("-32600")),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert(PROTOCOL_VERSION, HeaderValue::from_str(header).unwrap());
            }
            let envelope = Envelope::read(Bytes::from(text.clone())).unwrap();
            match (revision(&headers, &envelope), expected) {
                (Ok((revision, era)), Ok(expected)) => {
                    assert_eq!((revision.map(Revision::as_str), era), expected, "{text} {header:?}");
                }
                (Err(Rejection { status, text: said }), Err(code)) => {
                    let said = String::from_utf8(said.to_vec()).unwrap();
                    assert!(status == 400 && said.contains(code), "{text} {header:?}: {said}");
                }
                (got, expected) => panic!("{text} {header:?}: {expected:?}, {got:?}"),
            }
        }
    }
}
