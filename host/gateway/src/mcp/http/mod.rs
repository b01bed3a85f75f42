//! MCP over Streamable HTTP.

pub(crate) mod front;
