//! The JSON of Weir's own surfaces: chain results, policies, routes, contexts, problems.
//!
//! Invariants: members are camelCase; lists are `{entries, nextCursor}`; a type of core is converted in one
//! place, by destructuring without `..`, so that a new field cannot be forgotten here. What is at its default
//! is left out where the interceptor protocol says so.
//!
//! Not here: who may see it.

mod chain;
mod chain_request;
mod context;
mod contexts;
mod descriptor;
mod invocation;
mod policies;
mod problem;
mod routes;
mod settings;

pub use chain::{
    AbortedAt, ChainResult, Message, NotApplicable, ResultEntry, Shadow, ShadowEdit, Suggested, ValidationSummary,
};
pub use chain_request::{ChainRequest, Malformed};
pub use context::{ContextError, DEFAULT_TIMESTAMP, context};
pub(crate) use context::{context_at, lenient_context, timestamp};
pub(crate) use contexts::{ContextEntry, ContextList, open_context};
pub use descriptor::{Descriptor, DescriptorError, descriptor};
pub(crate) use invocation::InvocationResult;
pub use policies::{Policy, PolicyList, PolicyLoad, PolicyStats, Reload, Remote};
pub use problem::{Problem, ProblemMessage};
pub use routes::{Route, RouteList};
pub use settings::{Compat, Effective, Hook, PriorityHint, Settings};

use std::time::Duration;

use serde_json::value::RawValue;

/// A duration as fractional milliseconds with microsecond precision.
pub fn milliseconds(duration: Duration) -> f64 {
    // u64 microseconds are exact in f64 up to 285 years.
    let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    microseconds as f64 / 1000.0
}

/// The whole of a chain's result as the interceptor protocol writes it.
pub fn chain_result(result: &weir_core::ChainResult, total: Duration) -> ChainResult {
    ChainResult::of(result, total)
}

/// JSON text as it is, or `None` if it is none: texts of guests have been checked before, but not here.
fn raw(text: &str) -> Option<Box<RawValue>> {
    serde_json::from_str(text).ok()
}
