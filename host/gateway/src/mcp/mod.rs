//! What is common to everything that speaks MCP here.

pub(crate) mod revision;
