//! The list of routes of the admin surface.

use serde::Serialize;
use weir_core::Phase;
use weir_core::chain::{ChainOptions, Posture, Revalidation};

use crate::routes::PrincipalSource;

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
    /// Where it leads.
    pub upstream: String,
    /// The upstream's name for policies.
    pub server: String,
    /// `client` or `server`.
    pub posture: &'static str,
    /// Whether validators judge a received payload again after a mutation.
    pub revalidate: bool,
    /// Time for the chain in each phase.
    pub chain_timeout_ms: f64,
    /// Most bytes of a body that is read.
    pub max_body: usize,
    /// `error` or `tool-error`.
    pub on_deny: &'static str,
    /// `drop` or `pass`.
    pub authorization: &'static str,
    /// Where the principal comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub principal: Option<Principal>,
    /// The policies in the order of each phase.
    pub chain: Order,
}

/// Where the principal comes from.
#[derive(Debug, Clone, Serialize)]
pub struct Principal {
    /// The header.
    pub header: String,
    /// `user`, `service` or `anonymous`.
    pub kind: &'static str,
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
    pub fn of(routes: &crate::Routes) -> Self {
        Self { entries: routes.iter().map(Route::of).collect(), next_cursor: None }
    }
}

impl Route {
    /// One route.
    pub fn of(route: &crate::Route) -> Self {
        let crate::Route {
            name,
            path,
            protocol,
            upstream,
            server,
            chain,
            chain_timeout,
            max_body,
            on_deny,
            authorization,
            principal,
        } = route;
        let ChainOptions { posture, revalidation } = chain.options();
        let order = |phase| {
            // Whoever has no hook in the phase has no place in it.
            chain
                .ordered(phase)
                .filter(|entry| entry.settings.hooks.value.iter().any(|hook| hook.phase == phase))
                .map(|entry| entry.settings.name.as_str().to_owned())
                .collect()
        };
        Self {
            name: name.clone(),
            path: path.clone(),
            protocol: protocol.as_str(),
            upstream: upstream.to_string(),
            server: server.clone(),
            posture: match posture {
                Posture::Client => "client",
                Posture::Server => "server",
            },
            revalidate: match revalidation {
                Revalidation::Off => false,
                Revalidation::AfterMutation => true,
            },
            chain_timeout_ms: super::milliseconds(*chain_timeout),
            max_body: *max_body,
            on_deny: on_deny.as_str(),
            authorization: authorization.as_str(),
            principal: principal.as_ref().map(|PrincipalSource { header, kind }| Principal {
                header: header.as_str().to_owned(),
                kind: kind.as_str(),
            }),
            chain: Order { request: order(Phase::Request), response: order(Phase::Response) },
        }
    }
}
