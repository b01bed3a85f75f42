//! What a request to the interceptor server goes through before its method is looked at, and the two handshakes.
//!
//! Both eras are served side by side: a request that carries its revision in `_meta`, or names a stateless one in its
//! header, is of the stateless era; any other belongs to a session, of which nothing has to be remembered.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, StatusCode};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Interceptors;
use super::rpc::{
    self, Data, Failure, HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, Outcome, PARSE_ERROR, UNSUPPORTED_VERSION,
};
use crate::gateway::Shared;
use crate::json;
use crate::mcp::envelope::{Envelope, Kind, Malformed};
use crate::mcp::revision::{Era, Revision};
use crate::read::{self, ReadError};
use crate::refusal::Refusal;

/// Members of `_meta` that the stateless revision needs.
pub(crate) const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
pub(crate) const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// How long a list may be kept by who asked. Policies change when the operator edits the folder, which is seldom, and
/// a chain elsewhere should then follow within a minute.
pub(super) const TTL_MS: u64 = 60_000;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// Room for what stands around a payload: the envelope, a configuration, a context.
const ENVELOPE: usize = 256 << 10;

/// Revisions that are served, newest first.
const SERVED: [Revision; 3] = [Revision::V2026_07_28, Revision::V2025_11_25, Revision::V2025_06_18];

/// A message that was read.
pub(super) struct Posted {
    pub(super) envelope: Envelope,
    pub(super) era: Era,
    /// What the two sides agreed on, where it is known.
    pub(super) revision: Option<Revision>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Capabilities<'a> {
    extensions: Extension<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    experimental: Option<Extension<'a>>,
}

#[derive(Serialize)]
struct Extension<'a> {
    #[serde(rename = "io.modelcontextprotocol/interceptors")]
    interceptors: Supported<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Supported<'a> {
    supported_events: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialized<'a> {
    protocol_version: &'static str,
    capabilities: Capabilities<'a>,
    server_info: ServerInfo,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Discovered<'a> {
    supported_versions: Vec<&'static str>,
    capabilities: Capabilities<'a>,
    ttl_ms: u64,
    cache_scope: &'static str,
    #[serde(rename = "_meta")]
    meta: Stamp,
}

#[derive(Serialize)]
struct Stamp {
    #[serde(rename = "io.modelcontextprotocol/serverInfo")]
    server_info: ServerInfo,
}

