//! The sessions of MCP routes: which conversation belongs to which id, and whose it is.
//!
//! Invariants: bounded by count; what callers make up goes before what a server has confirmed. A session is of the
//! principal for whom the server confirmed it first, and nobody else's: its id may have leaked. Whoever is pushed out
//! is unknown afterwards, so its answers do not pass where policies want to see them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use weir_core::Principal;

use super::call::McpCall;
use super::conversation::Conversation;

/// Most sessions at a time. Each costs less than a kilobyte while nothing is awaited in it.
const MAX_SESSIONS: usize = 16_384;

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<Key, Session>,
    /// Which goes first where there is no room: unconfirmed before confirmed, then by when it was used last.
    order: BTreeMap<(bool, u64), Key>,
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
    pub(super) fn join(&self, call: &Arc<McpCall>, id: &str, caller: &Principal) -> Option<Arc<Conversation>> {
        let mut known = self.known.lock();
        let session = known.session(call, id);
        let is_theirs = session.owner.as_ref().is_none_or(|owner| owner == caller);
        is_theirs.then(|| Arc::clone(&session.conversation))
    }

    /// Takes note that the server knows a session that this caller is in.
    pub(super) fn confirm(&self, call: &Arc<McpCall>, id: &str, caller: &Principal) {
        let mut known = self.known.lock();
        let session = known.session(call, id);
        if session.owner.is_none() {
            let used = session.used;
            session.owner = Some(caller.clone());
            known.confirmed(used);
        }
    }

    /// The conversation of a session that the server gave to this caller just now. Whoever had that id before has it
    /// no more.
    pub(super) fn begin(&self, call: &Arc<McpCall>, id: &str, caller: &Principal) -> Arc<Conversation> {
        let mut known = self.known.lock();
        let session = known.session(call, id);
        if session.owner.as_ref().is_some_and(|owner| owner != caller) {
            session.conversation = conversation(call, id);
        }
        let (is_new, used) = (session.owner.is_none(), session.used);
        session.owner = Some(caller.clone());
        let conversation = Arc::clone(&session.conversation);
        if is_new {
            known.confirmed(used);
        }
        conversation
    }

    /// Forgets a session that its server has ended.
    pub(super) fn end(&self, call: &McpCall, id: &str) {
        self.known.lock().remove(&key(call, id));
    }
}

impl Known {
    /// The session of that id, which is used now.
    fn session(&mut self, call: &Arc<McpCall>, id: &str) -> &mut Session {
        self.clock += 1;
        let (key, used) = (key(call, id), self.clock);
        match self.by_id.get(&key) {
            Some(session) => {
                self.order.remove(&session.place());
            }
            None if self.by_id.len() >= MAX_SESSIONS => {
                if let Some(oldest) = self.order.first_key_value().map(|(_, key)| key.clone()) {
                    self.remove(&oldest);
                }
            }
            None => {}
        }
        let begin = || Session { conversation: conversation(call, id), used, owner: None };
        let session = self.by_id.entry(key.clone()).or_insert_with(begin);
        session.used = used;
        self.order.insert(session.place(), key);
        session
    }

    /// Takes note that the session that was used then is confirmed from now on.
    fn confirmed(&mut self, used: u64) {
        if let Some(key) = self.order.remove(&(false, used)) {
            self.order.insert((true, used), key);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(session) = self.by_id.remove(key) {
            self.order.remove(&session.place());
        }
    }
}

impl Session {
    /// Its place in the order in which sessions go.
    fn place(&self) -> (bool, u64) {
        (self.owner.is_some(), self.used)
    }
}

fn conversation(call: &Arc<McpCall>, id: &str) -> Arc<Conversation> {
    Conversation::new(call, Some(id.to_owned()))
}

fn key(call: &McpCall, id: &str) -> Key {
    Key(call.route_name().into(), id.into())
}
