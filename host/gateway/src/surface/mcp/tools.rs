//! The arguments that tools mirror in headers: `x-mcp-header` in the schemas of `tools/list`.
//!
//! The last schema seen is used; a caller whose headers do not match requests the list again. Bounded by count and
//! bytes, since servers choose the number and the names of their tools.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;
use weir_http::sse::Scanner;
use weir_mcp::Envelope;
use weir_mcp::mirror::{Mirrored, mirrored};

use crate::call::Call;

/// Most tools per route, and most bytes for them.
const MAX_TOOLS: usize = 4096;
const MAX_BYTES: usize = 4 << 20;

/// The known tools of all routes.
#[derive(Default)]
pub(super) struct ToolHeaders {
    by_route: Mutex<HashMap<Box<str>, Known>>,
}

/// The known tools of one route.
struct Known {
    /// The upstream they were learned from: after a reload, a route may have another.
    upstream: String,
    tools: HashMap<Box<str>, Arc<[Mirrored]>>,
    bytes: usize,
}

#[derive(Deserialize)]
struct List<'a> {
    #[serde(default, borrow)]
    tools: Vec<Tool<'a>>,
}

#[derive(Deserialize)]
struct Tool<'a> {
    name: String,
    #[serde(borrow, rename = "inputSchema")]
    input_schema: Option<&'a RawValue>,
}

impl ToolHeaders {
    /// The mirrored arguments of a tool; `None` if the tool is not known.
    pub(super) fn of(&self, call: &Call, tool: &str) -> Option<Arc<[Mirrored]>> {
        let by_route = self.by_route.lock();
        let known = by_route.get(call.route_name()).filter(|known| known.upstream == call.route.leads_to())?;
        known.tools.get(tool).map(Arc::clone)
    }

    /// Learns from an answer to `tools/list`. Returns whether it was a message.
    pub(super) fn learn_from(&self, call: &Call, answer: Bytes) -> bool {
        let Ok(envelope) = Envelope::received(answer) else { return false };
        if let Some(result) = envelope.result() {
            self.learn(call, result);
        }
        true
    }

    /// Learns from the body of an answer: a message, or events with messages.
    pub(super) fn learn_from_body(&self, call: &Call, text: Bytes) {
        if self.learn_from(call, text.clone()) {
            return;
        }
        let mut scanner = Scanner::new(usize::MAX);
        scanner.push(text);
        while let Some(data) = scanner.rest().map(|block| block.data()) {
            if let Some(data) = data {
                self.learn_from(call, data);
            }
        }
    }

    fn learn(&self, call: &Call, result: &str) {
        let Ok(List { tools }) = serde_json::from_str(result) else { return };
        let upstream = &call.route.leads_to();
        let mut by_route = self.by_route.lock();
        let known = by_route.entry(call.route_name().into()).or_insert_with(|| Known::nothing(upstream));
        if known.upstream != *upstream {
            *known = Known::nothing(upstream);
        }
        for Tool { name, input_schema } in tools {
            known.insert(name, input_schema.map(|schema| mirrored(schema.get())).unwrap_or_default());
        }
    }
}

impl Known {
    fn nothing(upstream: &str) -> Self {
        Self { upstream: upstream.to_owned(), tools: HashMap::new(), bytes: 0 }
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

/// Approximate memory for a tool.
fn weight(name: &str, found: &[Mirrored]) -> usize {
    let of_argument = |argument: &Mirrored| 64 + argument.header.as_str().len() + argument.pointer.len();
    128 + name.len() + found.iter().map(of_argument).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut known = Known::nothing("http://h/");
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
}
