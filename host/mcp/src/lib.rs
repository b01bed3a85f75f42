//! MCP without I/O: what messages are, what may not change in them, and how they are answered.
//!
//! Invariants: a message keeps its bytes except for the member that is replaced; ids keep type and value; an ambiguous
//! message is refused, so policies judge what the other side acts on.
//!
//! Not here: sockets, processes, sessions, policies.

pub mod envelope;
pub mod headers;
pub mod id;
pub mod interceptors;
pub mod json;
pub mod message;
pub mod meta;
mod method;
pub mod mirror;
pub mod rejection;
pub mod revision;
pub mod rpc;

pub use envelope::{Envelope, Kind, Malformed};
pub use id::Id;
pub use message::{Message, Sort};
pub use method::{Method, is_housekeeping};
pub use rejection::Rejection;
pub use revision::{Era, Revision};
