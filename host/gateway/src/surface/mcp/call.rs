//! A call on an MCP route: the gateway's call with what MCP adds.

use std::ops::Deref;
use std::sync::Arc;

use super::common::Common;
use super::watch::Watched;
use crate::call::Call;
use crate::routes::PreparedRoute;
use crate::shared::Shared;
use crate::surface::Protocol;

/// A call on an MCP route.
pub(super) struct McpCall {
    call: Arc<Call>,
    /// What the route's policies see of the server's messages.
    pub(super) watched: Watched,
    /// What all MCP routes share.
    pub(super) common: Arc<Common>,
}

impl McpCall {
    pub(super) fn new(call: Arc<Call>, common: Arc<Common>) -> Arc<Self> {
        let watched = Watched::by(&call.route.chain);
        Arc::new(Self { call, watched, common })
    }

    /// A call without a connection.
    pub(super) fn begin_local(shared: Arc<Shared>, route: Arc<PreparedRoute>, common: Arc<Common>) -> Arc<Self> {
        Self::new(Call::begin_local(shared, route), common)
    }

    /// Another call without a connection on the same route.
    pub(super) fn another(&self) -> Arc<Self> {
        Self::begin_local(Arc::clone(&self.shared), Arc::clone(&self.route), Arc::clone(&self.common))
    }

    /// The same exchange on the current route: for streams that outlive a reload.
    pub(super) fn on_route_of_now(self: &Arc<Self>) -> Arc<Self> {
        let now = self.call.on_route_of_now();
        if Arc::ptr_eq(&now, &self.call) || now.route.surface.protocol() != Protocol::Mcp.as_str() {
            return Arc::clone(self);
        }
        Self::new(now, Arc::clone(&self.common))
    }
}

impl Deref for McpCall {
    type Target = Call;

    fn deref(&self) -> &Call {
        &self.call
    }
}
