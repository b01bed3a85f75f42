//! The running process: its state, and its set in the gateway's types.
//!
//! Not here: startup and shutdown (serve), and what replaces the set (reload).

mod chain;
mod process;
mod wire;

pub use chain::run_chain;
pub use process::{Current, Refused, Running};
pub use wire::{relay_set, running_set};
