//! Resolves the written configuration: fills in defaults, looks up references, reports contradictions.
//!
//! Reports all errors at once: an error in one part does not stop the checks of the others.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use weir_core::chain::Revalidation;
use weir_core::{Overrides, Posture, PrincipalKind};
use weir_demo::DemoServer;
use weir_engine::{Grants, Metering, PolicyLimits, PolicyOptions, QuarantineOptions, Reuse};
use weir_gateway::surface::mcp::Command;
use weir_gateway::{Admission, GatewayOptions, OnDeny, PassAuthorization, PrincipalSource, Protocol, RouteOptions};
use weir_interceptors::{PATH, Reach};
use weir_store::MemoryStateOptions;

use super::address;
use super::document::{At, Source, closest, or};
use super::records::{resolve_records, resolve_trust};
use super::report::{Location, Problem};
use super::resolved::{
    AdminConfig, CodeCache, Config, EngineConfig, GatewayConfig, InterceptorsConfig, PolicyConfig, RemoteConfig,
    RouteConfig, SourceConfig,
};
use super::secret::Secret;
use super::upstream::Upstream;
use super::written::{
    self, Written, WrittenAdmin, WrittenCache, WrittenCommand, WrittenEngine, WrittenGateway, WrittenGrants,
    WrittenInterceptors, WrittenLimits, WrittenOverrides, WrittenPolicy, WrittenRoute, WrittenState, WrittenUpstream,
};

/// Where routes point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstreams {
    /// To the upstreams in the file.
    AsWritten,
    /// To the servers inside `weir demo`, whatever the file says.
    Demo,
}

/// What the file is resolved against.
pub struct Surroundings<'a> {
    /// The folder that contains the file.
    pub folder: &'a Path,
    /// Where routes point.
    pub upstreams: Upstreams,
    /// Reads an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

/// Reads one file's text. The configuration contains every entry that is valid by itself, so that it can be checked
/// further. It may be served only if there are no problems.
pub fn resolve(name: &str, text: &str, surroundings: &Surroundings<'_>) -> (Config, Vec<Problem>) {
    let source = Source::new(name, text);
    let document = source.parse();
    let written = written::read(source.root(&document));
    let config = whole(written, &source, surroundings);
    (config, source.into_problems())
}

fn whole(written: Written, source: &Source<'_>, surroundings: &Surroundings<'_>) -> Config {
    let Written { gateway, admin, engine, state, interceptors, records, trust, routes, policies } = written;
    let gateway = resolve_gateway(gateway, source);
    let mut names: Vec<String> = Vec::new();
    for At { value, .. } in routes.iter().filter_map(|route| route.name.as_ref()) {
        if !names.contains(value) {
            names.push(value.clone());
        }
    }
    unique(source, "name", routes.iter().filter_map(|route| route.name.as_ref()));
    unique(source, "path", routes.iter().filter_map(|route| route.path.as_ref()));
    let interceptors = resolve_interceptors(interceptors);
    if interceptors.reach != Reach::Nobody {
        report_taken_paths(source, routes.iter().filter_map(|route| route.path.as_ref()));
    }
    let routes: Vec<RouteConfig> =
        routes.into_iter().filter_map(|route| resolve_route(route, &gateway, source, surroundings)).collect();
    let policies: Vec<PolicyConfig> = policies
        .into_iter()
        .filter_map(|policy| resolve_policy(policy, &names, source, surroundings.variable))
        .collect();
    let location = admin.listen.as_ref().map_or(Location { line: 1, column: 1 }, |at| at.location);
    let admin = resolve_admin(admin, source, surroundings.variable);
    if gateway.listen == admin.listen && gateway.listen.port() != 0 {
        source.error(location, format!("[gateway] and [admin] both listen on {}; give one another port", admin.listen));
    }
    Config {
        gateway,
        admin,
        engine: resolve_engine(engine, surroundings.folder),
        state: resolve_state(state),
        interceptors,
        records: resolve_records(records, source, surroundings.folder, surroundings.variable),
        trust: resolve_trust(trust),
        routes,
        policies,
    }
}

fn unique<'a>(source: &Source<'_>, key: &str, texts: impl Iterator<Item = &'a At<String>>) {
    let mut first: HashMap<&str, Location> = HashMap::new();
    for At { value, location } in texts {
        if let Some(earlier) = first.get(value.as_str()) {
            source.error(
                *location,
                format!("two routes have the {key} {value:?}; the first stands in line {}", earlier.line),
            );
        } else {
            first.insert(value, *location);
        }
    }
}

