//! What the routes that speak MCP keep between exchanges: sessions, processes, what was learned of tools.

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

/// MCP in a gateway. Made once; running sets come and go.
#[derive(Default)]
pub struct Mcp {
    pub(super) common: Arc<Common>,
    /// The sessions of routes that lead to a URL.
    pub(super) sessions: Arc<Sessions>,
    /// The processes of routes that lead to a program.
    pub(super) servers: Servers,
}

impl Mcp {
    /// MCP without any session or process.
    pub fn new() -> Arc<Self> {
        Arc::new(Self::default())
    }

    /// The surface of a route to a server that speaks Streamable HTTP at the route's URL.
    pub fn over_http(self: &Arc<Self>) -> Arc<dyn Surface> {
        Arc::new(McpRoute::new(self, Reach::Url))
    }

    /// The surface of a route to a program that speaks over its standard streams.
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
