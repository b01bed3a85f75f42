//! The content of `weir.toml`, section by section. This file lists all keys except those of records and trust, which
//! are in [`super::records`].
//!
//! Every value is optional and has its location. [`super::resolve`] fills in the defaults.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Uri};
use toml::de::DeValue;
use weir_core::{Hook, InterceptorName, Mode, Phase, Posture, PrincipalKind, PriorityHint};
use weir_demo::DemoServer;
use weir_engine::Metering;
use weir_gateway::surface::mcp::Sharing;
use weir_gateway::{OnDeny, Protocol};

use super::address;
use super::document::{At, Table};
use super::records::{self, WrittenRecords, WrittenTrust};
use super::secret::Secret;
use super::upstream::Upstream;

/// Sections reserved for later versions.
const LATER: &[&str] = &["egress", "decisions"];

/// The file.
#[derive(Debug, Default)]
pub struct Written {
    /// `[gateway]`
    pub gateway: WrittenGateway,
    /// `[admin]`
    pub admin: WrittenAdmin,
    /// `[engine]`
    pub engine: WrittenEngine,
    /// `[state]`
    pub state: WrittenState,
    /// `[interceptors]`
    pub interceptors: WrittenInterceptors,
    /// `[records]`
    pub records: WrittenRecords,
    /// `[trust]`
    pub trust: WrittenTrust,
    /// `[[route]]`
    pub routes: Vec<WrittenRoute>,
    /// `[[policy]]`
    pub policies: Vec<WrittenPolicy>,
}

/// `[gateway]`
#[derive(Debug, Default)]
pub struct WrittenGateway {
    pub(super) listen: Option<At<SocketAddr>>,
    pub(super) chain_timeout: Option<At<Duration>>,
    pub(super) max_body: Option<At<usize>>,
    pub(super) max_headers: Option<At<usize>>,
    pub(super) max_connections: Option<At<usize>>,
    pub(super) header_timeout: Option<At<Duration>>,
    pub(super) idle_timeout: Option<At<Duration>>,
    pub(super) body_timeout: Option<At<Duration>>,
    pub(super) upstream_connect_timeout: Option<At<Duration>>,
    pub(super) upstream_timeout: Option<At<Duration>>,
    pub(super) drain_timeout: Option<At<Duration>>,
    pub(super) allowed_origins: Option<At<Vec<At<String>>>>,
    pub(super) allowed_hosts: Option<At<Vec<At<String>>>>,
}

/// `[admin]`
#[derive(Debug, Default)]
pub struct WrittenAdmin {
    pub(super) listen: Option<At<SocketAddr>>,
    pub(super) token: Option<At<Secret>>,
    pub(super) token_env: Option<At<String>>,
}

/// `[engine]`
#[derive(Debug, Default)]
pub struct WrittenEngine {
    pub(super) cache: Option<At<WrittenCache>>,
    pub(super) max_instances: Option<At<u32>>,
    pub(super) call_cap: Option<At<Duration>>,
    pub(super) policy_timeout: Option<At<Duration>>,
    pub(super) quarantine_after: Option<At<u32>>,
    pub(super) quarantine: Option<At<Duration>>,
    pub(super) quarantine_longest: Option<At<Duration>>,
}

/// `cache` of `[engine]`
#[derive(Debug)]
pub(super) enum WrittenCache {
    Off,
    Folder(PathBuf),
}

/// `[state]`
#[derive(Debug, Default)]
pub struct WrittenState {
    pub(super) ttl: Option<At<Duration>>,
    pub(super) max_keys: Option<At<usize>>,
    pub(super) max_bytes: Option<At<usize>>,
    pub(super) max_bucket_bytes: Option<At<usize>>,
}

/// `[interceptors]`
#[derive(Debug, Default)]
pub struct WrittenInterceptors {
    pub(super) enabled: Option<At<bool>>,
    pub(super) page_size: Option<At<usize>>,
    pub(super) execute_chain: Option<At<bool>>,
}

/// `[[route]]`
#[derive(Debug)]
pub struct WrittenRoute {
    pub(super) name: Option<At<String>>,
    pub(super) path: Option<At<String>>,
    pub(super) protocol: Option<At<Protocol>>,
    pub(super) upstream: Option<At<WrittenUpstream>>,
    pub(super) demo: Option<At<DemoServer>>,
    pub(super) posture: Option<At<Posture>>,
    pub(super) revalidate: Option<At<bool>>,
    pub(super) on_deny: Option<At<OnDeny>>,
    pub(super) pass_authorization: Option<At<bool>>,
    pub(super) server: Option<At<String>>,
    pub(super) max_body: Option<At<usize>>,
    pub(super) chain_timeout: Option<At<Duration>>,
    pub(super) principal_header: Option<At<HeaderName>>,
    pub(super) principal_kind: Option<At<PrincipalKind>>,
}

