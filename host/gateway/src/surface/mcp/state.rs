//! The state of MCP routes between exchanges: sessions, processes, known tools.

use std::sync::Arc;

use async_trait::async_trait;

use super::command::Command;
use super::common::Common;
use super::route::{McpRoute, Reach, command_of};
use super::sessions::Sessions;
use super::stdio::Servers;
use crate::routes::Routes;
use crate::surface::Surface;
use crate::surface_state::SurfaceState;

/// MCP in a gateway. Created once; it outlives running sets.
#[derive(Default)]
pub struct Mcp {
    pub(super) common: Arc<Common>,
    /// The sessions of routes to a URL.
    pub(super) sessions: Arc<Sessions>,
    /// The processes of routes to a program.
    pub(super) servers: Servers,
}

impl Mcp {
    /// MCP without sessions and processes.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The surface of a route to a Streamable HTTP server at the route's URL.
    pub fn over_http(self: &Arc<Self>) -> Arc<dyn Surface> {
        Arc::new(McpRoute::new(self, Reach::Url))
    }

    /// The surface of a route to a program that uses standard streams.
    pub fn over_stdio(self: &Arc<Self>, command: Command) -> Arc<dyn Surface> {
        Arc::new(McpRoute::new(self, Reach::Command(command)))
    }
}

#[async_trait]
impl SurfaceState for Mcp {
    fn replaced(&self, routes: &Routes) {
        self.servers.replaced(routes, command_of);
    }

    async fn tend(&self) {
        self.servers.tend().await
    }

    fn drain(&self) {
        self.servers.drain();
    }

    fn stop(&self) {
        self.servers.stop();
    }

    async fn end(&self) {
        self.servers.end().await;
    }
}
