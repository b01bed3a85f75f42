//! The sessions that clients have begun.

use std::collections::VecDeque;

use parking_lot::{Mutex, MutexGuard};

/// Most sessions; the oldest is forgotten for a new one. A demo has a handful.
const MAX_SESSIONS: usize = 1024;

/// Session ids, oldest first.
#[derive(Default)]
pub struct Sessions {
    ids: Mutex<VecDeque<String>>,
}

impl Sessions {
    /// A new session's id.
    pub fn begin(&self) -> String {
        let id = uuid::Uuid::now_v7().to_string();
        let mut ids = self.ids();
        if ids.len() == MAX_SESSIONS {
            ids.pop_front();
        }
        ids.push_back(id.clone());
        id
    }

    /// Whether a client may go on with it.
    pub fn is_known(&self, id: &str) -> bool {
        self.ids().iter().any(|known| known == id)
    }

    /// Ends a session; false if there was none.
    pub fn end(&self, id: &str) -> bool {
        let mut ids = self.ids();
        let before = ids.len();
        ids.retain(|known| known != id);
        ids.len() < before
    }

    fn ids(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.ids.lock()
    }
}
