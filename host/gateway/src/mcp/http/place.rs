//! The session in which a request over HTTP stands: whose it is, and what its answers say about it.
//!
//! Not here: sessions in front of processes, which are the gateway's own.

use std::sync::Arc;

use ::http::{HeaderMap, StatusCode};
use weir_core::Principal;

use crate::call::Call;
use crate::gateway::Live;
use crate::mcp::conversation::Conversation;
use crate::mcp::headers::SESSION_ID;
use crate::mcp::revision::Era;
use crate::mcp::{error, headers};
use crate::refusal::Refusal;

/// Who sends a request, and in which session.
pub(super) struct Place {
    session: Option<String>,
    caller: Principal,
}

/// Whether the conversation of a session has to be remembered from one exchange to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Memory {
    /// If policies, or the owners of sessions, are looked at on this route now.
    AsNeeded,
    /// In any case: the stream outlives what is loaded now.
    Always,
}

impl Place {
    /// Read from the headers as they came. Where requests stand for themselves there is no session, whatever they say.
    pub(super) fn of(call: &Call, headers: &HeaderMap, era: Era) -> Result<Self, Refusal> {
        let session = match era {
            Era::Session => headers::session(headers)?.map(str::to_owned),
            Era::Stateless => None,
        };
        Ok(Self { session, caller: call.principal(headers) })
    }

    /// The conversation in which a message of that id belongs. Refused if the session is somebody else's.
    pub(super) fn conversation(
        &self,
        call: &Arc<Call>,
        memory: Memory,
        id: &str,
    ) -> Result<Arc<Conversation>, Refusal> {
        let remembers = memory == Memory::Always || remembers(call);
        match (&self.session, call.shared.live()) {
            (Some(session), Some(live)) if remembers => {
                live.sessions.join(call, session, &self.caller).ok_or_else(|| error::no_session(id))
            }
            _ => Ok(alone(call, self.session.clone())),
        }
    }

    /// The conversation of a handshake: the session that it begins has no name yet. One that is named all the same
    /// must be the caller's, since the server may take it for that.
    pub(super) fn handshake(&self, call: &Arc<Call>, id: &str) -> Result<Arc<Conversation>, Refusal> {
        self.conversation(call, Memory::AsNeeded, id)?;
        Ok(alone(call, None))
    }

    /// Takes note of what the head of an answer says about the session.
    pub(super) fn answered(&self, call: &Arc<Call>, status: StatusCode) {
        let Some((session, live)) = self.known(call) else { return };
        if status == StatusCode::NOT_FOUND {
            live.sessions.end(call, session);
        } else if status.is_success() && remembers(call) {
            live.sessions.confirm(call, session, &self.caller);
        }
    }

    /// Takes note that the session was ended.
    pub(super) fn ended(&self, call: &Call) {
        if let Some((session, live)) = self.known(call) {
            live.sessions.end(call, session);
        }
    }

    /// The conversation of the session that a handshake has begun, with its id; `None` if it did not begin any, or
    /// none that has to be remembered.
    pub(super) fn begun(&self, call: &Arc<Call>, answer: &HeaderMap) -> Option<(Arc<Conversation>, String)> {
        let session = headers::only(answer, &SESSION_ID).ok().flatten().filter(|id| headers::is_session(id))?;
        let live = call.shared.live().filter(|_| remembers(call))?;
        Some((live.sessions.begin(call, session, &self.caller), session.to_owned()))
    }

    fn known(&self, call: &Call) -> Option<(&str, Arc<Live>)> {
        Some((self.session.as_deref()?, call.shared.live()?))
    }
}

fn remembers(call: &Call) -> bool {
    call.route.watched.messages || call.route.route.principal.is_some()
}

fn alone(call: &Arc<Call>, session: Option<String>) -> Arc<Conversation> {
    Conversation::new(Arc::clone(&call.shared), Arc::clone(&call.route), session)
}
