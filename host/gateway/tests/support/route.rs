//! Routes as tests write them: flat, with what each speaks and where it leads side by side.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::uri::InvalidUri;
use weir_core::Chain;
use weir_gateway::surface::http::Http;
use weir_gateway::surface::mcp::{Command, Mcp};
use weir_gateway::{OnDeny, PassAuthorization, PrincipalSource, Protocol, RouteOptions, Routes};

/// One route.
#[derive(Clone)]
pub struct Route {
    pub name: String,
    pub path: String,
    pub protocol: Protocol,
    pub upstream: Upstream,
    pub server: String,
    pub chain: Arc<Chain>,
    pub chain_timeout: Duration,
    pub max_body: usize,
    pub on_deny: OnDeny,
    pub authorization: PassAuthorization,
    pub principal: Option<PrincipalSource>,
}

/// Where a route leads.
#[derive(Clone)]
pub enum Upstream {
    Url(Uri),
    Command(Command),
}

impl FromStr for Upstream {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        text.parse().map(Self::Url)
    }
}

/// The routes with their surfaces.
pub fn routes(routes: Vec<Route>, mcp: &Arc<Mcp>) -> Routes {
    Routes::new(routes.into_iter().map(|route| route.with_surface(mcp)).collect()).unwrap()
}

impl Route {
    fn with_surface(self, mcp: &Arc<Mcp>) -> weir_gateway::Route {
        let Self {
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
        } = self;
        let (surface, upstream) = match (protocol, upstream) {
            (Protocol::Mcp, Upstream::Command(command)) => (mcp.over_stdio(command), None),
            (Protocol::Mcp, Upstream::Url(uri)) => (mcp.over_http(), Some(uri)),
            (Protocol::Http, Upstream::Url(uri)) => (Arc::new(Http) as _, Some(uri)),
            (Protocol::Http, Upstream::Command(_)) => panic!("plain HTTP leads to no program"),
        };
        let options = RouteOptions { chain_timeout, max_body, on_deny, authorization, principal };
        weir_gateway::Route { name, path, surface, upstream, server, chain, options }
    }
}
