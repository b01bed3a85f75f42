//! What serves now: the process as others ask and replace it, and its set in the gateway's terms.
//!
//! Not here: when it begins and ends (serve), and what replaces its set (reload).

mod chain;
mod process;
mod wire;

pub use chain::run_chain;
pub use process::{Current, Refused, Running};
pub use wire::{relay_set, running_set};
