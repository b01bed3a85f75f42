//! What every POST goes through before anything is made of it: its caller's origin, its size, its envelope, its
//! revision, and in the stateless revision the headers that say the same as the message.

use std::sync::Arc;

use ::http::{HeaderMap, Request, request};
use hyper::body::Incoming;

use super::mirror;
use crate::adapter;
use crate::call::Call;
use crate::mcp::envelope::{Envelope, Kind};
use crate::mcp::meta::Claim;
use crate::mcp::revision::{Era, Revision};
use crate::mcp::{PROTOCOL_VERSION, error};
use crate::origin::Exposure;
use crate::refusal::Refusal;

/// A POST that was read.
pub(crate) struct Posted {
    pub(crate) parts: request::Parts,
    pub(crate) envelope: Envelope,
    /// What the message or its header says; a session may have agreed on another one.
    pub(crate) revision: Option<Revision>,
    pub(crate) era: Era,
}

/// Reads a POST.
pub(crate) async fn read_post(
    call: &Arc<Call>,
    exposure: Exposure,
    request: Request<Incoming>,
) -> Result<Posted, Refusal> {
    exposure.admit(&call.shared.options.admission, &request)?;
    let (parts, body) = request.into_parts();
    if adapter::http::is_encoded(&parts.headers) {
        return Err(Refusal::EncodedBody);
    }
    let text = adapter::read_request(call, body).await?.data;
    let envelope = Envelope::read(text).map_err(error::malformed)?;
    let (revision, era) = revision_of(&parts.headers, &envelope)?;
    if era == Era::Stateless {
        mirror::check(call, &parts.headers, &envelope)?;
    }
    Ok(Posted { parts, envelope, revision, era })
}

/// Which revision a message is of, as far as it or its header says. What both say must be the same.
fn revision_of(headers: &HeaderMap, envelope: &Envelope) -> Result<(Option<Revision>, Era), Refusal> {
    let header = mirror::only(headers, &PROTOCOL_VERSION)
        .map_err(|reason| error::header_mismatch(envelope, &format!("MCP-Protocol-Version {reason}")))?
        .filter(|version| !version.is_empty());
    let claim = match envelope.kind() {
        Kind::Answer => Claim::Nothing,
        Kind::Request { .. } | Kind::Notification { .. } => envelope.meta().claim.clone(),
    };
    match (claim, header) {
        (Claim::Unreadable, _) => Err(error::missing_meta(envelope)),
        (Claim::Revision(claimed), header) => match (Revision::parse(&claimed), header) {
            (_, Some(header)) if header != claimed => {
                Err(error::header_mismatch(envelope, "MCP-Protocol-Version is not the revision of the body"))
            }
            (Some(revision), _) if revision.era() == Era::Session => Ok((Some(revision), Era::Session)),
            (_, None) => Err(error::header_mismatch(envelope, "MCP-Protocol-Version is missing")),
            (Some(revision), Some(_)) => Ok((Some(revision), Era::Stateless)),
            (None, Some(_)) => Err(error::unsupported_version(envelope, &claimed)),
        },
        (Claim::Nothing, None) => Ok((None, Era::Session)),
        (Claim::Nothing, Some(header)) => match (Revision::parse(header), envelope.kind()) {
            (None, _) => Err(error::unsupported_version(envelope, header)),
            // A handshake belongs to a session, whatever its header says.
            (Some(_), Kind::Request { method: "initialize" }) => Ok((None, Era::Session)),
            (Some(revision), _) if revision.era() == Era::Session => Ok((Some(revision), Era::Session)),
            (Some(_), Kind::Request { .. }) => Err(error::missing_meta(envelope)),
            (Some(revision), Kind::Notification { .. }) => Ok((Some(revision), Era::Stateless)),
            (Some(_), Kind::Answer) => Err(error::invalid(envelope, "this revision has no answers of clients")),
        },
    }
}

#[cfg(test)]
mod tests {
    use ::http::HeaderValue;
    use bytes::Bytes;

    use super::*;

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
            match (revision_of(&headers, &envelope), expected) {
                (Ok((revision, era)), Ok(expected)) => {
                    assert_eq!((revision.map(Revision::as_str), era), expected, "{text} {header:?}");
                }
                (Err(Refusal::JsonRpc(status, said)), Err(code)) => {
                    let said = String::from_utf8(said.to_vec()).unwrap();
                    assert!(status == 400 && said.contains(code), "{text} {header:?}: {said}");
                }
                (got, expected) => panic!("{text} {header:?}: {expected:?}, {got:?}"),
            }
        }
    }
}
