//! The servers inside `weir demo`: an MCP server, an HTTP echo and an LLM echo, so that policies can be tried without
//! installing anything.
//!
//! Invariants: they listen only on the loopback, on free ports; they use no file, no network and no process; all sample
//! data is invented and built in, and data added by callers lasts as long as the process.
//!
//! Not here: HTTP parsing and tasks. A server is a listener and a function of the request ([`DemoListener`]); the
//! caller connects the two.

mod answer;
mod http_echo;
mod llm_echo;
mod mcp;
mod sample;
mod servers;
mod sql;

pub use sample::SAMPLE_TOKEN;
pub use servers::{Answer, DemoAddresses, DemoListener, DemoServer, DemoServers};
