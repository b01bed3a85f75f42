//! The JSON of the interceptor protocol: descriptors, invocations, results of chains, contexts.
//!
//! Invariants: members are camelCase; each core type is converted in one place, by destructuring without `..`, so a new
//! field cannot be forgotten. Defaults are left out where the protocol says so.
//!
//! Not here: who may see it.

mod chain;
mod context;
mod descriptor;
mod form;
mod invocation;
mod settings;

pub use chain::{
    AbortedAt, ChainResult, Message, NotApplicable, ResultEntry, Shadow, ShadowEdit, Suggested, ValidationSummary,
    chain_result,
};
pub use context::{ContextError, DEFAULT_TIMESTAMP, context, context_at, lenient_context};
pub use descriptor::{Descriptor, DescriptorError, descriptor};
pub use invocation::InvocationResult;
pub use settings::{Compat, Effective, Hook, PriorityHint, Settings};
