//! MCP clients and servers of other makers on both sides of the gateway: what they tell one another arrives as if
//! they were alone, and what policies say is done, in every revision.
//!
//! Needs the guests, the binary, the packages of npm and those of PyPI.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "all of this is test code; a panic is a test's failure")]

/// The clients, and plans for them.
mod client;
/// Many sessions at once: nothing is lost, doubled or given to another.
mod crowd;
/// Folders that the tests serve.
mod folders;
/// Denied, changed and redacted, in each revision.
mod policies;
/// Servers that are processes, and clients that start the gateway as one.
mod stdio;
/// Everything that a client does with a server, with and without the gateway between them.
mod whole;
