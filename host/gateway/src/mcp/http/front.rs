//! What every POST goes through before it is looked at.

use std::sync::Arc;

use ::http::{HeaderName, Request, StatusCode, request};
use bytes::Bytes;
use hyper::body::Incoming;

use crate::call::{self, Call};
use crate::json;
use crate::mcp::envelope::Envelope;
use crate::mcp::error;
use crate::mcp::revision::{Era, Revision};
use crate::origin::Exposure;
use crate::refusal::Refusal;

pub(crate) struct Posted {
    pub(crate) parts: request::Parts,
    pub(crate) envelope: Envelope,
    pub(crate) revision: Option<Revision>,
    pub(crate) era: Era,
}

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

pub(crate) async fn read_post(
    call: &Arc<Call>,
    exposure: Exposure,
    request: Request<Incoming>,
) -> Result<Posted, Refusal> {
    exposure.check(&request)?;
    let (parts, body) = request.into_parts();
    if crate::adapter::http::is_encoded(&parts.headers) {
        return Err(Refusal::EncodedBody);
    }
    let text = crate::adapter::read_request(call, body).await?.data;
    let envelope = Envelope::read(text).map_err(error::malformed)?;
    let named = call::text(&parts.headers, &PROTOCOL_VERSION);
    let revision = named.as_deref().and_then(Revision::parse);
    if named.is_some() && revision.is_none() {
        let text = r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"Unsupported protocol version"}}"#;
        return Err(Refusal::JsonRpc(StatusCode::BAD_REQUEST, Bytes::from_static(text.as_bytes())));
    }
    let era = revision.or_else(|| meta(&envelope)).map_or(Era::Session, Revision::era);
    Ok(Posted { parts, envelope, revision, era })
}

/// The revision that a request itself names.
fn meta(envelope: &Envelope) -> Option<Revision> {
    let params = envelope.params()?;
    let meta = member(params, "_meta")?;
    Revision::parse(&serde_json::from_str::<String>(member(meta, "io.modelcontextprotocol/protocolVersion")?).ok()?)
}

fn member<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let found = json::members(text).ok()?.into_iter().find(|member| member.name == name)?;
    Some(&text[found.value])
}
