//! Intercept contexts: which agent does what, as stated by the caller.
//!
//! Invariants: a context belongs to one request or to the holder of its token. Nothing is kept per connection, task or
//! time, so it cannot leak into another call. An incomplete carrier is an error, never "no context". Tokens are kept as
//! digests and never logged.
//!
//! Not here: what a context means for a call; see [`crate::records`].

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

/// The content of a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inside {
    /// The agent.
    pub(crate) agent_id: Arc<str>,
    /// The action.
    pub(crate) action_name: Arc<str>,
    /// The caller's own sequence number of the call.
    pub(crate) index: Option<i64>,
}
