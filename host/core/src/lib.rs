//! The policy model of Weir: what a policy declares, what the operator overrides, how hooks match, and how a
//! chain of policies becomes one verdict.
//!
//! Invariants: a policy failure is a value ([`Fault`]), not an error that propagates; one function ([`chain::grade`])
//! applies mode and fail-open to it; the same inputs give the same verdict.
//!
//! Not here: sockets, clocks, tasks, files, the environment, WebAssembly. Deadlines are passed in, and the
//! implementation of [`Interceptor`] enforces them.

mod bounds;
pub mod catalogue;
pub mod chain;
mod context;
mod declaration;
mod event;
mod fault;
mod hook;
mod interceptor;
mod name;
mod outcome;
mod overrides;
pub mod payload;
pub mod quarantine;
mod resolve;
pub mod state;
mod time;

pub use bounds::check_outcome;
pub use chain::{Chain, ChainOptions, ChainResult, Entry, Posture};
pub use context::{Context, Principal, PrincipalKind};
pub use declaration::{Compat, Declaration, DeclarationError, Hook, Kind, Mode, PriorityHint};
pub use event::{Event, Phase};
pub use fault::{Fault, FaultKind};
pub use hook::{HookError, covers, matches, pattern_matches};
pub use interceptor::{BoxFuture, Completed, Deadline, Ended, Interceptor, Invocation, Limits, Standing};
pub use name::{EventName, InterceptorName, NameError};
pub use outcome::{Change, Edit, Finding, Mutation, Outcome, Severity, Suggestion, Validation};
pub use overrides::Overrides;
pub use payload::Payload;
pub use quarantine::{Admission, Quarantine, QuarantineOptions};
pub use resolve::{Effective, Origin, ResolveError, Settings, Weakening, resolve};
pub use time::milliseconds;
