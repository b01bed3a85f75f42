//! The interceptor protocol on both of its sides: the loaded policies for chains elsewhere ([`server`]), and policies
//! that run on other servers ([`remote`]).
//!
//! Not here: the forms of the protocol, which are in `weir-mcp`, and what a verdict means for any traffic.

pub mod remote;
pub mod server;

pub use server::{ConfigError, Configurable, Interceptors, PATH, Reach, ServedPolicy};
