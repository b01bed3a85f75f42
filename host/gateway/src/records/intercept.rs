//! What is known of one call as a call of an agent: its context, where it goes, and its notes if it is recorded.

use std::sync::{Arc, OnceLock};

use http::Uri;

use super::{Notes, Trust, Wanted};
use crate::call::Call;
use crate::contexts::{Carried, Contexts, Inside};
use crate::refusal::Refusal;

/// The part of a call that is about its context.
#[derive(Clone, Default)]
pub(crate) struct Intercept {
    /// Its context; `None` outside of any.
    pub(crate) carried: Option<Carried>,
    /// What the caller asked for.
    pub(crate) asked: Uri,
    notes: OnceLock<Arc<Notes>>,
    /// Where it has been found that the call may go.
    vouched: OnceLock<Uri>,
}

impl Intercept {
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

    /// The call is no action, so the reference that was promised for the first one is not for it.
    pub(crate) fn is_no_action(&self, contexts: &Contexts) {
        if let Some(promise) = self.carried.as_ref().and_then(|carried| carried.promised.as_ref()) {
            contexts.give_back(promise);
        }
    }

    pub(super) fn note_in(&self, notes: &Arc<Notes>) {
        // A call is recorded once.
        let _ = self.notes.set(Arc::clone(notes));
    }
}

/// Refuses a call inside a context that may not go there. Asked before policies run, since these may send something
/// out, too, and again if a policy led the call to another place.
pub(crate) async fn vouch(call: &Call, url: &Uri) -> Result<(), Refusal> {
    let Some(Carried { inside, passthrough: false, promised: _ }) = &call.intercept.carried else { return Ok(()) };
    if call.intercept.vouched.get() == Some(url) {
        return Ok(());
    }
    let Inside { agent_id, action_name, index: _ } = inside;
    let text = url.to_string();
    let wanted = Wanted { url: &text, agent_id, action_name, call_ref: call.reference.as_str() };
    match call.shared.records.trust(&wanted).await {
        Trust::Trusted => {
            let _ = call.intercept.vouched.set(url.clone());
            Ok(())
        }
        Trust::Untrusted { message } => Err(Refusal::Untrusted(message)),
    }
}
