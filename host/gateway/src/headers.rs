//! Header fields that end at the gateway.
//!
//! Invariant: policies see what the other side gets, so these fields are removed before policies run.

use http::header::{CONNECTION, COOKIE, EXPECT, HOST, PROXY_AUTHORIZATION, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue};

/// The acting agent. Read by the gateway, not forwarded.
pub(crate) const WEIR_AGENT_ID: HeaderName = HeaderName::from_static("weir-agent-id");
/// The agent's action. Read by the gateway, not forwarded.
pub(crate) const WEIR_ACTION_NAME: HeaderName = HeaderName::from_static("weir-action-name");
/// The caller's own index of the call. Read by the gateway, not forwarded.
pub(crate) const WEIR_INTERCEPT_INDEX: HeaderName = HeaderName::from_static("weir-intercept-index");
/// The token of a context. Read by the gateway, not forwarded.
pub(crate) const WEIR_CONTEXT: HeaderName = HeaderName::from_static("weir-context");
/// Exempts a call in a context from recording and the trust check. Read by the gateway, not forwarded.
pub(crate) const WEIR_PASSTHROUGH: HeaderName = HeaderName::from_static("weir-passthrough");
/// On every reply: the call reference that the log uses.
pub const WEIR_CALL_REF: HeaderName = HeaderName::from_static("weir-call-ref");

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");

/// Removes fields about the caller's connection and fields for the gateway itself.
pub fn clean_request(headers: &mut HeaderMap) {
    let trailers = headers.get_all(TE).iter().any(accepts_trailers);
    drop_hop_by_hop(headers);
    for name in [EXPECT, PROXY_AUTHORIZATION, HOST] {
        headers.remove(name);
    }
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    drop_weir(headers);
    join_cookies(headers);
}

/// Removes fields about the upstream's connection and fields that only the gateway may set.
pub(crate) fn clean_response(headers: &mut HeaderMap) {
    drop_hop_by_hop(headers);
    drop_weir(headers);
}

/// Whether only the gateway may set a field: it frames the message, concerns one connection, or is the gateway's own.
pub(crate) fn is_reserved(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "expect"
            | "host"
            | "content-length"
            | "content-encoding"
            | "traceparent"
            | "tracestate"
    ) || is_weir(name)
}

/// Drops what speaks about the bytes of a body that has been replaced. The length is written anew from the new one.
pub fn body_replaced(headers: &mut HeaderMap) {
    for name in ["content-length", "content-md5", "digest", "content-digest", "repr-digest"] {
        headers.remove(name);
    }
}

fn drop_hop_by_hop(headers: &mut HeaderMap) {
    if headers.contains_key(CONNECTION) {
        let named: Vec<HeaderName> = headers
            .get_all(CONNECTION)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|name| HeaderName::from_bytes(name.trim().as_bytes()).ok())
            .collect();
        for name in named {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    for name in [KEEP_ALIVE, PROXY_CONNECTION, TE, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
}

fn accepts_trailers(value: &HeaderValue) -> bool {
    value.to_str().is_ok_and(|value| value.split(',').any(|coding| coding.trim().eq_ignore_ascii_case("trailers")))
}

fn is_weir(name: &HeaderName) -> bool {
    name.as_str().starts_with("weir-")
}

fn drop_weir(headers: &mut HeaderMap) {
    while let Some(name) = headers.keys().find(|name| is_weir(name)).cloned() {
        headers.remove(name);
    }
}

/// HTTP/2 may split cookies over several fields; HTTP/1.1 must have one (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let mut values = headers.get_all(COOKIE).iter();
    if values.next().is_none() || values.next().is_none() {
        return;
    }
    let all: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn what_concerns_one_connection_ends_here() {
        let mut request = headers(&[
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "keep-alive"),
            ("proxy-authorization", "Basic eA=="),
            ("te", "gzip, Trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("expect", "100-continue"),
            ("host", "gateway"),
            ("weir-agent-id", "a"),
            ("weir-action-name", "a"),
            ("weir-intercept-index", "1"),
            ("weir-context", "wctx_secret"),
            ("weir-passthrough", "true"),
            ("weir-anything", "b"),
            ("cookie", "a=1"),
            ("cookie", "b=2"),
            ("trailer", "x-sum"),
            ("authorization", "Bearer t"),
        ]);
        clean_request(&mut request);
        let expected =
            headers(&[("te", "trailers"), ("cookie", "a=1; b=2"), ("trailer", "x-sum"), ("authorization", "Bearer t")]);
        assert_eq!(request, expected);

        let mut response = headers(&[
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("weir-call-ref", "forged"),
            ("content-type", "text/plain"),
        ]);
        clean_response(&mut response);
        assert_eq!(response, headers(&[("content-type", "text/plain")]));
    }
}
