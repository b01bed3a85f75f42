//! The list of routes of the admin surface.

use serde::Serialize;
use weir_core::Phase;
use weir_core::chain::{ChainOptions, Posture, Revalidation};
use weir_gateway::RouteOptions;

/// All routes, longest path first.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteList {
    /// The routes.
    pub entries: Vec<Route>,
    /// Always `null`: one page.
    pub next_cursor: Option<String>,
}

/// One route.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Route {
    /// Its name.
    pub name: String,
    /// Its prefix.
    pub path: String,
    /// `mcp` or `http`.
    pub protocol: &'static str,
    /// Its upstream.
    pub upstream: String,
    /// The upstream's name for policies.
    pub server: String,
    /// `client` or `server`.
    pub posture: &'static str,
    /// Whether validators run again on a received payload after a mutation.
    pub revalidate: bool,
    /// The operator's options.
    #[serde(flatten)]
    pub options: RouteOptions,
    /// The policies in their order per phase.
    pub chain: Order,
}

/// Names of the policies in their order.
#[derive(Debug, Clone, Serialize)]
pub struct Order {
    /// In the request phase.
    pub request: Vec<String>,
    /// In the response phase.
    pub response: Vec<String>,
}

impl RouteList {
    /// The routes of a set.
    pub fn of(routes: &weir_gateway::Routes) -> Self {
        Self { entries: routes.iter().map(Route::of).collect(), next_cursor: None }
    }
}

impl Route {
    /// One route.
    pub fn of(route: &weir_gateway::Route) -> Self {
        let weir_gateway::Route { name, path, surface, upstream: _, server, chain, options } = route;
        let ChainOptions { posture, revalidation } = chain.options();
        let order = |phase| {
            // A policy without a hook in the phase is not listed.
            chain
                .ordered(phase)
                .filter(|entry| entry.settings.hooks.value.iter().any(|hook| hook.phase == phase))
                .map(|entry| entry.settings.name.as_str().to_owned())
                .collect()
        };
        Self {
            name: name.clone(),
            path: path.clone(),
            protocol: surface.protocol(),
            upstream: route.leads_to(),
            server: server.clone(),
            posture: match posture {
                Posture::Client => "client",
                Posture::Server => "server",
            },
            revalidate: match revalidation {
                Revalidation::Off => false,
                Revalidation::AfterMutation => true,
            },
            options: options.clone(),
            chain: Order { request: order(Phase::Request), response: order(Phase::Response) },
        }
    }
}
