//! Turns a configuration into running policies: loads every component, resolves every override, builds every chain.
//!
//! Invariants: all problems of a folder are reported at once; a set is never partial; an unchanged policy is reused
//! from the previous set, with its counters.
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
