//! What stays known of a request while its answer is awaited.

use std::sync::Arc;

use weir_core::{Context, Event, EventName, Payload, Phase};

use crate::call::Call;
use crate::mcp::envelope::Envelope;
use crate::mcp::id::Id;
use crate::mcp::revision::Era;

/// A request that was forwarded, of either side.
pub(crate) struct Question {
    /// The id as it was written.
    pub(in crate::mcp) id: Arc<str>,
    /// The id as a value.
    pub(in crate::mcp) key: Id,
    pub(in crate::mcp) method: Box<str>,
    pub(in crate::mcp) era: Era,
    /// The exchange in which the question was seen; its chain judges the answer, whatever is loaded meanwhile.
    pub(in crate::mcp) call: Arc<Call>,
    pub(in crate::mcp) context: Arc<Context>,
    /// The event of the answer; `None` if no policy wants it.
    pub(in crate::mcp) event: Option<EventName>,
    /// Tells this request from another one of the same id.
    pub(super) mark: u64,
}

/// A question with its params, as long as there is room for them.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(in crate::mcp) question: Arc<Question>,
    pub(in crate::mcp) params: Option<Arc<Payload>>,
}

impl Question {
    /// How many bytes it costs to keep, about.
    pub(super) fn weight(&self) -> usize {
        /// A call, a context and the question itself, without the texts that callers choose.
        const USUAL: usize = 1024;
        let principal = self.context.principal.id.as_ref().map_or(0, String::len);
        let path = self.call.intercept.asked.path_and_query().map_or(0, |path| path.as_str().len());
        USUAL + 2 * self.id.len() + path + principal
    }
}

impl Asked {
    /// How many bytes it costs to keep, about.
    pub(super) fn weight(&self) -> usize {
        self.question.weight() + self.params.as_ref().map_or(0, |params| params.text().len())
    }

    /// The event of an answer; `None` if no policy wants it.
    pub(super) fn answered(&self, result: Arc<Payload>) -> Option<Event> {
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

/// Requests that keep the connection going or speak to an interceptor server, and are no policy events.
pub(crate) fn is_housekeeping(method: &str) -> bool {
    matches!(method, "initialize" | "ping")
        || ["notifications/", "interceptors/", "interceptor/"].iter().any(|prefix| method.starts_with(prefix))
}

/// The message with another text, which was made here.
pub(super) fn rewritten(text: bytes::Bytes) -> Option<Envelope> {
    Envelope::received(text).ok()
}
