//! A small MCP server over Streamable HTTP: POST with JSON answers, sessions, and tools over sample data.
//!
//! Invariants: sessions and notes are limited; an unknown session gets 404, so that a client starts again. A request
//! without a session is served, so that a single `curl` works.
//!
//! Not here: server-sent events, resources, prompts. A GET gets 405, as the protocol allows.

mod files;
mod pages;
mod rpc;
mod server;
mod sessions;
mod tools;

pub use server::McpServer;
