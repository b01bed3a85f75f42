//! Applies a changed payload to an HTTP message.
//!
//! Invariants: an unchanged part keeps its exact bytes; policies cannot set headers that frame the message or belong to
//! the gateway, so those stay.
//!
//! `url` is read-only: to send a request elsewhere within the route, a policy changes `path` and `query`. A missing
//! member means unchanged; only a missing body means empty.

use std::collections::HashSet;

use ::http::uri::PathAndQuery;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, request, response};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use weir_core::Payload;
use weir_http::Read;

use super::fields::{Fields, Values};
use super::form::{Form, Shown};
use super::{body as bodies, payload};
use crate::headers::is_reserved;
use crate::refusal::Refusal;

/// The members that a changed payload may set.
#[derive(Deserialize)]
struct Changed<'a> {
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    status: Option<u16>,
    headers: Option<Fields>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// Applies a changed request.
pub(super) fn request(
    parts: &mut request::Parts,
    body: &mut Read,
    shown: Shown,
    before: &Payload,
    after: &Payload,
) -> Result<(), Refusal> {
    let Changed { method, path, query, status: _, headers, body: changed } = read(after)?;
    if let Some(method) = method {
        parts.method = Method::from_bytes(method.as_bytes()).map_err(|_| unusable("the changed method is invalid"))?;
    }
    let path = path.as_deref().unwrap_or(parts.uri.path());
    let query = query.as_deref().unwrap_or(parts.uri.query().unwrap_or_default());
    if path != parts.uri.path() || query != parts.uri.query().unwrap_or_default() {
        parts.uri = uri(path, query)?;
    }
    apply_headers(&mut parts.headers, headers)?;
    apply_body(&mut parts.headers, body, shown, before, changed)
}

/// Applies a changed response.
pub(super) fn response(
    parts: &mut response::Parts,
    body: &mut Read,
    shown: Shown,
    before: &Payload,
    after: &Payload,
) -> Result<(), Refusal> {
    let Changed { method: _, path: _, query: _, status, headers, body: changed } = read(after)?;
    if let Some(status) = status.filter(|status| *status != parts.status.as_u16()) {
        // An interim status would not end the exchange.
        parts.status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| status.as_u16() >= 200 && status.as_u16() < 600)
            .ok_or_else(|| unusable("the changed status is not between 200 and 599"))?;
    }
    apply_headers(&mut parts.headers, headers)?;
    apply_body(&mut parts.headers, body, shown, before, changed)
}

fn read(after: &Payload) -> Result<Changed<'_>, Refusal> {
    serde_json::from_str(after.text())
        .map_err(|error| Refusal::UnusablePayload(format!("the changed payload is not an HTTP message: {error}")))
}

fn uri(path: &str, query: &str) -> Result<Uri, Refusal> {
    if !path.starts_with('/') || path.contains(['?', '#']) || query.contains('#') {
        return Err(unusable("the changed path or query is invalid"));
    }
    let text = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    PathAndQuery::try_from(text).map(Uri::from).map_err(|_| unusable("the changed path or query is invalid"))
}

fn apply_headers(headers: &mut HeaderMap, changed: Option<Fields>) -> Result<(), Refusal> {
    let Some(Fields(fields)) = changed else { return Ok(()) };
    let mut kept = HashSet::new();
    for (name, values) in fields {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Refusal::UnusablePayload(format!("{name:?} is not the name of a header")))?;
        let values = match values {
            Values::One(value) => vec![value],
            Values::Many(values) => values,
        };
        if !is_reserved(&name) && !is_same(headers, &name, &values) {
            headers.remove(&name);
            for value in values {
                let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                    Refusal::UnusablePayload(format!("the changed header {name} has a control character"))
                })?;
                headers.append(&name, value);
            }
        }
        kept.insert(name);
    }
    let gone: Vec<HeaderName> =
        headers.keys().filter(|name| !is_reserved(name) && !kept.contains(*name)).cloned().collect();
    for name in gone {
        headers.remove(name);
    }
    Ok(())
}

/// Whether a header would be shown with these values.
fn is_same(headers: &HeaderMap, name: &HeaderName, values: &[String]) -> bool {
    let mut shown = Vec::new();
    payload::write_values(headers.get_all(name).iter(), &mut shown);
    let changed = match values {
        [only] => serde_json::to_vec(only),
        many => serde_json::to_vec(many),
    };
    changed.is_ok_and(|changed| changed == shown)
}

