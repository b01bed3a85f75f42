//! Command output: results on standard output, errors on standard error, both safe for a terminal.
//!
//! Invariants: colour only on a terminal; text from a guest or peer is always escaped; a closed reader is not an error.
//!
//! Not here: the log (telemetry), and the content of each command's output.

mod paint;
mod printable;
mod problems;
mod write;

pub use paint::Paint;
pub use printable::printable;
pub use problems::{count, problems};
pub use write::{complaint, json, problem, result};
