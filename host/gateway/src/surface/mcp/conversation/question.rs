//! A request whose answer is pending.

use std::sync::Arc;

use weir_core::{Context, Event, EventName, Payload, Phase};
use weir_mcp::revision::Era;
use weir_mcp::{Id, Method};

use crate::surface::mcp::call::McpCall;

/// A forwarded request, from either side.
pub(crate) struct Question {
    /// The id as written.
    pub(crate) id: Arc<str>,
    /// The id as a value.
    pub(crate) key: Id,
    pub(super) method: Box<str>,
    pub(crate) era: Era,
    /// The exchange in which it was seen. Its chain judges the answer, even after a reload.
    pub(crate) call: Arc<McpCall>,
    pub(crate) context: Arc<Context>,
    /// The event of the answer; `None` if no policy sees it.
    pub(crate) event: Option<EventName>,
    /// Distinguishes it from other requests with the same id.
    pub(super) mark: u64,
}

/// A question with its params, if there was room for them.
#[derive(Clone)]
pub(crate) struct PendingQuestion {
    pub(crate) question: Arc<Question>,
    pub(crate) params: Option<Arc<Payload>>,
}

impl Question {
    /// Its method.
    pub(crate) fn method(&self) -> Method<'_> {
        Method::of(&self.method)
    }

    /// Its approximate size in bytes.
    pub(super) fn weight(&self) -> usize {
        /// A call, a context and the question, without strings that callers choose.
        const USUAL: usize = 1024;
        let principal = self.context.principal.id.as_ref().map_or(0, String::len);
        let path = self.call.agent.asked.path_and_query().map_or(0, |path| path.as_str().len());
        USUAL + 2 * self.id.len() + path + principal
    }
}

impl PendingQuestion {
    /// Its approximate size in bytes.
    pub(super) fn weight(&self) -> usize {
        self.question.weight() + self.params.as_ref().map_or(0, |params| params.text().len())
    }

    /// The event of an answer; `None` if no policy sees it.
    pub(super) fn answer_event(&self, result: Arc<Payload>) -> Option<Event> {
        Some(Event {
            name: self.question.event.clone()?,
            phase: Phase::Response,
            payload: result,
            request: self.params.clone(),
            context: Arc::clone(&self.question.context),
        })
    }
}

/// The event of a request.
pub(super) fn asking(name: EventName, payload: Arc<Payload>, context: &Arc<Context>) -> Event {
    Event { name, phase: Phase::Request, payload, request: None, context: Arc::clone(context) }
}
