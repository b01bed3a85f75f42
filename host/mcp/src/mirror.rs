//! Headers that mirror the message so that others can route by them. They are checked on arrival and rewritten when a
//! policy changed the message.
//!
//! Invariant: the headers and the body of a forwarded request agree.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_core::Payload;
use weir_core::payload::escape;

use crate::envelope::{self, Envelope};
use crate::headers::{METHOD, check_method, only};
use crate::json::{self, Member};
use crate::method::Method;
use crate::rejection::{self, Rejection};

/// The name of what a request is about.
pub const NAME: HeaderName = HeaderName::from_static("mcp-name");
/// Prefix of headers that mirror an argument.
pub const PARAM: &str = "mcp-param-";

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

/// Most mirrored arguments of one tool; a request cannot have more headers.
const MAX_ARGUMENTS: usize = 64;
/// Deepest argument that is searched.
const MAX_DEPTH: usize = 16;

/// One argument of a tool that is mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrored {
    /// Its header.
    pub header: HeaderName,
    /// Its place in the params, as a JSON pointer.
    pub pointer: String,
    /// How it is compared with its header.
    pub compared: Compared,
}

/// How an argument is compared with its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// By its value.
    Number,
    /// As text.
    Text,
}

/// The mirrored arguments of a tool, from the text of the schema of its input: properties with `x-mcp-header`. What is
/// of another type than it should be mirrors nothing.
pub fn mirrored(schema: &str) -> Vec<Mirrored> {
    let mut found = Vec::new();
    find(schema, "/arguments", 0, &mut found);
    found
}

fn find(schema: &str, pointer: &str, depth: usize, found: &mut Vec<Mirrored>) {
    let Some(properties) = json::member(schema, "properties").filter(|_| depth < MAX_DEPTH) else { return };
    for Member { name, value } in json::members(properties).unwrap_or_default() {
        let Some(schema) = properties.get(value) else { continue };
        let text = |member| json::member(schema, member).and_then(json::string);
        let pointer = format!("{pointer}/{}", escape(&name));
        let header = text("x-mcp-header").filter(|header| !header.is_empty());
        let header = header.and_then(|header| HeaderName::from_bytes(format!("{PARAM}{header}").as_bytes()).ok());
        if let (Some(header), true) = (header, found.len() < MAX_ARGUMENTS) {
            let compared = match text("type").as_deref() {
                Some("integer" | "number") => Compared::Number,
                _ => Compared::Text,
            };
            found.push(Mirrored { header, pointer: pointer.clone(), compared });
        }
        find(schema, &pointer, depth + 1, found);
    }
}

/// Checks that the headers of a stateless message agree with it. `tool` returns the mirrored arguments of a tool, if
/// they are known.
pub fn check(
    headers: &HeaderMap,
    envelope: &Envelope,
    tool: impl FnOnce(&str) -> Option<Arc<[Mirrored]>>,
) -> Result<(), Rejection> {
    let mismatch = |reason: String| rejection::header_mismatch(envelope, &reason);
    check_method(headers, envelope)?;
    let envelope::Kind::Request { method } = envelope.kind() else { return Ok(()) };
    let method = Method::of(method);
    let Some((pointer, needs)) = source(method) else { return Ok(()) };
    let params = envelope.shown_params().map_err(|cause| rejection::params(envelope, &cause))?;
    let named = params.string(pointer);
    match (header(headers, &NAME).map_err(|reason| mismatch(format!("Mcp-Name {reason}")))?, named) {
        (Some(header), Some(named)) if header == named => {}
        (None, Some(_)) if needs == Needs::Name => return Err(mismatch("Mcp-Name is missing".to_owned())),
        (None, _) => {}
        (Some(_), _) => return Err(mismatch("Mcp-Name does not match the name in the body".to_owned())),
    }
    let (Some(named), Method::ToolsCall) = (named, method) else { return Ok(()) };
    for mirrored in tool(named).iter().flat_map(|all| all.iter()) {
        let Some(value) = value(&params, mirrored) else { continue };
        let name = mirrored.header.as_str();
        let header = header(headers, &mirrored.header).map_err(|reason| mismatch(format!("{name} {reason}")))?;
        match header {
            None => return Err(mismatch(format!("{name} is missing"))),
            Some(header)
                if header == value || (mirrored.compared == Compared::Number && is_same_number(&header, &value)) => {}
            Some(_) => return Err(mismatch(format!("{name} does not match the argument in the body"))),
        }
    }
    Ok(())
}

/// Rewrites the headers after a policy changed the message. `tools` are the mirrored arguments of the called tool;
/// without them all argument headers are removed, since they may be outdated.
pub fn rewrite(headers: &mut HeaderMap, envelope: &Envelope, tools: Option<Arc<[Mirrored]>>) {
    let envelope::Kind::Request { method } = envelope.kind() else { return };
    if let Ok(value) = HeaderValue::from_str(method) {
        headers.insert(METHOD, value);
    }
    let params = envelope.shown_params().ok();
    let method = Method::of(method);
    let named = source(method).and_then(|(pointer, _)| params.as_ref()?.string(pointer));
    set(headers, NAME, named);
    if method != Method::ToolsCall {
        return;
    }
    match (tools, params) {
        (Some(tools), Some(params)) => {
            for mirrored in tools.iter() {
                set(headers, mirrored.header.clone(), value(&params, mirrored).as_deref());
            }
        }
        _ => drop_arguments(headers),
    }
}

/// Removes mirror headers where nobody should read them.
pub fn forget(headers: &mut HeaderMap) {
    headers.remove(NAME);
    drop_arguments(headers);
}

