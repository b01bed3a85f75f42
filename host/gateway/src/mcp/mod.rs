//! MCP: the messages of the protocol, and the transports that carry them.

pub(crate) mod conversation;
pub(crate) mod http;
pub(crate) mod revision;
pub(crate) mod stdio;

pub(crate) use crate::adapter::mcp::{envelope, error};
