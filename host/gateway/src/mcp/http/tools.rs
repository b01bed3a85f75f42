//! Which arguments of which tools are mirrored in headers: `x-mcp-header` in the schemas of `tools/list`.
//!
//! What was seen last of a tool holds; a caller whose headers do not fit asks for the list again. Bounded by count and
//! by bytes, since servers choose how many tools they name, and what they call them.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use ::http::HeaderName;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use serde::Deserialize;
use serde_json::Value;
use weir_core::payload::escape;

use super::mirror::PARAM;
use crate::body::BodyError;
use crate::call::Call;
use crate::mcp::envelope::Envelope;
use crate::records::AnswerBody;
use crate::routes::Upstream;
use crate::sse::Scanner;

/// Most tools that are remembered of one route, and most bytes of what is known of them.
const MAX_TOOLS: usize = 4096;
const MAX_BYTES: usize = 4 << 20;
/// Most mirrored arguments of one tool; a request has no more headers than that.
const MAX_ARGUMENTS: usize = 64;
/// Deepest argument that is looked for.
const MAX_DEPTH: usize = 16;

/// What is known of the tools of all routes.
#[derive(Default)]
pub(crate) struct ToolHeaders {
    by_route: Mutex<HashMap<Box<str>, Known>>,
}

/// What is known of the tools of one route.
struct Known {
    /// Where it led when they were seen: two upstreams of one route, before and after a reload, are not the same.
    upstream: Upstream,
    tools: HashMap<Box<str>, Arc<[Mirrored]>>,
    bytes: usize,
}

/// One argument that is mirrored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mirrored {
    pub(super) header: HeaderName,
    /// Where it stands in the params.
    pub(super) pointer: String,
    pub(super) kind: Kind,
}

/// How an argument is compared with its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By its value.
    Number,
    /// As text.
    Other,
}

/// A list of tools that passes untouched, with a copy to learn from.
pub(crate) struct Learning {
    body: AnswerBody,
    call: Arc<Call>,
    /// `None` once it is too long, or learned from.
    copy: Option<BytesMut>,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    tools: Vec<Tool>,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    #[serde(default, rename = "inputSchema")]
    input_schema: Value,
}

impl ToolHeaders {
    /// The mirrored arguments of a tool; `None` if the tool is not known.
    pub(super) fn of(&self, call: &Call, tool: &str) -> Option<Arc<[Mirrored]>> {
        let by_route = self.by_route.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_route.get(call.route_name()).filter(|known| known.upstream == call.route.route.upstream)?;
        known.tools.get(tool).map(Arc::clone)
    }

    /// Learns from an answer to `tools/list`; whether it was a message.
    pub(super) fn learn_from(&self, call: &Call, answer: Bytes) -> bool {
        let Ok(envelope) = Envelope::received(answer) else { return false };
        if let Some(result) = envelope.result() {
            self.learn(call, result);
        }
        true
    }

    fn learn(&self, call: &Call, result: &str) {
        let Ok(List { tools }) = serde_json::from_str(result) else { return };
        let upstream = &call.route.route.upstream;
        let mut by_route = self.by_route.lock().unwrap_or_else(PoisonError::into_inner);
        let known = by_route.entry(call.route_name().into()).or_insert_with(|| Known::nothing(upstream));
        if known.upstream != *upstream {
            *known = Known::nothing(upstream);
        }
        for Tool { name, input_schema } in tools {
            let mut found = Vec::new();
            find(&input_schema, "/arguments", 0, &mut found);
            known.insert(name, found);
        }
    }
}

impl Known {
    fn nothing(upstream: &Upstream) -> Self {
        Self { upstream: upstream.clone(), tools: HashMap::new(), bytes: 0 }
    }

    fn insert(&mut self, name: String, found: Vec<Mirrored>) {
        let weight = weight(&name, &found);
        if let Some(before) = self.tools.remove(name.as_str()) {
            self.bytes -= self::weight(&name, &before);
        }
        if self.tools.len() >= MAX_TOOLS || self.bytes + weight > MAX_BYTES {
            self.tools.clear();
            self.bytes = 0;
        }
        if weight <= MAX_BYTES {
            self.bytes += weight;
            self.tools.insert(name.into(), found.into());
        }
    }
}

/// What it costs to remember a tool, about.
fn weight(name: &str, found: &[Mirrored]) -> usize {
    let of_argument = |argument: &Mirrored| 64 + argument.header.as_str().len() + argument.pointer.len();
    128 + name.len() + found.iter().map(of_argument).sum::<usize>()
}

fn find(schema: &Value, pointer: &str, depth: usize, found: &mut Vec<Mirrored>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object).filter(|_| depth < MAX_DEPTH) else {
        return;
    };
    for (name, schema) in properties {
        let pointer = format!("{pointer}/{}", escape(name));
        let header = schema.get("x-mcp-header").and_then(Value::as_str).filter(|header| !header.is_empty());
        let header = header.and_then(|header| HeaderName::from_bytes(format!("{PARAM}{header}").as_bytes()).ok());
        if let (Some(header), true) = (header, found.len() < MAX_ARGUMENTS) {
            let kind = match schema.get("type").and_then(Value::as_str) {
                Some("integer" | "number") => Kind::Number,
                _ => Kind::Other,
            };
            found.push(Mirrored { header, pointer: pointer.clone(), kind });
        }
        find(schema, &pointer, depth + 1, found);
    }
}

impl Learning {
    pub(super) fn new(body: AnswerBody, call: Arc<Call>) -> Self {
        Self { body, call, copy: Some(BytesMut::new()) }
    }

    /// The next frame for the caller.
    pub(crate) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let (Some(Ok(frame)), Some(copy)) = (&frame, &mut self.copy)
            && let Some(data) = frame.data_ref()
        {
            copy.extend_from_slice(data);
            if copy.len() > self.call.route.route.max_body {
                self.copy = None;
            }
        }
        // A body of known length is not asked for its end.
        if (frame.is_none() || self.body.is_end_stream())
            && let Some(copy) = self.copy.take()
        {
            self.learn(copy.freeze());
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn learn(&self, text: Bytes) {
        let tools = &self.call.shared.tool_headers;
        if tools.learn_from(&self.call, text.clone()) {
            return;
        }
        let mut scanner = Scanner::new(usize::MAX);
        scanner.push(text);
        while let Some(block) = scanner.rest() {
            if let Some(data) = block.data() {
                tools.learn_from(&self.call, data);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = Known::nothing(&"http://h/".parse().unwrap());
        let long = |count: usize| format!("{count}{}", "x".repeat(1 << 20));
        for count in 0..10 {
            known.insert(long(count), Vec::new());
            known.insert(long(count), Vec::new());
            assert!(known.bytes <= MAX_BYTES && known.tools.contains_key(long(count).as_str()));
        }
        known.insert("x".repeat(MAX_BYTES), Vec::new());
        assert_eq!((known.tools.len(), known.bytes), (0, 0));
        for count in 0..=MAX_TOOLS {
            known.insert(count.to_string(), Vec::new());
        }
        assert_eq!(known.tools.len(), 1);
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
        let mut found = Vec::new();
        find(&schema, "/arguments", 0, &mut found);
        let found: Vec<_> =
            found.iter().map(|found| (found.header.as_str(), found.pointer.as_str(), found.kind)).collect();
        assert_eq!(
            found,
            [
                ("mcp-param-region", "/arguments/region", Kind::Other),
                ("mcp-param-n", "/arguments/a~1b/n", Kind::Number)
            ]
        );
    }
}