fn drop_arguments(headers: &mut HeaderMap) {
    while let Some(name) = headers.keys().find(|name| name.as_str().starts_with(PARAM)).cloned() {
        headers.remove(name);
    }
}

/// Whether a request must name its subject in a header.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Name,
    Nothing,
}

/// Where a request names its subject.
fn source(method: Method<'_>) -> Option<(&'static str, Needs)> {
    match method {
        Method::ToolsCall | Method::PromptsGet => Some(("/name", Needs::Name)),
        Method::ResourcesRead => Some(("/uri", Needs::Name)),
        // Part of an extension; its servers may not need it.
        Method::Task(_) => Some(("/taskId", Needs::Nothing)),
        _ => None,
    }
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, &'static str> {
    only(headers, name)?.map(decode).transpose()
}

fn decode(text: &str) -> Result<String, &'static str> {
    let Some(encoded) = text.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) else {
        return Ok(text.to_owned());
    };
    let bytes = STANDARD.decode(encoded).map_err(|_| "is not valid Base64")?;
    String::from_utf8(bytes).map_err(|_| "is not valid UTF-8 in Base64")
}

fn encode(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && text.trim_matches(' ') == text
        && !text.starts_with(PREFIX);
    if is_plain { text.to_owned() } else { format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(text)) }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: Option<&str>) {
    match value.map(|value| HeaderValue::from_str(&encode(value))) {
        Some(Ok(value)) => {
            headers.insert(name, value);
        }
        _ => {
            headers.remove(name);
        }
    }
}

/// An argument as a header value; `None` if it is absent, null, or has no such form.
fn value(params: &Payload, mirrored: &Mirrored) -> Option<String> {
    let value = params.get(&mirrored.pointer)?;
    match value.as_bytes().first()? {
        b'"' => json::string(&value),
        b't' | b'f' | b'-' | b'0'..=b'9' => Some(value),
        _ => None,
    }
}

fn is_same_number(header: &str, value: &str) -> bool {
    let is_decimal = |text: &str| {
        let digits = text.strip_prefix('-').unwrap_or(text);
        digits.starts_with(|c: char| c.is_ascii_digit()) && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    is_decimal(header) && matches!((header.parse::<f64>(), value.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_coded_so_that_they_come_back() {
        for (text, coded) in [
            ("us-west1", "us-west1"),
            ("two words", "two words"),
            ("", "=?base64??="),
            ("Hello, 世界", "=?base64?SGVsbG8sIOS4lueVjA==?="),
            (" padded ", "=?base64?IHBhZGRlZCA=?="),
            ("line1\nline2", "=?base64?bGluZTEKbGluZTI=?="),
            ("=?base64?literal?=", "=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="),
        ] {
            assert_eq!(encode(text), coded);
            assert_eq!(decode(coded).unwrap(), text);
        }
        for bad in ["=?base64?%%%?=", "=?base64?SGVsbG8?=", "=?base64?/w==?="] {
            assert!(decode(bad).is_err(), "{bad}");
        }
        for (header, value, same) in
            [("42.0", "42", true), ("42", "42.0", true), ("4e1", "40", false), ("x", "1", false), ("1", "2", false)]
        {
            assert_eq!(is_same_number(header, value), same, "{header} {value}");
        }
    }

    #[test]
    fn headers_follow_the_message() {
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"q\u00e9","arguments":{"a":{"b":true},"c":null}}}"#;
        let envelope = Envelope::read(bytes::Bytes::from(text)).unwrap();
        let mirrored = |header: &'static str, pointer: &str| Mirrored {
            header: HeaderName::from_static(header),
            pointer: pointer.to_owned(),
            compared: Compared::Text,
        };
        let tools: Arc<[Mirrored]> =
            vec![mirrored("mcp-param-b", "/arguments/a/b"), mirrored("mcp-param-c", "/arguments/c")].into();
        let stale = || {
            HeaderMap::from_iter([
                (NAME, HeaderValue::from_static("old")),
                (HeaderName::from_static("mcp-param-c"), HeaderValue::from_static("old")),
                (HeaderName::from_static("mcp-param-x"), HeaderValue::from_static("kept")),
            ])
        };
        let mut headers = stale();
        rewrite(&mut headers, &envelope, Some(tools));
        let line = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(line("mcp-method").as_deref(), Some("tools/call"));
        assert_eq!(line("mcp-name").as_deref(), Some("=?base64?ccOp?="));
        assert_eq!(line("mcp-param-b").as_deref(), Some("true"));
        assert_eq!((line("mcp-param-c"), line("mcp-param-x").as_deref()), (None, Some("kept")));
        let mut headers = stale();
        rewrite(&mut headers, &envelope, None);
        assert!(headers.keys().all(|name| !name.as_str().starts_with(PARAM)));
    }

    #[test]
    fn annotated_properties_are_found_where_they_are() {
        let schema = serde_json::json!({"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "a/b": {"type": "object", "properties": {"n": {"type": "integer", "x-mcp-header": "N"}}},
            "bad": {"type": "string", "x-mcp-header": "no token"},
            "none": {"type": "string", "x-mcp-header": ""},
            "list": {"type": "array", "items": {"properties": {"x": {"x-mcp-header": "X"}}}},
        }});
        let found = mirrored(&schema.to_string());
        let found: Vec<_> =
            found.iter().map(|found| (found.header.as_str(), found.pointer.as_str(), found.compared)).collect();
        assert_eq!(
            found,
            [
                ("mcp-param-region", "/arguments/region", Compared::Text),
                ("mcp-param-n", "/arguments/a~1b/n", Compared::Number)
            ]
        );
    }
}
