//! The servers inside `weir demo`: an MCP server, an HTTP echo and an LLM echo, for policies to stand in front of with
//! nothing to install.
//!
//! Invariants: they listen on the loopback only, on free ports; they touch no file, no network and no process; all
//! of their data is in the program and invented, and what callers add lives as long as the process.
//!
//! Not here: HTTP on the wire, and tasks. A server is a listener and a function of the request ([`DemoListener`]); who
//! starts it serves the one by the other.

mod answer;
mod http_echo;
mod llm_echo;
mod mcp;
mod sample;
mod servers;
mod sql;

pub use sample::SAMPLE_TOKEN;
pub use servers::{Answer, DemoAddresses, DemoListener, DemoServer, DemoServers};
