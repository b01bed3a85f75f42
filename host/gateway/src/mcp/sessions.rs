//! The sessions of MCP routes: which conversation belongs to which id.
//!
//! Invariants: bounded by count; what callers make up goes before what a server has confirmed. Whoever is pushed out
//! is unknown afterwards, so its answers do not pass where policies want to see them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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
    standing: Standing,
}

/// Who says that there is such a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Only the caller.
    Claimed,
    /// The server.
    Confirmed,
}

impl Sessions {
    /// The conversation of a session. One that is not known may have begun before the gateway did.
    pub(super) fn of(&self, call: &Arc<Call>, id: &str, standing: Standing) -> Arc<Conversation> {
        let key = key(call, id);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clock += 1;
        let used = known.clock;
        if let Some(session) = known.by_id.get_mut(&key) {
            session.used = used;
            session.standing = session.standing.max(standing);
            return Arc::clone(&session.conversation);
        }
        if known.by_id.len() >= MAX_SESSIONS {
            let oldest = known.by_id.iter().min_by_key(|(_, session)| (session.standing, session.used));
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                known.by_id.remove(&oldest);
            }
        }
        let conversation = Conversation::new(Arc::clone(&call.shared), Arc::clone(&call.route), Some(id.to_owned()));
        let session = Session { conversation: Arc::clone(&conversation), used, standing };
        known.by_id.insert(key, session);
        conversation
    }

    /// Forgets a session that its server has ended.
    pub(super) fn end(&self, call: &Call, id: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).by_id.remove(&key(call, id));
    }
}

fn key(call: &Call, id: &str) -> Key {
    Key(call.route_name().into(), id.into())
}
