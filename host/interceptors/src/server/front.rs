//! The checks on a request to the interceptor server before its method is dispatched, and the two handshakes.
//!
//! Both eras are served side by side. Requests of a session are self-contained, too: nothing is remembered.

use bytes::Bytes;
use http::{HeaderMap, Request};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use weir_gateway::{Refusal, Visit};
use weir_http::Incoming;
use weir_http::ReadError;
use weir_mcp::revision::{Era, Revision};
use weir_mcp::{Envelope, Kind};
use weir_mcp::{headers, meta, rejection};

use super::Interceptors;
use super::rpc::{self, Failure, Outcome};

/// How long a client may cache a list. Policies change rarely, when the operator edits the folder; a chain elsewhere
/// should then follow within a minute.
pub(super) const TTL_MS: u64 = 60_000;

/// Extra bytes around a payload: the envelope, a configuration, a context.
const ENVELOPE: usize = 256 << 10;

/// Revisions that are served, newest first.
const SERVED: [Revision; 3] = [Revision::V2026_07_28, Revision::V2025_11_25, Revision::V2025_06_18];

/// A message that was read.
pub(super) struct Posted {
    pub(super) envelope: Envelope,
    pub(super) era: Era,
    /// The agreed revision, if known.
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
    visit: Visit<'_>,
    interceptors: &Interceptors,
    request: Request<Incoming>,
) -> Result<Posted, Refusal> {
    let (parts, body) = request.into_parts();
    if weir_http::is_encoded(&parts.headers) {
        return Err(Refusal::EncodedBody);
    }
    let limit = interceptors.max_body.saturating_add(ENVELOPE);
    let read = weir_http::whole(body, limit, visit.body_read_timeout).await.map_err(|error| match error {
        ReadError::TooLarge => Refusal::BodyTooLarge(limit),
        ReadError::Slow => Refusal::BodyTimeout,
        ReadError::Broken(_) => Refusal::BadRequest("the body broke off".to_owned()),
    })?;
    classify(&parts.headers, read.data)
}

fn classify(headers: &HeaderMap, text: Bytes) -> Result<Posted, Refusal> {
    let envelope = Envelope::read(text).map_err(rejection::malformed)?;
    let (revision, era) = headers::revision(headers, &envelope)?;
    match (era, revision) {
        (Era::Stateless, _) => {
            headers::check_method(headers, &envelope)?;
            if matches!(envelope.kind(), Kind::Request { .. }) && !envelope.meta().has_capabilities {
                return Err(rejection::missing_meta(&envelope, meta::CAPABILITIES).into());
            }
        }
        // Without a header the revision is unknown, which every revision since the first over HTTP allows.
        (Era::Session, Some(revision)) if revision < Revision::V2025_03_26 => {
            return Err(rejection::unsupported_version(&envelope, revision.as_str()).into());
        }
        (Era::Session, _) => {}
    }
    Ok(Posted { envelope, era, revision })
}

fn extension(interceptors: &Interceptors) -> Extension<'_> {
    // The set is sorted.
    Extension { interceptors: Supported { supported_events: interceptors.events().into_iter().collect() } }
}

/// The handshake of a session. A revision that is not served gets the newest one with sessions.
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

/// The stateless revision's alternative to a handshake.
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

/// The raw JSON, unless it is `null`.
pub(super) fn present(raw: Option<&RawValue>) -> Option<&RawValue> {
    raw.filter(|raw| raw.get() != "null")
}
