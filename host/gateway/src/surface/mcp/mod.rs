//! MCP: every request of either side but the protocol's own housekeeping is an event of its method's name.
//!
//! Invariants: a message keeps its bytes except for the member that a policy changed; ids keep type and value; a
//! message that could be read in two ways is refused, so that policies judge what the other side acts on.
//!
//! `conversation` decides what becomes of messages and knows no transport. `streamable` carries them to a server at a
//! URL, `stdio` to a process. What is pure is in `weir-mcp`.

mod call;
mod command;
mod common;
mod conversation;
mod post;
mod refusals;
mod route;
mod sessions;
mod state;
mod stdio;
mod streamable;
mod tools;
mod watch;

pub use command::{Command, Sharing};
pub use state::Mcp;
pub use stdio::relay;