fn resolve_gateway(written: WrittenGateway, source: &Source<'_>) -> GatewayConfig {
    let WrittenGateway {
        listen,
        chain_timeout,
        max_body,
        max_headers,
        max_connections,
        header_timeout,
        idle_timeout,
        body_timeout,
        upstream_connect_timeout,
        upstream_timeout,
        drain_timeout,
        allowed_origins,
        allowed_hosts,
    } = written;
    let default = GatewayOptions::default();
    let admission = Admission {
        allowed_origins: each(allowed_origins, source, "allowed_origins", address::origin),
        allowed_hosts: each(allowed_hosts, source, "allowed_hosts", address::host),
    };
    GatewayConfig {
        listen: or(listen, SocketAddr::from((Ipv4Addr::LOCALHOST, 8080))),
        chain_timeout: or(chain_timeout, Duration::from_millis(250)),
        max_body: or(max_body, 4 << 20),
        options: GatewayOptions {
            max_connections: or(max_connections, default.max_connections),
            max_header_bytes: or(max_headers, default.max_header_bytes),
            header_read_timeout: or(header_timeout, default.header_read_timeout),
            idle_timeout: or(idle_timeout, default.idle_timeout),
            body_read_timeout: or(body_timeout, default.body_read_timeout),
            drain_timeout: or(drain_timeout, default.drain_timeout),
            connect_timeout: or(upstream_connect_timeout, default.connect_timeout),
            response_timeout: or(upstream_timeout, default.response_timeout),
            admission,
            ..default
        },
    }
}

/// The items of a list, parsed; invalid ones are reported and skipped.
fn each(
    written: Option<At<Vec<At<String>>>>,
    source: &Source<'_>,
    key: &str,
    read: impl Fn(&str) -> Result<String, String>,
) -> Vec<String> {
    let mut items = Vec::new();
    for At { value, location } in written.into_iter().flat_map(|list| list.value) {
        match read(&value) {
            Ok(item) => items.push(item),
            Err(reason) => source.error(location, format!("{key} in [gateway]: {reason}")),
        }
    }
    items
}

fn resolve_admin(written: WrittenAdmin, source: &Source<'_>, variable: &dyn Fn(&str) -> Option<String>) -> AdminConfig {
    let WrittenAdmin { listen, token, token_env } = written;
    if let (Some(_), Some(At { location, .. })) = (&token, &token_env) {
        source.error(*location, "both token and token_env are given in [admin]; give one");
    }
    let from_env = token_env.as_ref().and_then(|At { value: name, location }| {
        let Some(text) = variable(name) else {
            source.error(*location, format!("the environment has no variable {name:?}, which token_env names"));
            return None;
        };
        written::token(&text).map_err(|reason| source.error(*location, format!("the variable {name:?}: {reason}"))).ok()
    });
    let has_token = token.is_some() || token_env.is_some();
    let location = listen.as_ref().map(|at| at.location);
    let listen = or(listen, SocketAddr::from((Ipv4Addr::LOCALHOST, 9901)));
    if let (Some(location), false, false) = (location, listen.ip().is_loopback(), has_token) {
        source.error(
            location,
            format!("[admin] listens on {listen}, which others can reach, so it needs a token; give token_env = \"WEIR_ADMIN_TOKEN\" (the name of a variable) or token"),
        );
    }
    AdminConfig { listen, token: token.map(|at| at.value).or(from_env) }
}

fn resolve_engine(written: WrittenEngine, folder: &Path) -> EngineConfig {
    let WrittenEngine {
        cache,
        max_instances,
        call_cap,
        policy_timeout,
        quarantine_after,
        quarantine,
        quarantine_longest,
    } = written;
    let default = QuarantineOptions::default();
    EngineConfig {
        cache: match cache.map(|at| at.value) {
            None => CodeCache::Usual(folder.join(".cache")),
            Some(WrittenCache::Off) => CodeCache::Off,
            Some(WrittenCache::Folder(path)) => CodeCache::Chosen(folder.join(path)),
        },
        max_instances: or(max_instances, 256),
        call_cap: or(call_cap, Duration::from_secs(10)),
        policy_timeout: policy_timeout.map(|at| at.value),
        quarantine: QuarantineOptions {
            after: or(quarantine_after, default.after),
            first: or(quarantine, default.first),
            longest: or(quarantine_longest, default.longest),
        },
    }
}

