//! What commands print: results on standard output, complaints on standard error, both safe for a terminal.
//!
//! Invariants: colour only on a terminal; nothing that a guest or a peer wrote reaches it unescaped; a reader that has
//! gone is no failure.
//!
//! Not here: the log, which is telemetry, and what each command has to say.

mod paint;
mod printable;
mod problems;
mod write;

pub use paint::Paint;
pub use printable::printable;
pub use problems::{count, problems};
pub use write::{complaint, json, problem, result};
