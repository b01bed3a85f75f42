//! The protocols that a route can speak.

/// The protocol of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// MCP over Streamable HTTP.
    Mcp,
    /// Plain HTTP.
    Http,
}

impl Protocol {
    /// The word used in JSON, configuration and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::Http => "http",
        }
    }
}
