//! The command line: the commands, and their exit codes.
//!
//! Exit codes: 0 success, 1 a check failed, 2 usage. `weir stdio` exits with the code of its server.

mod arguments;
mod chain;
mod check;
mod ended;
mod open;
mod policy;
mod records;
mod run;
mod serve;
mod stdio;
mod welcome;

pub use arguments::Arguments;
pub use run::run;
