//! A route's upstream.

use std::fmt;

use http::Uri;
use weir_demo::DemoServer;
use weir_gateway::surface::mcp::Command;

/// A route's upstream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// A server.
    Url(Uri),
    /// A server process to start.
    Command(Command),
    /// One of the servers inside `weir demo`.
    Demo(DemoServer),
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(uri) => uri.fmt(f),
            Self::Command(command) => command.fmt(f),
            Self::Demo(demo) => write!(f, "demo:{}", demo.name()),
        }
    }
}

impl Upstream {
    /// The default name that policies see.
    pub fn server_name(&self) -> String {
        match self {
            Self::Url(uri) => uri.host().unwrap_or_default().to_owned(),
            // A file name can contain anything; the name policies see must be a valid name.
            Self::Command(command) => match weir_core::EventName::new(command.name()) {
                Ok(name) => name.as_str().to_owned(),
                Err(_) => "command".to_owned(),
            },
            Self::Demo(demo) => format!("demo-{}", demo.name()),
        }
    }
}