/// `upstream` of a route
#[derive(Debug)]
pub(super) enum WrittenUpstream {
    Url(Upstream),
    Command(WrittenCommand),
}

/// `upstream` of a route, as a table
#[derive(Debug)]
pub(super) struct WrittenCommand {
    /// Never empty: the program, then its arguments.
    pub(super) command: Vec<String>,
    pub(super) env: Vec<(String, String)>,
    pub(super) cwd: Option<At<String>>,
    pub(super) sharing: Option<At<Sharing>>,
    pub(super) max_processes: Option<At<usize>>,
    pub(super) idle_timeout: Option<At<Duration>>,
}

/// `[[policy]]`
#[derive(Debug)]
pub struct WrittenPolicy {
    pub(super) component: Option<At<String>>,
    pub(super) remote: Option<At<Uri>>,
    pub(super) token_env: Option<At<String>>,
    pub(super) name: Option<At<InterceptorName>>,
    pub(super) routes: Option<At<Vec<At<String>>>>,
    pub(super) config: Option<At<String>>,
    pub(super) overrides: WrittenOverrides,
    pub(super) limits: WrittenLimits,
    pub(super) grants: WrittenGrants,
    pub(super) reuse: Option<At<u32>>,
    pub(super) metering: Option<At<Metering>>,
}

/// `overrides` of a policy
#[derive(Debug, Default)]
pub struct WrittenOverrides {
    pub(super) mode: Option<At<Mode>>,
    pub(super) fail_open: Option<At<bool>>,
    pub(super) timeout: Option<At<Duration>>,
    pub(super) fuel: Option<At<u64>>,
    pub(super) priority_hint: Option<At<PriorityHint>>,
    pub(super) hooks: Option<Vec<Hook>>,
}

/// `limits` of a policy
#[derive(Debug, Default)]
pub struct WrittenLimits {
    pub(super) memory: Option<At<usize>>,
    pub(super) table_elements: Option<At<usize>>,
    pub(super) output: Option<At<usize>>,
    pub(super) host_calls: Option<At<u32>>,
    pub(super) configure_timeout: Option<At<Duration>>,
    pub(super) component_size: Option<At<usize>>,
}

/// `grants` of a policy
#[derive(Debug, Default)]
pub struct WrittenGrants {
    pub(super) http: Vec<String>,
    pub(super) clock: Option<At<bool>>,
    pub(super) random: Option<At<bool>>,
}

/// Reads the whole file; problems are reported to the document's source.
pub fn read(root: Table<'_>) -> Written {
    let written = Written {
        gateway: root.table("gateway").map(gateway).unwrap_or_default(),
        admin: root.table("admin").map(admin).unwrap_or_default(),
        engine: root.table("engine").map(engine).unwrap_or_default(),
        state: root.table("state").map(state).unwrap_or_default(),
        interceptors: root.table("interceptors").map(interceptors).unwrap_or_default(),
        records: root.table("records").map(records::records).unwrap_or_default(),
        trust: root.table("trust").map(records::trust).unwrap_or_default(),
        routes: root.tables("route").into_iter().map(route).collect(),
        policies: root.tables("policy").into_iter().map(policy).collect(),
    };
    root.finish(|key| match key {
        later if LATER.contains(&later) => Some(format!("this version does not know [{later}] yet, so leave it out")),
        "routes" => Some("did you mean [[route]], one per route?".to_owned()),
        "policies" => Some("did you mean [[policy]], one per policy?".to_owned()),
        _ => None,
    });
    written
}

fn gateway(table: Table<'_>) -> WrittenGateway {
    let written = WrittenGateway {
        listen: table.parsed("listen", "an address such as \"127.0.0.1:8080\"", address::listen),
        chain_timeout: table.milliseconds("chain_timeout_ms"),
        max_body: table.size("max_body"),
        max_headers: table.size("max_headers"),
        max_connections: table.integer("max_connections", 1, 1_000_000),
        header_timeout: table.milliseconds("header_timeout_ms"),
        idle_timeout: table.milliseconds("idle_timeout_ms"),
        body_timeout: table.milliseconds("body_timeout_ms"),
        upstream_connect_timeout: table.milliseconds("upstream_connect_timeout_ms"),
        upstream_timeout: table.milliseconds("upstream_timeout_ms"),
        drain_timeout: table.milliseconds("drain_timeout_ms"),
        allowed_origins: table.texts("allowed_origins"),
        allowed_hosts: table.texts("allowed_hosts"),
    };
    table.finish(|_| None);
    written
}

