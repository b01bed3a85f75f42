//! What is known of one call as the call of an agent: its context, where it goes, and its notes if it is recorded.

use std::sync::{Arc, OnceLock};

use http::Uri;

use super::Notes;
use crate::contexts::{Carried, Contexts, Inside};

/// The part of a call that is about its context.
#[derive(Clone, Default)]
pub(crate) struct AgentCall {
    /// Its context; `None` outside of any.
    pub(crate) carried: Option<Carried>,
    /// What the caller asked for.
    pub(crate) asked: Uri,
    notes: OnceLock<Arc<Notes>>,
    /// Where it has been found that the call may go.
    pub(super) vouched: OnceLock<Uri>,
}

impl AgentCall {
    pub(crate) fn new(carried: Option<Carried>, asked: Uri) -> Self {
        Self { carried, asked, notes: OnceLock::new(), vouched: OnceLock::new() }
    }

    /// What the context says; `None` outside of any.
    pub(crate) fn inside(&self) -> Option<&Inside> {
        self.carried.as_ref().map(|carried| &carried.inside)
    }

    /// The notes, if the call is recorded.
    pub(crate) fn notes(&self) -> Option<&Arc<Notes>> {
        self.notes.get()
    }

    /// The call is no action of the agent: the reference that was promised for its first one goes back.
    pub(crate) fn return_promise(&self, contexts: &Contexts) {
        if let Some(promise) = self.carried.as_ref().and_then(|carried| carried.promised.as_ref()) {
            contexts.give_back(promise);
        }
    }

    pub(super) fn note_in(&self, notes: &Arc<Notes>) {
        // A call is recorded once.
        let _ = self.notes.set(Arc::clone(notes));
    }
}