fn resolve_interceptors(written: WrittenInterceptors) -> InterceptorsConfig {
    let WrittenInterceptors { enabled, page_size, execute_chain } = written;
    InterceptorsConfig {
        reach: match enabled.map(|at| at.value) {
            None => Reach::Loopback,
            Some(true) => Reach::Everyone,
            Some(false) => Reach::Nobody,
        },
        page_size: page_size.map(|at| at.value),
        execute_chain: or(execute_chain, false),
    }
}

/// A route below the interceptor server's path would receive only some of its requests, or none.
fn report_taken_paths<'a>(source: &Source<'_>, paths: impl Iterator<Item = &'a At<String>>) {
    for At { value, location } in paths {
        if value.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            source.error(
                *location,
                format!(
                    "path {value:?}: {PATH} belongs to the interceptor server; give the route another path, or turn the \
                     server off ([interceptors] enabled = false)"
                ),
            );
        }
    }
}

fn resolve_state(written: WrittenState) -> MemoryStateOptions {
    let WrittenState { ttl, max_keys, max_bytes, max_bucket_bytes } = written;
    let default = MemoryStateOptions::default();
    MemoryStateOptions {
        ttl: or(ttl, default.ttl),
        max_keys: or(max_keys, default.max_keys),
        max_bucket_bytes: or(max_bucket_bytes, default.max_bucket_bytes),
        max_total_bytes: or(max_bytes, default.max_total_bytes),
    }
}

fn resolve_route(
    written: WrittenRoute,
    gateway: &GatewayConfig,
    source: &Source<'_>,
    surroundings: &Surroundings<'_>,
) -> Option<RouteConfig> {
    let WrittenRoute {
        name,
        path,
        protocol,
        upstream,
        demo,
        posture,
        revalidate,
        on_deny,
        pass_authorization,
        server,
        max_body,
        chain_timeout,
        principal_header,
        principal_kind,
    } = written;
    let is_http = protocol.as_ref().is_some_and(|at| at.value == Protocol::Http);
    if let (Some(At { location, .. }), true) = (&on_deny, is_http) {
        source.error(*location, "on_deny is about tool calls, so it belongs to routes with protocol = \"mcp\"");
    }
    if let (Some(At { value: false, location }), true) = (&pass_authorization, is_http) {
        source.error(*location, "routes with protocol = \"http\" pass the Authorization header on; leave the key out");
    }
    if let (Some(At { value: WrittenUpstream::Command(_), location }), true) = (&upstream, is_http) {
        source.error(*location, "a command is an MCP server, so it belongs to routes with protocol = \"mcp\"");
    }
    let (name, path, protocol, upstream) = (name?.value, path?.value, protocol?.value, upstream?.value);
    let upstream = match surroundings.upstreams {
        Upstreams::AsWritten => resolve_upstream(upstream, surroundings.folder),
        Upstreams::Demo => Upstream::Demo(or(demo, demo_server(protocol))),
    };
    let kind = or(principal_kind, PrincipalKind::User);
    Some(RouteConfig {
        server: server.map_or_else(|| upstream.server_name(), |at| at.value),
        name,
        path,
        protocol,
        upstream,
        posture: or(posture, Posture::Client),
        revalidation: if or(revalidate, false) { Revalidation::AfterMutation } else { Revalidation::Off },
        options: RouteOptions {
            on_deny: or(on_deny, OnDeny::Error),
            authorization: if or(pass_authorization, false) {
                PassAuthorization::Pass
            } else {
                PassAuthorization::Drop
            },
            chain_timeout: or(chain_timeout, gateway.chain_timeout),
            max_body: or(max_body, gateway.max_body),
            principal: principal_header.map(|header| PrincipalSource { header: header.value, kind }),
        },
    })
}

/// The demo server for a protocol.
const fn demo_server(protocol: Protocol) -> DemoServer {
    match protocol {
        Protocol::Mcp => DemoServer::Mcp,
        Protocol::Http => DemoServer::Http,
    }
}

fn resolve_upstream(written: WrittenUpstream, folder: &Path) -> Upstream {
    let WrittenCommand { command, env, cwd, sharing, max_processes, idle_timeout } = match written {
        WrittenUpstream::Url(upstream) => return upstream,
        WrittenUpstream::Command(command) => command,
    };
    let mut words = command.into_iter();
    let program = words.next().unwrap_or_default();
    // A plain name is looked up in PATH; a path is relative to the folder, like `cwd`.
    let program = match program.contains('/') {
        true => folder.join(program.trim_start_matches("./")).display().to_string(),
        false => program,
    };
    let default = Command::new(program);
    Upstream::Command(Command {
        arguments: words.collect(),
        environment: env.into_iter().collect(),
        directory: cwd.map(|at| folder.join(at.value)),
        sharing: or(sharing, default.sharing),
        max_processes: or(max_processes, default.max_processes),
        idle_timeout: or(idle_timeout, default.idle_timeout),
        program: default.program,
    })
}

