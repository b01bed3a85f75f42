//! The headers that MCP defines: which revision a message is of, which session it belongs to, and whether they say
//! the same as the message.
//!
//! Invariant: a header that decides something comes once and can be read, or its request is refused: two readers
//! could take two values, or half of one, for different things.

use ::http::{HeaderMap, HeaderName, StatusCode};

use crate::envelope::{Envelope, Kind};
use crate::meta::Claim;
use crate::rejection::{self, Rejection};
use crate::revision::{Era, Revision};
use crate::rpc;

/// Says under which revision a request is made.
pub const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
/// Says which session a request belongs to.
pub const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
/// Says which event a client saw last.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Says the method of the message.
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// Longest id of a session; real ones have some dozens of bytes, signed ones some hundreds.
const MAX_SESSION_ID: usize = 2048;

/// The value of a header that comes at most once, without blanks around it; the reason if it cannot be read.
pub fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, &'static str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err("comes twice"),
        (Some(value), None) => {
            let text = value.to_str().map_err(|_| "has characters that a header may not have")?;
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

/// The event after which a stream is to go on.
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

/// Which revision a message is of, as far as it or its header says. What both say must be the same.
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
            // A handshake belongs to a session, whatever its header says.
            (Some(_), Kind::Request { method: "initialize" }) => Ok((None, Era::Session)),
            (Some(revision), _) if revision.era() == Era::Session => Ok((Some(revision), Era::Session)),
            (Some(_), Kind::Request { .. }) => Err(rejection::missing_version(envelope)),
            (Some(revision), Kind::Notification { .. }) => Ok((Some(revision), Era::Stateless)),
            (Some(_), Kind::Answer) => Err(rejection::invalid(envelope, "this revision has no answers of clients")),
        },
    }
}

/// Checks that the header for the method says the one of the message, as the stateless revision wants it.
pub fn check_method(headers: &HeaderMap, envelope: &Envelope) -> Result<(), Rejection> {
    let (method, is_request) = match envelope.kind() {
        Kind::Request { method } => (method, true),
        Kind::Notification { method } => (method, false),
        Kind::Answer => return Ok(()),
    };
    let mismatch = |reason: &str| rejection::header_mismatch(envelope, &format!("Mcp-Method {reason}"));
    match only(headers, &METHOD).map_err(mismatch)? {
        Some(header) if header != method => Err(mismatch("is not the method of the body")),
        // What headers a notification has is not said anywhere.
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
