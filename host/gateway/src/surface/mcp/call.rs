//! A call on a route that speaks MCP: the gateway's call, and what the protocol has to know beside it.

use std::ops::Deref;
use std::sync::Arc;

use super::common::Common;
use super::watch::Watched;
use crate::call::Call;
use crate::routes::PreparedRoute;
use crate::shared::Shared;
use crate::surface::Protocol;

/// A call on a route that speaks MCP.
pub(super) struct McpCall {
    call: Arc<Call>,
    /// What the policies of its route want to see of what comes back.
    pub(super) watched: Watched,
    /// What all routes have in common.
    pub(super) common: Arc<Common>,
}

impl McpCall {
    pub(super) fn new(call: Arc<Call>, common: Arc<Common>) -> Arc<Self> {
        let watched = Watched::by(&call.route.chain);
        Arc::new(Self { call, watched, common })
    }

    /// A call that came over no connection.
    pub(super) fn begin_local(shared: Arc<Shared>, route: Arc<PreparedRoute>, common: Arc<Common>) -> Arc<Self> {
        Self::new(Call::begin_local(shared, route), common)
    }

    /// Another call on the same route that came over no connection.
    pub(super) fn another(&self) -> Arc<Self> {
        Self::begin_local(Arc::clone(&self.shared), Arc::clone(&self.route), Arc::clone(&self.common))
    }

    /// The same exchange on the route as it is now: for streams that outlive a reload.
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
