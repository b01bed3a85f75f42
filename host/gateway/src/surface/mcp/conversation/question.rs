//! What stays known of a request while its answer is awaited.

use std::sync::Arc;

use weir_core::{Context, Event, EventName, Payload, Phase};
use weir_mcp::revision::Era;
use weir_mcp::{Id, Method};

use crate::surface::mcp::call::McpCall;

/// A request that was forwarded, of either side.
pub(crate) struct Question {
    /// The id as it was written.
    pub(crate) id: Arc<str>,
    /// The id as a value.
    pub(crate) key: Id,
    pub(super) method: Box<str>,
    pub(crate) era: Era,
    /// The exchange in which the question was seen; its chain judges the answer, whatever is loaded meanwhile.
    pub(crate) call: Arc<McpCall>,
    pub(crate) context: Arc<Context>,
    /// The event of the answer; `None` if no policy wants it.
    pub(crate) event: Option<EventName>,
    /// Tells this request from another one of the same id.
    pub(super) mark: u64,
}

/// A question with its params, as long as there is room for them.
#[derive(Clone)]
pub(crate) struct PendingQuestion {
    pub(crate) question: Arc<Question>,
    pub(crate) params: Option<Arc<Payload>>,
}

impl Question {
    /// The method that it asks for.
    pub(crate) fn method(&self) -> Method<'_> {
        Method::of(&self.method)
    }

    /// How many bytes it costs to keep, about.
    pub(super) fn weight(&self) -> usize {
        /// A call, a context and the question itself, without the texts that callers choose.
        const USUAL: usize = 1024;
        let principal = self.context.principal.id.as_ref().map_or(0, String::len);
        let path = self.call.agent.asked.path_and_query().map_or(0, |path| path.as_str().len());
        USUAL + 2 * self.id.len() + path + principal
    }
}

impl PendingQuestion {
    /// How many bytes it costs to keep, about.
    pub(super) fn weight(&self) -> usize {
        self.question.weight() + self.params.as_ref().map_or(0, |params| params.text().len())
    }

    /// The event of an answer; `None` if no policy wants it.
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

/// The event of something that is asked.
pub(super) fn asking(name: EventName, payload: Arc<Payload>, context: &Arc<Context>) -> Event {
    Event { name, phase: Phase::Request, payload, request: None, context: Arc::clone(context) }
}
