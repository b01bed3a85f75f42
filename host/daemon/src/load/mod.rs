//! From a configuration to policies that run: every component loaded, every override resolved, every chain
//! built.
//!
//! Invariants: all problems of a folder come together; a set that exists is whole; a policy that did not change
//! is taken over from the set before, with its counts.
//!
//! Not here: listeners, and what a running gateway does with the set.

mod hosts;
mod policies;
mod policy;
mod programs;
mod progress;
mod reach;
mod set;
mod warnings;
mod whole;

pub use hosts::{engine, remotes};
pub use policy::Policy;
pub use progress::{Progress, Silent, for_terminal};
pub use reach::surface;
pub use set::{LoadedPolicy, LoadedRoute, LoadedSet};
pub use whole::load;