fn apply_body(
    headers: &mut HeaderMap,
    body: &mut Read,
    shown: Shown,
    before: &Payload,
    changed: Option<&RawValue>,
) -> Result<(), Refusal> {
    let Some(changed) = changed else {
        if !body.data.is_empty() {
            bodies::replace(headers, body, Bytes::new());
        }
        return Ok(());
    };
    let same = match Payload::parse(changed.get()) {
        Ok(changed) => same_json(before, &changed),
        Err(_) => false,
    };
    if !same {
        let data = shown.encode(Form::of(headers), changed.get()).map_err(Refusal::UnusablePayload)?;
        bodies::replace(headers, body, data);
    }
    Ok(())
}

fn same_json(before: &Payload, changed: &Payload) -> bool {
    before.get("/body").is_some_and(|body| Payload::parse(body).is_ok_and(|body| body.same_json(changed)))
}

fn unusable(reason: &str) -> Refusal {
    Refusal::UnusablePayload(reason.to_owned())
}

#[cfg(test)]
mod tests {
    use ::http::Request;

    use super::*;

    fn apply(before: (&str, &'static str), after: &str) -> Result<(request::Parts, Bytes), Refusal> {
        let (content_type, body) = before;
        let request = Request::post("/r/a?q=1")
            .header("content-type", content_type)
            .header("content-length", body.len())
            .header("x-keep", HeaderValue::from_bytes(b"caf\xe9").unwrap())
            .header("x-drop", "1");
        let mut parts = request.body(()).unwrap().into_parts().0;
        let mut read = Read { data: Bytes::from_static(body.as_bytes()), trailers: None };
        let (payload, shown) = payload::request(&parts, "", Some(&read.data)).unwrap();
        super::request(&mut parts, &mut read, shown, &payload, &Payload::parse(after).unwrap())?;
        Ok((parts, read.data))
    }

    #[test]
    fn what_is_not_changed_keeps_its_bytes() {
        let body = "{ \"a\" : 1.0 }";
        let after = r#"{"headers":{"content-type":"application/json","x-keep":"café","x-new":["1","2"],
            "content-length":"999","connection":"close"},"body":{"a":1.0}}"#;
        let (parts, data) = apply(("application/json", body), after).unwrap();
        assert_eq!(data, body);
        assert_eq!(parts.headers["x-keep"].as_bytes(), b"caf\xe9");
        assert_eq!(parts.headers.get_all("x-new").iter().count(), 2);
        assert_eq!(parts.headers["content-length"], body.len().to_string());
        assert!(!parts.headers.contains_key("connection") && !parts.headers.contains_key("x-drop"));
        assert_eq!((parts.method.as_str(), parts.uri.to_string().as_str()), ("POST", "/r/a?q=1"));
    }

    #[test]
    fn every_part_can_be_changed() {
        let after = r#"{"method":"PUT","path":"/r/b","query":"","headers":{},"body":{"a":2}}"#;
        let (parts, data) = apply(("application/json", "{\"a\":1}"), after).unwrap();
        assert_eq!((parts.method.as_str(), parts.uri.to_string().as_str()), ("PUT", "/r/b"));
        // Without a type the value is still JSON's, which a plain string would not be.
        assert_eq!(data, "{\"a\":2}");
        assert!(!parts.headers.contains_key("content-length") && !parts.headers.contains_key("content-type"));
        let (_, data) = apply(("text/plain", "secret"), r#"{"body":"[redacted]"}"#).unwrap();
        assert_eq!(data, "[redacted]");
        let (_, data) = apply(("image/png", "x"), r#"{"body":{"base64":"eXo="}}"#).unwrap();
        assert_eq!(data, "yz");
        let (_, data) = apply(("text/plain", "secret"), r#"{"headers":{}}"#).unwrap();
        assert_eq!(data, "");
    }

    #[test]
    fn what_cannot_be_sent_is_not() {
        for after in [
            "[]",
            r#"{"method":"G T"}"#,
            r#"{"path":"x"}"#,
            r#"{"path":"/r/a?x"}"#,
            r#"{"path":"/r/a b"}"#,
            r#"{"query":"a#b"}"#,
            r#"{"headers":{"a b":"1"}}"#,
            r#"{"headers":{"a":"x\ny"}}"#,
            r#"{"headers":{"a":1}}"#,
            r#"{"body":{"not":"text"}}"#,
        ] {
            assert!(matches!(apply(("text/plain", "x"), after), Err(Refusal::UnusablePayload(_))), "{after}");
        }
    }
}
