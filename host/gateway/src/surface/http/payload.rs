//! HTTP messages as payloads.
//!
//! Request: `{method, url, path, query, headers, body}`; `url` is the URL that the caller requested, `path` and `query`
//! (without `?`, empty if there is none) are its parts. Response: `{status, headers, body}`. Header names are in lower
//! case; a header that occurs once is a string, a repeated one an array of strings; bytes that are not UTF-8 are read
//! as Latin-1. The body is last; it is absent if it is empty or not read.

use ::http::{HeaderMap, HeaderValue, Request, request, response};
use bytes::Bytes;
use weir_core::Payload;
use weir_http::origin;

use super::form::{Form, Shown, quote};
use crate::refusal::Refusal;

/// The URL that the caller requested.
pub(super) fn url<B>(request: &Request<B>) -> String {
    let host = origin::host(request);
    let host = host.as_ref().map_or("", |authority| authority.as_str());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    format!("http://{host}{path}")
}

/// A request's payload. `body` is `None` if it streams. A body of a JSON type must be JSON.
pub(super) fn request(parts: &request::Parts, url: &str, body: Option<&Bytes>) -> Result<(Payload, Shown), Refusal> {
    let data = body.map_or(&b""[..], |body| &body[..]);
    let form = Form::of(&parts.headers);
    let shown = Shown::of(form, data);
    if form == Form::Json && !matches!(shown, Shown::Json | Shown::Absent) {
        return Err(Refusal::BadRequest("the content type says JSON, but the body is not valid JSON".to_owned()));
    }
    let mut out = Vec::with_capacity(data.len() + 1024);
    out.extend_from_slice(b"{\"method\":");
    quote(parts.method.as_str(), &mut out);
    out.extend_from_slice(b",\"url\":");
    quote(url, &mut out);
    out.extend_from_slice(b",\"path\":");
    quote(parts.uri.path(), &mut out);
    out.extend_from_slice(b",\"query\":");
    quote(parts.uri.query().unwrap_or_default(), &mut out);
    write_rest(&parts.headers, shown, data, &mut out);
    let payload = Payload::from_bytes(&out)
        .map_err(|error| Refusal::BadRequest(format!("the request cannot be shown to policies: {error}")))?;
    Ok((payload, shown))
}

/// A response's payload. A body of a JSON type that is not JSON, or that readers could read differently, becomes a
/// string.
pub(super) fn response(parts: &response::Parts, data: &Bytes) -> Result<(Payload, Shown), Refusal> {
    let shown = Shown::of(Form::of(&parts.headers), data);
    let compose = |shown: Shown| {
        let mut out = Vec::with_capacity(data.len() + 1024);
        out.extend_from_slice(b"{\"status\":");
        out.extend_from_slice(parts.status.as_str().as_bytes());
        write_rest(&parts.headers, shown, data, &mut out);
        Payload::from_bytes(&out).map(|payload| (payload, shown))
    };
    compose(shown)
        .or_else(|_| compose(Shown::Text))
        .map_err(|_| Refusal::UpstreamInvalid("policies cannot read the upstream's response"))
}

/// A header's values as JSON.
pub(super) fn write_values<'a>(values: impl Iterator<Item = &'a HeaderValue>, out: &mut Vec<u8>) {
    let mut values = values.peekable();
    let first = values.next();
    match (first, values.peek()) {
        (Some(only), None) => write_value(only, out),
        (first, _) => {
            out.push(b'[');
            for (place, value) in first.into_iter().chain(values).enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_value(value, out);
            }
            out.push(b']');
        }
    }
}

fn write_value(value: &HeaderValue, out: &mut Vec<u8>) {
    match std::str::from_utf8(value.as_bytes()) {
        Ok(text) => quote(text, out),
        Err(_) => quote(&value.as_bytes().iter().map(|byte| char::from(*byte)).collect::<String>(), out),
    }
}

fn write_rest(headers: &HeaderMap, shown: Shown, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"headers\":{");
    for (place, name) in headers.keys().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        quote(name.as_str(), out);
        out.push(b':');
        write_values(headers.get_all(name).iter(), out);
    }
    out.push(b'}');
    if shown != Shown::Absent {
        out.extend_from_slice(b",\"body\":");
        shown.write(data, out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(content_type: &str) -> request::Parts {
        let request = Request::builder()
            .method("POST")
            .uri("/a/b?x=1&y")
            .header("host", "gateway:1")
            .header("content-type", content_type)
            .header("x-many", "1")
            .header("x-many", "2")
            .header("x-latin", HeaderValue::from_bytes(b"caf\xe9").unwrap());
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_request_is_shown_whole() {
        let parts = parts("application/json");
        let url = url(&Request::from_parts(parts.clone(), ()));
        let (payload, shown) = request(&parts, &url, Some(&Bytes::from_static(b" {\"n\":1.00} "))).unwrap();
        assert_eq!(
            payload.text(),
            "{\"method\":\"POST\",\"url\":\"http://gateway:1/a/b?x=1&y\",\"path\":\"/a/b\",\"query\":\"x=1&y\",\
             \"headers\":{\"host\":\"gateway:1\",\"content-type\":\"application/json\",\"x-many\":[\"1\",\"2\"],\
             \"x-latin\":\"café\"},\"body\": {\"n\":1.00} }"
        );
        assert_eq!(shown, Shown::Json);
        let (payload, _) = request(&parts, &url, None).unwrap();
        assert_eq!(payload.get("/body"), None);
    }

    #[test]
    fn a_body_cannot_reach_out_of_its_place() {
        let parts = parts("application/json");
        for body in ["1,\"method\":\"GET\"", "1,\"z\":2", "1}", "1},\"a\":{}", "{\"a\":1,\"a\":2}", "", "x"] {
            let data = Bytes::from_static(body.as_bytes());
            assert_eq!(request(&parts, "", Some(&data)).is_err(), !body.is_empty(), "{body}");
        }
    }

    #[test]
    fn a_response_that_is_not_json_is_text() {
        let head = |content_type: &str| {
            ::http::Response::builder()
                .status(201)
                .header("content-type", content_type)
                .body(())
                .unwrap()
                .into_parts()
                .0
        };
        for (content_type, body, expected) in [
            ("application/json", "{\"a\":1}", "{\"a\":1}"),
            ("application/json", "{\"a\":1,\"a\":2}", "\"{\\\"a\\\":1,\\\"a\\\":2}\""),
            ("application/json", "{", "\"{\""),
            ("text/plain", "x", "\"x\""),
        ] {
            let data = Bytes::from_static(body.as_bytes());
            let (payload, _) = response(&head(content_type), &data).unwrap();
            assert_eq!(payload.get("/body").as_deref(), Some(expected), "{body}");
            assert_eq!(payload.get("/status").as_deref(), Some("201"));
        }
    }
}
