//! Records, trust and handoffs of the running process: the store behind the gateway's ports.
//!
//! Invariants: a call inside a context that can neither be recorded nor checked is refused, never let through in
//! silence; what belongs to a call is done on its way in (place, trust) or behind it (row, audit event, job), never on
//! the way of its reply; everything started here ends in [`Keeping::drain`].
//!
//! Not here: the rules (record), the stores and the writer (store), what is taken of an exchange (gateway).

mod audit;
mod hook;
mod keeping;
mod kept;
mod measure;
mod port;
mod settle;
mod source;
mod trust;

pub use keeping::{KeepError, Keeping, start};
pub use kept::Kept;
pub use measure::Measured;
pub use port::{Unkept, gateway_port};