fn admin(table: Table<'_>) -> WrittenAdmin {
    let written = WrittenAdmin {
        listen: table.parsed("listen", "an address such as \"127.0.0.1:8080\"", address::listen),
        token: table.parsed("token", "a string", token),
        token_env: table.text("token_env"),
    };
    table.finish(|_| None);
    written
}

/// A token is sent in a header, so it must be visible ASCII. It must not be short enough to guess.
pub(super) fn token(text: &str) -> Result<Secret, String> {
    const SHORTEST: usize = 16;
    if text.len() < SHORTEST || !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(format!("a token has at least {SHORTEST} visible ASCII characters and no space"));
    }
    Ok(Secret::new(text.to_owned()))
}

fn engine(table: Table<'_>) -> WrittenEngine {
    let cache = match table.value("cache") {
        Some((DeValue::Boolean(false), location)) => Some(At { value: WrittenCache::Off, location }),
        Some((DeValue::String(path), location)) if !path.is_empty() => {
            Some(At { value: WrittenCache::Folder(PathBuf::from(path.as_ref())), location })
        }
        Some((_, location)) => {
            table.error(location, "cache in [engine]: give the path of a folder, or false for none");
            None
        }
        None => None,
    };
    let written = WrittenEngine {
        cache,
        max_instances: table.integer("max_instances", 1, 10_000),
        call_cap: table.milliseconds("call_cap_ms"),
        policy_timeout: table.milliseconds("policy_timeout_ms"),
        quarantine_after: table.integer("quarantine_after", 0, 1_000_000),
        quarantine: table.milliseconds("quarantine_ms"),
        quarantine_longest: table.milliseconds("quarantine_longest_ms"),
    };
    table.finish(|_| None);
    written
}

fn state(table: Table<'_>) -> WrittenState {
    let written = WrittenState {
        ttl: table.milliseconds("ttl_ms"),
        max_keys: table.integer("max_keys", 1, 100_000_000),
        max_bytes: table.size("max_bytes"),
        max_bucket_bytes: table.size("max_bucket_bytes"),
    };
    table.finish(|_| None);
    written
}

fn interceptors(table: Table<'_>) -> WrittenInterceptors {
    let written = WrittenInterceptors {
        enabled: table.boolean("enabled"),
        page_size: table.integer("page_size", 1, 1000),
        execute_chain: table.boolean("execute_chain"),
    };
    table.finish(|_| None);
    written
}

fn route(table: Table<'_>) -> WrittenRoute {
    let principal = table.table("principal");
    let (principal_header, principal_kind) = principal.map(principal_of).unwrap_or_default();
    let written = WrittenRoute {
        name: table.parsed("name", "a name", route_name),
        path: table.parsed("path", "a path such as \"/mcp\"", address::route_path),
        protocol: table.parsed("protocol", "\"mcp\" or \"http\"", protocol),
        upstream: upstream(&table),
        demo: table.choice("demo", &DemoServer::ALL.map(|demo| (demo.name(), demo))),
        posture: table.choice("posture", &[("client", Posture::Client), ("server", Posture::Server)]),
        revalidate: table.boolean("revalidate"),
        on_deny: table.choice("on_deny", &[("error", OnDeny::Error), ("tool-error", OnDeny::ToolError)]),
        pass_authorization: table.boolean("pass_authorization"),
        server: table.parsed("server", "a name", route_name),
        max_body: table.size("max_body"),
        chain_timeout: table.milliseconds("chain_timeout_ms"),
        principal_header,
        principal_kind,
    };
    table.missing("name", "\"tools\"");
    table.missing("path", "\"/mcp\"");
    table.missing("protocol", "\"mcp\"");
    table.missing("upstream", "\"http://127.0.0.1:3001/mcp\"");
    table.finish(|_| None);
    written
}

/// A URL, or a table with a command.
fn upstream(table: &Table<'_>) -> Option<At<WrittenUpstream>> {
    let (DeValue::Table(_), location) = table.value("upstream")? else {
        let form = "a URL, or a table such as { command = [\"npx\", \"server\"] }";
        let At { value, location } = table.parsed("upstream", form, address::upstream)?;
        return Some(At { value: WrittenUpstream::Url(value), location });
    };
    let command = command(table.table("upstream")?)?;
    Some(At { value: WrittenUpstream::Command(command), location })
}

