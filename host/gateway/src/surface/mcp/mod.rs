//! MCP: every request of either side, except the protocol's own housekeeping, is an event named after its method.
//!
//! Invariants: a message keeps its bytes except for the member that a policy changed; ids keep type and value; an
//! ambiguous message is refused, so policies judge what the other side acts on.
//!
//! `conversation` decides how each message is handled and knows no transport. `streamable` carries messages to a server
//! at a URL, `stdio` to a process. Code without I/O is in `weir-mcp`.

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