#[derive(Serialize)]
struct ServerInfo {
    name: &'static str,
    version: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Initialize {
    protocol_version: String,
}

const SERVER: ServerInfo = ServerInfo { name: "weir", version: env!("CARGO_PKG_VERSION") };

/// Reads a POST as far as its method.
pub(super) async fn read(
    shared: &Arc<Shared>,
    interceptors: &Interceptors,
    request: Request<Incoming>,
) -> Result<Posted, Refusal> {
    let (parts, body) = request.into_parts();
    if crate::adapter::http::is_encoded(&parts.headers) {
        return Err(Refusal::EncodedBody);
    }
    let limit = interceptors.max_body.saturating_add(ENVELOPE);
    let read = read::whole(body, limit, shared.options.body_read_timeout).await.map_err(|error| match error {
        ReadError::TooLarge => Refusal::BodyTooLarge(limit),
        ReadError::Slow => Refusal::BodyTimeout,
        ReadError::Broken(_) => Refusal::BadRequest("the body broke off".to_owned()),
    })?;
    classify(&parts.headers, read.data)
}

fn classify(headers: &HeaderMap, text: Bytes) -> Result<Posted, Refusal> {
    let bad = |id: &str, failure: Failure| failure.refuse(StatusCode::BAD_REQUEST, id);
    let envelope = Envelope::read(text).map_err(|malformed| match malformed {
        Malformed::Syntax => bad("null", Failure::new(PARSE_ERROR, "Parse error: the body is not JSON")),
        Malformed::Invalid(reason, id) => {
            let id = id.unwrap_or_else(|| "null".to_owned());
            bad(&id, Failure::new(INVALID_REQUEST, format!("Invalid request: {reason}")))
        }
    })?;
    let stated = header(headers, &PROTOCOL_VERSION).map_err(|failure| bad(envelope.id(), failure))?;
    let meta = meta(envelope.params().unwrap_or("{}")).map_err(|failure| bad(envelope.id(), failure))?;
    let is_stateless = |text: &str| Revision::parse(text).is_some_and(|revision| revision.era() == Era::Stateless);
    let stateless = meta.version.is_some() || stated.as_deref().is_some_and(is_stateless);
    let (era, revision) = if stateless {
        let checked = stateless_revision(headers, &envelope, &meta, stated);
        (Era::Stateless, Some(checked.map_err(|failure| bad(envelope.id(), failure))?))
    } else {
        let is_handshake = matches!(envelope.kind(), Kind::Request { method: "initialize" });
        let checked = if is_handshake { Ok(None) } else { session_revision(stated) };
        (Era::Session, checked.map_err(|failure| bad(envelope.id(), failure))?)
    };
    Ok(Posted { envelope, era, revision })
}

/// The members of `_meta` that decide how a message is read, each as it was written.
#[derive(Default)]
struct Meta {
    version: Option<String>,
    has_capabilities: bool,
}

fn meta(params: &str) -> Result<Meta, Failure> {
    let object = |reason| Failure::new(INVALID_PARAMS, format!("Invalid params: {reason}"));
    let members = json::members(params).map_err(|_| object("they must be an object"))?;
    let mut found = Meta::default();
    for member in members.iter().filter(|member| member.name == "_meta") {
        let text = &params[member.value.clone()];
        let inner = json::members(text).map_err(|_| object("_meta must be an object"))?;
        for member in inner {
            match member.name.as_str() {
                META_VERSION => found.version = Some(text[member.value].to_owned()),
                META_CAPABILITIES => found.has_capabilities = true,
                _ => {}
            }
        }
    }
    Ok(found)
}

/// Checks that header and body say the same, and that it is a revision that is served.
fn stateless_revision(
    headers: &HeaderMap,
    envelope: &Envelope,
    meta: &Meta,
    stated: Option<String>,
) -> Result<Revision, Failure> {
    let mismatch = |what: &str| Failure::new(HEADER_MISMATCH, format!("Header mismatch: {what}"));
    let missing = |key: &str| Failure::new(INVALID_PARAMS, format!("Invalid params: _meta needs {key:?}"));
    let version = meta.version.as_deref().ok_or_else(|| missing(META_VERSION))?;
    if !meta.has_capabilities && matches!(envelope.kind(), Kind::Request { .. }) {
        return Err(missing(META_CAPABILITIES));
    }
    let version: String = serde_json::from_str(version)
        .map_err(|_| Failure::params(format!("_meta {META_VERSION:?} is not a string")))?;
    if stated.as_deref() != Some(version.as_str()) {
        return Err(mismatch("MCP-Protocol-Version must be the revision that stands in _meta"));
    }
    let method = method(envelope);
    if method.is_some() && header(headers, &METHOD)? != method {
        return Err(mismatch("Mcp-Method must be the method of the message"));
    }
    match Revision::parse(&version).filter(|revision| SERVED.contains(revision) && revision.era() == Era::Stateless) {
        Some(revision) => Ok(revision),
        None => {
            let supported = SERVED.into_iter().filter(|revision| revision.era() == Era::Stateless);
            let data = Data::Version { supported: supported.map(Revision::as_str).collect(), requested: version };
            Err(Failure::with(UNSUPPORTED_VERSION, "Unsupported protocol version", data))
        }
    }
}

fn method(envelope: &Envelope) -> Option<String> {
    match envelope.kind() {
        Kind::Request { method } | Kind::Notification { method } => Some(method.to_owned()),
        Kind::Answer => None,
    }
}

/// The revision of a session: without the header it is not known, which every revision since the first allows.
fn session_revision(stated: Option<String>) -> Result<Option<Revision>, Failure> {
    let Some(stated) = stated else { return Ok(None) };
    match Revision::parse(&stated) {
        Some(revision) if revision >= Revision::V2025_03_26 => Ok(Some(revision)),
        _ => Err(Failure::new(INVALID_REQUEST, "Invalid request: MCP-Protocol-Version names no revision served here")),
    }
}

/// A header's only value, blanks trimmed.
fn header(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, Failure> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), rest) = (values.next(), values.next()) else { return Ok(None) };
    match (value.to_str(), rest) {
        (Ok(value), None) => Ok(Some(value.trim().to_owned())),
        (Ok(_), Some(_)) => Err(Failure::new(HEADER_MISMATCH, format!("Header mismatch: {name} comes twice"))),
        (Err(_), _) => Err(Failure::new(HEADER_MISMATCH, format!("Header mismatch: {name} is no text"))),
    }
}

fn extension(interceptors: &Interceptors) -> Extension<'_> {
    // A set of texts gives them sorted.
    Extension { interceptors: Supported { supported_events: interceptors.events().into_iter().collect() } }
}

/// The handshake of a session. A revision that is not served is answered with the newest one that has sessions.
pub(super) fn initialize(interceptors: &Interceptors, params: &str) -> Outcome {
    let Initialize { protocol_version } = serde_json::from_str(params).map_err(Failure::params)?;
    let newest = Revision::V2025_11_25;
    let agreed = Revision::parse(&protocol_version)
        .filter(|revision| SERVED.contains(revision) && revision.era() == Era::Session)
        .unwrap_or(newest);
    let capabilities =
        Capabilities { extensions: extension(interceptors), experimental: Some(extension(interceptors)) };
    let result = Initialized { protocol_version: agreed.as_str(), capabilities, server_info: SERVER };
    rpc::complete(Era::Session, &result)
}

/// What the stateless revision has in place of a handshake.
pub(super) fn discover(interceptors: &Interceptors) -> Outcome {
    let result = Discovered {
        supported_versions: SERVED.map(Revision::as_str).to_vec(),
        capabilities: Capabilities { extensions: extension(interceptors), experimental: None },
        ttl_ms: TTL_MS,
        cache_scope: "public",
        meta: Stamp { server_info: SERVER },
    };
    rpc::complete(Era::Stateless, &result)
}

/// JSON as it was written, unless it is `null`.
pub(super) fn present(raw: Option<&RawValue>) -> Option<&RawValue> {
    raw.filter(|raw| raw.get() != "null")
}