fn command(table: Table<'_>) -> Option<WrittenCommand> {
    let words = table.texts("command");
    let mut command: Option<Vec<String>> = None;
    if let Some(At { value: words, location }) = words {
        let is_right = words.first().is_some_and(|program| !program.value.is_empty());
        if !is_right || words.iter().any(|word| word.value.contains('\0')) {
            let message =
                "command needs a program, then its arguments, each a string of its own: [\"npx\", \"server\"]";
            table.error(location, message);
        } else {
            command = Some(words.into_iter().map(|word| word.value).collect());
        }
    }
    let mut env = Vec::new();
    for (At { value: name, location }, text) in table.named_texts("env") {
        if name.is_empty() || name.contains(['=', '\0']) || text.contains('\0') {
            table.error(location, "env: a variable has a name without `=`, and neither name nor value holds a NUL");
        } else {
            env.push((name, text));
        }
    }
    let written = WrittenCommand {
        command: command.clone().unwrap_or_default(),
        env,
        cwd: table.parsed("cwd", "a path", directory),
        sharing: table.choice("sharing", &[("session", Sharing::PerSession), ("shared", Sharing::Shared)]),
        max_processes: table.integer("max_processes", 1, 10_000),
        idle_timeout: table.milliseconds("idle_timeout_ms"),
    };
    table.missing("command", "[\"npx\", \"server\"]");
    table.finish(|key| match key {
        "args" | "arguments" => Some("write them after the program: command = [\"npx\", \"server\"]".to_owned()),
        _ => None,
    });
    command.is_some().then_some(written)
}

fn directory(text: &str) -> Result<String, String> {
    match text {
        "" => Err("it is empty; leave the key out for the folder that the gateway is started in".to_owned()),
        text if text.contains('\0') => Err("a path holds no NUL".to_owned()),
        text => Ok(text.to_owned()),
    }
}

fn principal_of(table: Table<'_>) -> (Option<At<HeaderName>>, Option<At<PrincipalKind>>) {
    let header = table.parsed("header", "a header name", address::header);
    let kind = table.choice("type", &[("user", PrincipalKind::User), ("service", PrincipalKind::Service)]);
    table.missing("header", "\"x-forwarded-user\"");
    table.finish(|_| None);
    (header, kind)
}

/// Names of routes and servers go into metrics, logs and policy attributes, so they follow the same rules as other
/// names.
fn route_name(text: &str) -> Result<String, String> {
    weir_core::EventName::new(text).map(|name| name.as_str().to_owned()).map_err(|error| error.to_string())
}

fn protocol(text: &str) -> Result<Protocol, String> {
    match text {
        "mcp" => Ok(Protocol::Mcp),
        "http" => Ok(Protocol::Http),
        "llm" => {
            Err("this version does not serve \"llm\" yet; give \"http\", which shows policies the HTTP body".into())
        }
        other => Err(format!("{other:?} is not known; give \"mcp\" or \"http\"")),
    }
}

fn policy(table: Table<'_>) -> WrittenPolicy {
    let config = table.json("config");
    if let Some(At { value, location }) = &config
        && !value.starts_with('{')
    {
        table.error(*location, "config in [[policy]]: give a table, such as config = { formats = [\"github_pat\"] }");
    }
    let written = WrittenPolicy {
        component: table.parsed("component", "a file name", component),
        remote: table.parsed("remote", "a URL", address::remote),
        token_env: table.text("token_env"),
        name: table.parsed("name", "a name", |text| InterceptorName::new(text).map_err(|error| error.to_string())),
        routes: table.texts("routes"),
        config,
        overrides: table.table("overrides").map(overrides).unwrap_or_default(),
        limits: table.table("limits").map(limits).unwrap_or_default(),
        grants: table.table("grants").map(grants).unwrap_or_default(),
        reuse: table.integer("reuse", 1, 1_000_000),
        metering: table.choice("metering", &[("when-budgeted", Metering::Off), ("always", Metering::Always)]),
    };
    check_source(&table);
    table.finish(|key| match key {
        "mode" | "fail_open" | "timeout_ms" | "fuel" | "priority_hint" | "hooks" => {
            Some(format!("write overrides = {{ {key} = … }}"))
        }
        "memory" | "table_elements" | "output" | "host_calls" => Some(format!("write limits = {{ {key} = … }}")),
        "http" | "clock" | "random" => Some(format!("write grants = {{ {key} = … }}")),
        "route" => Some("did you mean \"routes\"?".to_owned()),
        _ => None,
    });
    written
}