fn resolve_policy(
    written: WrittenPolicy,
    known: &[String],
    source: &Source<'_>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Option<PolicyConfig> {
    let WrittenPolicy {
        component,
        remote,
        token_env,
        name,
        routes,
        config,
        overrides,
        limits,
        grants,
        reuse,
        metering,
    } = written;
    if let Some(At { value, location }) = &routes {
        if value.is_empty() {
            source
                .error(*location, "routes is empty, so the policy would never run; leave the key out for every route");
        }
        for At { value, location } in value.iter().filter(|at| !known.contains(&at.value)) {
            let near = closest(value, known.iter().map(String::as_str));
            let advice = match near {
                Some(near) => format!("did you mean {near:?}?"),
                None if known.is_empty() => "the file has no [[route]]".to_owned(),
                None => format!("there are {}", known.join(", ")),
            };
            source.error(*location, format!("no route is named {value:?}; {advice}"));
        }
    }
    let config = config.map(|at| at.value);
    let fuel = overrides.fuel.as_ref().map(|at| at.location);
    let overrides = resolve_overrides(overrides);
    let routes = routes.map(|at| at.value.into_iter().map(|route| route.value).collect());
    if let Some(At { value: url, location }) = remote {
        if let Some(location) = fuel {
            source.error(
                location,
                "fuel in overrides: instructions are counted in the sandbox, and a remote interceptor runs elsewhere; \
                 bound it by timeout_ms",
            );
        }
        let token = token_env.and_then(|token_env| bearer(&token_env, source, variable));
        let remote = RemoteConfig { url, token, name: name?.value, config };
        return Some(PolicyConfig { source: SourceConfig::Remote(remote), location, routes, overrides });
    }
    let At { value: file, location } = component?;
    let metering = match overrides.fuel {
        // A budget needs instruction counting.
        Some(_) => Metering::Always,
        None => metering.map(|at| at.value).unwrap_or_default(),
    };
    let options = PolicyOptions {
        alias: name.map(|at| at.value),
        config,
        limits: resolve_limits(limits),
        grants: resolve_grants(grants),
        metering,
        reuse: reuse.map_or(Reuse::Never, |at| Reuse::UpTo(at.value)),
    };
    Some(PolicyConfig { source: SourceConfig::Component { file, options }, location, routes, overrides })
}

/// The token in an environment variable, for another server. Its length is that server's choice.
fn bearer(token_env: &At<String>, source: &Source<'_>, variable: &dyn Fn(&str) -> Option<String>) -> Option<Secret> {
    let At { value: name, location } = token_env;
    match variable(name) {
        Some(text) if !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) => Some(Secret::new(text)),
        Some(_) => {
            source.error(
                *location,
                format!("the variable {name:?}: a token has visible ASCII characters only, and no space"),
            );
            None
        }
        None => {
            source.error(*location, format!("the environment has no variable {name:?}, which token_env names"));
            None
        }
    }
}

fn resolve_overrides(written: WrittenOverrides) -> Overrides {
    let WrittenOverrides { mode, fail_open, timeout, fuel, priority_hint, hooks } = written;
    Overrides {
        mode: mode.map(|at| at.value),
        fail_open: fail_open.map(|at| at.value),
        timeout: timeout.map(|at| at.value),
        fuel: fuel.map(|at| at.value),
        priority_hint: priority_hint.map(|at| at.value),
        hooks,
    }
}

fn resolve_limits(written: WrittenLimits) -> PolicyLimits {
    let WrittenLimits { memory, table_elements, output, host_calls, configure_timeout, component_size } = written;
    let default = PolicyLimits::default();
    PolicyLimits {
        memory: or(memory, default.memory),
        table_elements: or(table_elements, default.table_elements),
        output: or(output, default.output),
        host_calls: or(host_calls, default.host_calls),
        configure_timeout: or(configure_timeout, default.configure_timeout),
        component_size: or(component_size, default.component_size),
    }
}

fn resolve_grants(written: WrittenGrants) -> Grants {
    let WrittenGrants { http, clock, random } = written;
    Grants { clock: or(clock, false), random: or(random, false), http }
}
