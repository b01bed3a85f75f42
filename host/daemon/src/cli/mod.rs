//! The command line: what can be asked for, and how each command ends.
//!
//! Exit codes: 0 done, 1 the thing checked is not right, 2 usage. `weir stdio` ends with the code of its server.

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
