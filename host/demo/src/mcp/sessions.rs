//! The open sessions.

use std::collections::VecDeque;

use parking_lot::{Mutex, MutexGuard};

/// Maximum number of sessions; a new one evicts the oldest. A demo has a handful.
const MAX_SESSIONS: usize = 1024;

/// Session ids, oldest first.
#[derive(Default)]
pub struct Sessions {
    ids: Mutex<VecDeque<String>>,
}

impl Sessions {
    /// Opens a session and returns its id.
    pub fn begin(&self) -> String {
        let id = uuid::Uuid::now_v7().to_string();
        let mut ids = self.ids();
        if ids.len() == MAX_SESSIONS {
            ids.pop_front();
        }
        ids.push_back(id.clone());
        id
    }

    /// Whether the session is open.
    pub fn is_known(&self, id: &str) -> bool {
        self.ids().iter().any(|known| known == id)
    }

    /// Closes a session; false if there was none.
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
