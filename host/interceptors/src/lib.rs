//! Both sides of the interceptor protocol: serving the loaded policies to chains elsewhere ([`server`]), and policies
//! that run on other servers ([`remote`]).
//!
//! Not here: the JSON of the protocol, which is in `weir-mcp`, and what a verdict means for traffic.

pub mod remote;
pub mod server;

pub use server::{ConfigError, Configurable, Interceptors, PATH, Reach, ServedPolicy};