/// A policy is either a component or remote. Keys of one kind are errors on the other.
fn check_source(table: &Table<'_>) {
    let Some((_, location)) = table.value("remote") else {
        table.missing("component", "\"secret-scan.wasm\"");
        if let Some((_, location)) = table.value("token_env") {
            table.error(
                location,
                "token_env in [[policy]] goes with remote = \"https://…\"; a component is shown no token",
            );
        }
        return;
    };
    if table.has("component") {
        table.error(location, "both component and remote are given in [[policy]]; give one");
        return;
    }
    table.missing("name", "\"pii\" (the interceptor's name on its server)");
    for key in ["limits", "grants", "reuse", "metering"] {
        if let Some((_, location)) = table.value(key) {
            table.error(
                location,
                format!("{key} in [[policy]] is about a sandbox here, and a remote interceptor has none; leave it out"),
            );
        }
    }
}

/// A component must be in the folder, because the folder is what gets reviewed and deployed.
fn component(text: &str) -> Result<String, String> {
    use std::path::{Component, Path};
    let inside = Path::new(text).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if text.is_empty() || !inside || text.contains('\0') {
        return Err(format!("{text:?} is not a file inside the folder; give a relative path without `..`"));
    }
    Ok(text.trim_start_matches("./").to_owned())
}

fn overrides(table: Table<'_>) -> WrittenOverrides {
    let hooks = table.has("hooks").then(|| table.tables("hooks").into_iter().filter_map(hook).collect());
    let written = WrittenOverrides {
        mode: table.choice("mode", &[("active", Mode::Active), ("audit", Mode::Audit)]),
        fail_open: table.boolean("fail_open"),
        timeout: table.milliseconds("timeout_ms"),
        fuel: table.integer("fuel", 1, i128::from(i64::MAX)),
        priority_hint: priority_hint(&table),
        hooks,
    };
    table.finish(|_| None);
    written
}

fn hook(table: Table<'_>) -> Option<Hook> {
    let events = table.texts("events");
    let phase = table.choice("phase", &[("request", Phase::Request), ("response", Phase::Response)]);
    table.missing("events", "[\"tools/call\"]");
    table.missing("phase", "\"request\"");
    table.finish(|_| None);
    let events = events?.value.into_iter().map(|event| event.value).collect();
    Some(Hook { events, phase: phase?.value })
}

/// A number for both phases, or a table with one for each.
fn priority_hint(table: &Table<'_>) -> Option<At<PriorityHint>> {
    const LOW: i128 = i32::MIN as i128;
    const HIGH: i128 = i32::MAX as i128;
    match table.value("priority_hint")? {
        (DeValue::Integer(_), _) => {
            let At { value, location } = table.integer("priority_hint", LOW, HIGH)?;
            Some(At { value: PriorityHint { request: value, response: value }, location })
        }
        (DeValue::Table(_), location) => {
            let table = table.table("priority_hint")?;
            let request = table.integer("request", LOW, HIGH).map_or(0, |at| at.value);
            let response = table.integer("response", LOW, HIGH).map_or(0, |at| at.value);
            table.finish(|_| None);
            Some(At { value: PriorityHint { request, response }, location })
        }
        (_, location) => {
            table.error(location, "priority_hint: give a whole number, or { request = …, response = … }");
            None
        }
    }
}

fn limits(table: Table<'_>) -> WrittenLimits {
    let written = WrittenLimits {
        memory: table.size("memory"),
        table_elements: table.integer("table_elements", 1, 10_000_000),
        output: table.size("output"),
        host_calls: table.integer("host_calls", 0, i128::from(u32::MAX)),
        configure_timeout: table.milliseconds("configure_timeout_ms"),
        component_size: table.size("component_size"),
    };
    table.finish(|_| None);
    written
}

fn grants(table: Table<'_>) -> WrittenGrants {
    let mut http = Vec::new();
    for At { value, location } in table.texts("http").map(|at| at.value).unwrap_or_default() {
        match address::origin(&value) {
            Ok(origin) => http.push(origin),
            Err(reason) => table.error(location, format!("http in grants: {reason}")),
        }
    }
    let written = WrittenGrants { http, clock: table.boolean("clock"), random: table.boolean("random") };
    table.finish(|_| None);
    written
}
