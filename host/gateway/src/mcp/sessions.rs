//! The sessions of MCP routes: which conversation belongs to which id, and whose it is.
//!
//! Invariants: bounded by count; what callers make up goes before what a server has confirmed. A session is of the
//! principal for whom the server confirmed it first, and nobody else's: its id may have leaked. Whoever is pushed out
//! is unknown afterwards, so its answers do not pass where policies want to see them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use weir_core::Principal;

use super::conversation::Conversation;
use crate::call::Call;

/// Most sessions at a time. Each costs less than a kilobyte while nothing is awaited in it.
const MAX_SESSIONS: usize = 16_384;

/// All sessions.
#[derive(Default)]
pub(crate) struct Sessions {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<Key, Session>,
    clock: u64,
}

/// A route's name and the id of a session on it.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Key(Arc<str>, Arc<str>);

struct Session {
    conversation: Arc<Conversation>,
    used: u64,
    /// For whom its server has confirmed it; until then only a caller says that there is such a session.
    owner: Option<Principal>,
}

impl Sessions {
    /// The conversation of a session, which may have begun before the gateway did; `None` if it is somebody else's.
    pub(super) fn join(&self, call: &Arc<Call>, id: &str, caller: &Principal) -> Option<Arc<Conversation>> {
        let mut known = self.known();
        let session = known.session(call, id);
        let is_theirs = session.owner.as_ref().is_none_or(|owner| owner == caller);
        is_theirs.then(|| Arc::clone(&session.conversation))
    }

    /// Takes note that the server knows a session that this caller is in.
    pub(super) fn confirm(&self, call: &Arc<Call>, id: &str, caller: &Principal) {
        self.known().session(call, id).owner.get_or_insert_with(|| caller.clone());
    }

    /// The conversation of a session that the server gave to this caller just now. Whoever had that id before has it
    /// no more.
    pub(super) fn begin(&self, call: &Arc<Call>, id: &str, caller: &Principal) -> Arc<Conversation> {
        let mut known = self.known();
        let session = known.session(call, id);
        if session.owner.as_ref().is_some_and(|owner| owner != caller) {
            session.conversation = conversation(call, id);
        }
        session.owner = Some(caller.clone());
        Arc::clone(&session.conversation)
    }

    /// Forgets a session that its server has ended.
    pub(super) fn end(&self, call: &Call, id: &str) {
        self.known().by_id.remove(&key(call, id));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The session of that id, which is used now.
    fn session(&mut self, call: &Arc<Call>, id: &str) -> &mut Session {
        self.clock += 1;
        let (key, used) = (key(call, id), self.clock);
        if self.by_id.len() >= MAX_SESSIONS && !self.by_id.contains_key(&key) {
            let oldest = self.by_id.iter().min_by_key(|(_, session)| (session.owner.is_some(), session.used));
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                self.by_id.remove(&oldest);
            }
        }
        let begin = || Session { conversation: conversation(call, id), used, owner: None };
        let session = self.by_id.entry(key).or_insert_with(begin);
        session.used = used;
        session
    }
}

fn conversation(call: &Arc<Call>, id: &str) -> Arc<Conversation> {
    Conversation::new(Arc::clone(&call.shared), Arc::clone(&call.route), Some(id.to_owned()))
}

fn key(call: &Call, id: &str) -> Key {
    Key(call.route_name().into(), id.into())
}
