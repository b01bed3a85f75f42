//! A loaded folder.

use std::sync::Arc;

use weir_core::{Chain, Settings};

use super::policy::Policy;
use crate::config::resolved::{PolicyConfig, RouteConfig};
use crate::config::{Config, Folder, Problem};

/// Everything loaded from one folder.
pub struct LoadedSet {
    /// Its source.
    pub folder: Folder,
    /// Its configuration.
    pub config: Config,
    /// The policies, in file order.
    pub policies: Vec<Arc<LoadedPolicy>>,
    /// The routes, in file order.
    pub routes: Vec<LoadedRoute>,
    /// All policies in one chain, for calls without a route.
    pub all: Arc<Chain>,
    /// The warnings.
    pub warnings: Vec<Problem>,
}

/// One policy.
pub struct LoadedPolicy {
    /// Its configuration.
    pub config: PolicyConfig,
    /// The running policy.
    pub policy: Policy,
    /// Its effective settings.
    pub settings: Settings,
}

/// One route.
pub struct LoadedRoute {
    /// Its configuration.
    pub config: RouteConfig,
    /// Its chain.
    pub chain: Arc<Chain>,
}

impl LoadedPolicy {
    /// Whether it is in that route's chain.
    pub fn applies_to(&self, route: &str) -> bool {
        self.config.routes.as_ref().is_none_or(|routes| routes.iter().any(|name| name == route))
    }
}
