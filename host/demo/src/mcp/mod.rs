//! A small MCP server over Streamable HTTP: POST with JSON answers, sessions, and tools over sample data.
//!
//! Invariants: sessions and notes are bounded; an unknown session is answered 404, so that a client begins anew. A
//! request without a session is served, so that one `curl` is enough to try something.
//!
//! Not here: server-sent events, resources, prompts. A GET is answered 405, as the protocol allows.

mod files;
mod pages;
mod rpc;
mod server;
mod sessions;
mod tools;

pub use server::McpServer;
