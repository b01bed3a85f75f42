//! What a folder comes to.

use std::sync::Arc;

use weir_core::{Chain, Settings};

use super::policy::Policy;
use crate::config::resolved::{PolicyConfig, RouteConfig};
use crate::config::{Config, Folder, Problem};

/// Everything that one folder comes to.
pub struct LoadedSet {
    /// Where it came from.
    pub folder: Folder,
    /// What the file says.
    pub config: Config,
    /// The policies, as written.
    pub policies: Vec<Arc<LoadedPolicy>>,
    /// The routes, as written.
    pub routes: Vec<LoadedRoute>,
    /// All policies in one chain, for whoever names no route.
    pub all: Arc<Chain>,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
}

/// One policy.
pub struct LoadedPolicy {
    /// What the file says about it.
    pub config: PolicyConfig,
    /// What runs.
    pub policy: Policy,
    /// What holds for it.
    pub settings: Settings,
}

/// One route.
pub struct LoadedRoute {
    /// What the file says about it.
    pub config: RouteConfig,
    /// Its policies.
    pub chain: Arc<Chain>,
}

impl LoadedPolicy {
    /// Whether it is in the chain of that route.
    pub fn applies_to(&self, route: &str) -> bool {
        self.config.routes.as_ref().is_none_or(|routes| routes.iter().any(|name| name == route))
    }
}
