//! The session in which a request over HTTP stands: whose it is, and what its answers say about it.
//!
//! Not here: sessions in front of processes, which are the gateway's own.

use std::sync::Arc;

use http::{HeaderMap, StatusCode};
use weir_core::Principal;
use weir_mcp::headers::SESSION_ID;
use weir_mcp::revision::Era;
use weir_mcp::{headers, rejection};

use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::conversation::Conversation;
use crate::surface::mcp::sessions::Sessions;

/// Who sends a request, and in which session.
pub(super) struct InSession {
    session: Option<String>,
    caller: Principal,
    sessions: Arc<Sessions>,
}

/// Whether the conversation of a session has to be remembered from one exchange to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// If policies, or the owners of sessions, are looked at on this route now.
    AsNeeded,
    /// In any case: the stream outlives what is loaded now.
    Always,
}

impl InSession {
    /// Read from the headers as they came. Where requests stand for themselves there is no session, whatever they say.
    pub(super) fn of(call: &McpCall, sessions: &Arc<Sessions>, headers: &HeaderMap, era: Era) -> Result<Self, Refusal> {
        let session = match era {
            Era::Session => headers::session(headers)?.map(str::to_owned),
            Era::Stateless => None,
        };
        Ok(Self { session, caller: call.principal(headers), sessions: Arc::clone(sessions) })
    }

    /// The conversation in which a message of that id belongs. Refused if the session is somebody else's.
    pub(super) fn conversation(
        &self,
        call: &Arc<McpCall>,
        memory: Memory,
        id: &str,
    ) -> Result<Arc<Conversation>, Refusal> {
        let remembers = memory == Memory::Always || remembers(call);
        match &self.session {
            Some(session) if remembers => {
                self.sessions.join(call, session, &self.caller).ok_or_else(|| rejection::no_session(id).into())
            }
            _ => Ok(alone(call, self.session.clone())),
        }
    }

    /// The conversation of a handshake: the session that it begins has no name yet. One that is named all the same
    /// must be the caller's, since the server may take it for that.
    pub(super) fn handshake(&self, call: &Arc<McpCall>, id: &str) -> Result<Arc<Conversation>, Refusal> {
        self.conversation(call, Memory::AsNeeded, id)?;
        Ok(alone(call, None))
    }

    /// Takes note of what the head of an answer says about the session.
    pub(super) fn note_status(&self, call: &Arc<McpCall>, status: StatusCode) {
        let Some(session) = &self.session else { return };
        if status == StatusCode::NOT_FOUND {
            self.sessions.end(call, session);
        } else if status.is_success() && remembers(call) {
            self.sessions.confirm(call, session, &self.caller);
        }
    }

    /// Takes note that the session was ended.
    pub(super) fn note_end(&self, call: &McpCall) {
        if let Some(session) = &self.session {
            self.sessions.end(call, session);
        }
    }

    /// The conversation of the session that a handshake has begun, with its id; `None` if it did not begin any, or
    /// none that has to be remembered.
    pub(super) fn begin(&self, call: &Arc<McpCall>, answer: &HeaderMap) -> Option<(Arc<Conversation>, String)> {
        let session = headers::only(answer, &SESSION_ID).ok().flatten().filter(|id| headers::is_session(id))?;
        remembers(call).then_some(())?;
        Some((self.sessions.begin(call, session, &self.caller), session.to_owned()))
    }
}

fn remembers(call: &McpCall) -> bool {
    call.watched.messages || call.route.options.principal.is_some()
}

fn alone(call: &Arc<McpCall>, session: Option<String>) -> Arc<Conversation> {
    Conversation::new(call, session)
}
