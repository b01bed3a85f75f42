//! The session of a request over HTTP: its owner, and what responses tell about it.
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

/// The caller of a request and its session.
pub(super) struct InSession {
    session: Option<String>,
    caller: Principal,
    sessions: Arc<Sessions>,
}

/// Whether the session's conversation must be remembered between exchanges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// If the route currently has policies or checks the owners of sessions.
    AsNeeded,
    /// Always: the stream outlives a reload.
    Always,
}

impl InSession {
    /// Read from the original headers. Without sessions in the revision, a session header is ignored.
    pub(super) fn of(call: &McpCall, sessions: &Arc<Sessions>, headers: &HeaderMap, era: Era) -> Result<Self, Refusal> {
        let session = match era {
            Era::Session => headers::session(headers)?.map(str::to_owned),
            Era::Stateless => None,
        };
        Ok(Self { session, caller: call.principal(headers), sessions: Arc::clone(sessions) })
    }

    /// The conversation of a message with that id. Refused if the session belongs to somebody else.
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

    /// The conversation of a handshake: its session has no id yet. If the request names a session anyway, it must be
    /// the caller's, since the server may use it.
    pub(super) fn handshake(&self, call: &Arc<McpCall>, id: &str) -> Result<Arc<Conversation>, Refusal> {
        self.conversation(call, Memory::AsNeeded, id)?;
        Ok(alone(call, None))
    }

    /// Updates the session from the status of a response.
    pub(super) fn note_status(&self, call: &Arc<McpCall>, status: StatusCode) {
        let Some(session) = &self.session else { return };
        if status == StatusCode::NOT_FOUND {
            self.sessions.end(call, session);
        } else if status.is_success() && remembers(call) {
            self.sessions.confirm(call, session, &self.caller);
        }
    }

    /// Records that the session was ended.
    pub(super) fn note_end(&self, call: &McpCall) {
        if let Some(session) = &self.session {
            self.sessions.end(call, session);
        }
    }

    /// The conversation and the id of the session that a handshake began; `None` if it began none, or none that must be
    /// remembered.
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
