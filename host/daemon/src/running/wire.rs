//! Converts a loaded set into the gateway's types.

use std::sync::Arc;

use weir_demo::DemoAddresses;
use weir_gateway::surface::mcp::{Command, Mcp};
use weir_gateway::{Route, Routes, RunningSet};
use weir_interceptors::{Interceptors, ServedPolicy};

use crate::config::folder::CONFIG_FILE;
use crate::config::resolved::{InterceptorsConfig, RouteConfig};
use crate::config::{Problem, Upstream};
use crate::load::{LoadedPolicy, LoadedRoute, LoadedSet, surface};

/// The routes of a set, ready to serve. `demo` holds the addresses of the demo servers.
pub fn running_set(
    set: &LoadedSet,
    epoch: u64,
    mcp: &Arc<Mcp>,
    demo: Option<DemoAddresses>,
) -> Result<RunningSet, Problem> {
    let problem = |message: String| Problem::error(set.folder.show(CONFIG_FILE), None, message);
    let routes: Result<Vec<Route>, String> = set.routes.iter().map(|route| self::route(route, mcp, demo)).collect();
    let routes = Routes::new(routes.map_err(problem)?).map_err(|error| problem(error.to_string()))?;
    Ok(RunningSet { epoch, routes, endpoints: vec![Arc::new(interceptors(set))] })
}

/// The policies of a set, for the interceptor server.
fn interceptors(set: &LoadedSet) -> Interceptors {
    let InterceptorsConfig { reach, page_size, execute_chain } = set.config.interceptors;
    let entry = |loaded: &Arc<LoadedPolicy>| ServedPolicy {
        settings: loaded.settings.clone(),
        declaration: loaded.policy.declaration().clone(),
        policy: Arc::new(loaded.policy.clone()),
    };
    Interceptors {
        reach,
        entries: set.policies.iter().map(entry).collect(),
        page_size,
        max_body: set.config.gateway.max_body,
        call_cap: set.config.engine.call_cap,
        chain: execute_chain.then(|| (Arc::clone(&set.all), set.config.gateway.chain_timeout)),
    }
}

/// A single route in front of a stdio server, whatever upstream the folder gives it.
pub fn relay_set(set: &LoadedSet, name: &str, mcp: &Arc<Mcp>, command: &Command) -> Result<RunningSet, Problem> {
    let problem = |message: String| Problem::error(set.folder.show(CONFIG_FILE), None, message);
    let found = set.routes.iter().find(|route| route.config.name == name);
    let found = found.ok_or_else(|| problem(format!("no route is named {name:?}")))?;
    let mut loaded = LoadedRoute { config: found.config.clone(), chain: Arc::clone(&found.chain) };
    loaded.config.upstream = Upstream::Command(command.clone());
    let route = route(&loaded, mcp, None).map_err(problem)?;
    let routes = Routes::new(vec![route]).map_err(|error| problem(error.to_string()))?;
    Ok(RunningSet { epoch: 1, routes, endpoints: Vec::new() })
}

fn route(loaded: &LoadedRoute, mcp: &Arc<Mcp>, demo: Option<DemoAddresses>) -> Result<Route, String> {
    let LoadedRoute { config, chain } = loaded;
    let RouteConfig {
        name,
        path,
        protocol: _,
        upstream,
        server,
        // Both are already in the chain.
        posture: _,
        revalidation: _,
        options,
    } = config;
    let upstream = match upstream {
        Upstream::Url(uri) => Some(uri.clone()),
        Upstream::Command(_) => None,
        Upstream::Demo(server) => Some(
            demo.ok_or_else(|| format!("route {name}: {upstream} exists only in `weir demo`"))?
                .uri(*server)
                .map_err(|error| format!("route {name}: {error}"))?,
        ),
    };
    Ok(Route {
        name: name.clone(),
        path: path.clone(),
        surface: surface(config, mcp),
        upstream,
        server: server.clone(),
        chain: Arc::clone(chain),
        options: options.clone(),
    })
}
