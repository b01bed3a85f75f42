//! The sessions of MCP routes: the conversation and the owner of each id.
//!
//! Invariants: bounded by count; sessions that only callers claim are evicted before those that a server confirmed. A
//! session belongs to the principal for whom the server first confirmed it, and to nobody else: its id may have leaked.
//! An evicted session is unknown afterwards, so its answers do not pass if policies want to see them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use weir_core::Principal;

use super::call::McpCall;
use super::conversation::Conversation;

/// Most concurrent sessions. Each takes less than a kilobyte while no answer is pending.
const MAX_SESSIONS: usize = 16_384;

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<Key, Session>,
    /// Order of eviction: unconfirmed before confirmed, then least recently used.
    order: BTreeMap<(bool, u64), Key>,
    clock: u64,
}

/// A route's name and the id of a session on it.
#[derive(PartialEq, Eq, Hash, Clone)]
struct Key(Arc<str>, Arc<str>);

struct Session {
    conversation: Arc<Conversation>,
    used: u64,
    /// The principal for whom its server confirmed it; until then only a caller claims that it exists.
    owner: Option<Principal>,
}

impl Sessions {
    /// The conversation of a session, which may be older than the gateway; `None` if it belongs to somebody else.
    pub(super) fn join(&self, call: &Arc<McpCall>, id: &str, caller: &Principal) -> Option<Arc<Conversation>> {
        let mut known = self.known.lock();
        let session = known.session(call, id);
        let is_theirs = session.owner.as_ref().is_none_or(|owner| owner == caller);
        is_theirs.then(|| Arc::clone(&session.conversation))
    }

    /// Records that the server confirmed a session for this caller.
    pub(super) fn confirm(&self, call: &Arc<McpCall>, id: &str, caller: &Principal) {
        let mut known = self.known.lock();
        let session = known.session(call, id);
        if session.owner.is_none() {
            let used = session.used;
            session.owner = Some(caller.clone());
            known.confirmed(used);
        }
    }

    /// The conversation of a session that the server has just assigned to this caller. A previous owner of the id loses
    /// it.
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
    /// The session of that id, marked as used now.
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

    /// Moves the session that was used then to the confirmed ones.
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
    /// Its place in the order of eviction.
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
