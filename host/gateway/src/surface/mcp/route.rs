//! MCP on one route.

use std::any::Any;
use std::sync::{Arc, Weak};

use async_trait::async_trait;
use http::{Method, Request};
use weir_core::{Phase, catalogue};
use weir_http::Incoming;

use super::call::McpCall;
use super::command::Command;
use super::post::read_post;
use super::state::Mcp;
use super::stdio::StdioExchange;
use super::streamable::StreamableExchange;
use crate::call::Call;
use crate::refusal::Refusal;
use crate::routes::Route;
use crate::surface::{Exchange, Protocol, Surface};
use crate::surface_state::SurfaceState;

/// MCP on one route.
pub(super) struct McpRoute {
    /// Weak: its sessions hold calls, which hold their route.
    mcp: Weak<Mcp>,
    reach: Reach,
}

/// How the route's server is reached.
pub(super) enum Reach {
    /// At the route's URL.
    Url,
    /// In a process of this program.
    Command(Command),
}

impl McpRoute {
    pub(super) fn new(mcp: &Arc<Mcp>, reach: Reach) -> Self {
        Self { mcp: Arc::downgrade(mcp), reach }
    }
}

/// The program of an MCP route, if it has one.
pub(super) fn command_of(route: &Route) -> Option<&Command> {
    let surface: &dyn Any = &*route.surface;
    match &surface.downcast_ref::<McpRoute>()?.reach {
        Reach::Command(command) => Some(command),
        Reach::Url => None,
    }
}

#[async_trait]
impl Surface for McpRoute {
    fn protocol(&self) -> &'static str {
        Protocol::Mcp.as_str()
    }

    async fn read(&self, call: &Arc<Call>, request: Request<Incoming>) -> Result<Box<dyn Exchange>, Refusal> {
        // If it is gone, the gateway is shutting down.
        let mcp = self.mcp.upgrade().ok_or(Refusal::Internal)?;
        let call = McpCall::new(Arc::clone(call), Arc::clone(&mcp.common));
        let is_post = request.method() == Method::POST;
        let posted = async |request| read_post(&call, request).await;
        Ok(match &self.reach {
            Reach::Url if is_post => {
                Box::new(StreamableExchange::posted(posted(request).await?, call, Arc::clone(&mcp.sessions)))
            }
            Reach::Url => Box::new(StreamableExchange::of_session(request, call, Arc::clone(&mcp.sessions))?),
            Reach::Command(command) if is_post => {
                let posted = posted(request).await?;
                Box::new(StdioExchange::posted(posted, mcp.servers.bridge(&call, command, command_of)?, call))
            }
            Reach::Command(_) if !StdioExchange::has(request.method()) => {
                return Err(StdioExchange::method_not_allowed());
            }
            Reach::Command(command) => {
                let bridge = mcp.servers.bridge(&call, command, command_of)?;
                Box::new(StdioExchange::of_session(request, bridge, call))
            }
        })
    }

    fn emits(&self, pattern: &str, _: Phase) -> bool {
        // A server or a client may speak methods of its own, so only what belongs to other protocols never comes.
        !catalogue::is_of_another(self.protocol(), pattern)
    }

    fn guards_origin(&self) -> bool {
        true
    }

    fn check(&self, route: &Route) -> Result<(), &'static str> {
        match (&self.reach, &route.upstream) {
            (Reach::Command(command), _) if command.program.is_empty() => Err("it must name a program"),
            (Reach::Url, None) => Err("it must be an absolute URL with scheme http or https"),
            _ => Ok(()),
        }
    }

    fn server(&self) -> String {
        match &self.reach {
            Reach::Command(command) => command.to_string(),
            Reach::Url => String::new(),
        }
    }

    fn place(&self, server: &str) -> String {
        format!("stdio://{server}")
    }

    fn state(&self) -> Option<Arc<dyn SurfaceState>> {
        self.mcp.upgrade().map(|mcp| mcp as Arc<dyn SurfaceState>)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use weir_core::{Chain, ChainOptions};

    use super::*;
    use crate::routes::{OnDeny, PassAuthorization, RouteOptions, Routes};

    #[test]
    fn a_route_leads_to_a_url_or_to_a_program_that_is_named() {
        let mcp = Mcp::new();
        let options = RouteOptions {
            chain_timeout: Duration::from_secs(1),
            max_body: 1,
            on_deny: OnDeny::Error,
            authorization: PassAuthorization::Drop,
            principal: None,
        };
        let wrong = |surface: Arc<dyn Surface>, upstream: Option<&str>| {
            let route = Route {
                name: "r".to_owned(),
                path: "/r".to_owned(),
                surface,
                upstream: upstream.map(|upstream| upstream.parse().unwrap()),
                server: "s".to_owned(),
                chain: Arc::new(Chain::new(vec![], ChainOptions::default()).unwrap()),
                options: options.clone(),
            };
            Routes::check(&[route]).into_iter().map(|error| error.to_string()).collect::<String>()
        };
        assert_eq!(wrong(mcp.over_http(), Some("http://h/")), "");
        assert!(wrong(mcp.over_http(), None).contains("absolute URL"));
        assert_eq!(wrong(mcp.over_stdio(Command::new("x")), None), "");
        assert!(wrong(mcp.over_stdio(Command::new("")), None).contains("must name a program"));
    }
}
