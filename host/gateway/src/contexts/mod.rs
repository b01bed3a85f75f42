//! Intercept contexts: which agent does what, said by the caller of a call.
//!
//! Invariants: a context belongs to one request, or to whoever holds its token; nothing is kept by connection, task or
//! time, so it cannot leak into another call. A carrier that is not whole is an error, never "no context". Tokens are
//! kept as digests and never logged.
//!
//! Not here: what being inside a context means for a call; see [`crate::records`].

mod carrier;
mod name;
mod table;

use std::sync::Arc;

pub(crate) use carrier::{Carried, read};
pub use name::checked;
pub(crate) use name::index;
pub use name::{ContextError, Field};
pub(crate) use table::Promise;
pub use table::{ContextLimits, Contexts, EndError, OpenContext, OpenError, Opened, Standing};

/// What a context says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inside {
    /// Who acts.
    pub(crate) agent_id: Arc<str>,
    /// What it does.
    pub(crate) action_name: Arc<str>,
    /// The place that the caller gives the call in a sequence of its own.
    pub(crate) index: Option<i64>,
}
