//! The view for people.

use std::fmt::Write as _;

use weir_admin::{Policy, PolicyLoad, Remote};
use weir_mcp::interceptors as wire;

use super::view::{PhaseView, RouteView, View};
use crate::config::show_size;
use crate::output::{Paint, printable, problems};

/// The whole view. Texts of components are made safe for a terminal.
pub fn text(view: &View, paint: Paint) -> String {
    let View { folder, ok, problems: found, policies, routes } = view;
    let mut text = String::new();
    if *ok {
        let _ = writeln!(text, "{}", paint.strong("Policies"));
        policies.iter().for_each(|policy| write_policy(&mut text, policy, paint));
        let _ = writeln!(text, "\n{}", paint.strong("Routes"));
        routes.iter().for_each(|route| write_route(&mut text, route, paint));
        let _ = writeln!(text);
    }
    if !found.is_empty() {
        let _ = writeln!(text, "{}", problems(found, paint));
    }
    let verdict = match ok {
        true => {
            let (policies, routes) =
                (some(policies.len(), "policy", "policies"), some(routes.len(), "route", "routes"));
            paint.good(&format!("{folder} can be served: {policies}, {routes}"))
        }
        false => paint.bad(&format!("{folder} cannot be served")),
    };
    let _ = writeln!(text, "{verdict}");
    text
}

fn write_policy(text: &mut String, policy: &Policy, paint: Paint) {
    let Policy { settings, component, remote, version, description, digest, routes, load, stats: _ } = policy;
    let version = version.as_deref().map(|version| format!(" {}", printable(version))).unwrap_or_default();
    let name = paint.strong(&settings.name);
    let source = component.as_deref().or(remote.as_ref().map(|remote| remote.url.as_str())).unwrap_or_default();
    let _ = writeln!(text, "\n  {name}{version}  {}  {}", settings.kind, printable(source));
    if let Some(description) = description {
        let _ = writeln!(text, "    {}", printable(description));
    }
    write_settings(text, settings, paint);
    let on = if routes.is_empty() { "none".to_owned() } else { routes.join(", ") };
    let _ = writeln!(text, "    {:<14} {on}", "routes");
    if let Some(Remote { url: _, protocol }) = remote {
        let spoken = protocol.as_deref().unwrap_or("an unknown revision");
        let _ = writeln!(text, "    {:<14} {}", "remote", paint.dim(&printable(&format!("MCP {spoken}"))));
    }
    if let Some(load) = load {
        write_load(text, load, digest.as_deref().unwrap_or_default(), paint);
    }
}

fn write_load(text: &mut String, load: &PolicyLoad, digest: &str, paint: Paint) {
    let PolicyLoad { configured, code, load_time_ms, imports, initial_memory, component_bytes, warnings: _ } = load;
    let memory = usize::try_from(*initial_memory).unwrap_or(usize::MAX);
    let facts = format!(
        "{}, {code} in {load_time_ms:.1} ms, file {}, memory {}, sha256 {}",
        match configured.strip_prefix("per-call") {
            Some(reason) => format!("configured for each call{reason}"),
            None => "configured once".to_owned(),
        },
        kib(*component_bytes),
        kib(memory),
        digest.get(..16).unwrap_or(digest),
    );
    let _ = writeln!(text, "    {:<14} {}", "loaded", paint.dim(&printable(&facts)));
    let own: Vec<&str> = imports.iter().map(String::as_str).filter(|import| !is_usual(import)).collect();
    if !own.is_empty() {
        let _ = writeln!(text, "    {:<14} {}", "imports", paint.dim(&printable(&own.join(", "))));
    }
}

/// Imports that say nothing about a policy: its contract's types, and what every language's runtime pulls in.
fn is_usual(import: &str) -> bool {
    import.starts_with("weir:interceptor/")
        || ["wasi:io/", "wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:random/", "wasi:sockets/"]
            .iter()
            .any(|usual| import.starts_with(usual))
}

fn write_settings(text: &mut String, settings: &wire::Settings, paint: Paint) {
    let wire::Settings { name: _, kind: _, compat, mode, fail_open, hooks, priority_hint, timeout_ms, fuel, weakened } =
        settings;
    let mut row = |key: &str, value: String, origin: &str| {
        let origin = if origin == "override" { paint.warn(origin) } else { paint.dim(origin) };
        let _ = writeln!(text, "    {key:<14} {:<28} {origin}", printable(&value));
    };
    row("mode", mode.value.to_owned(), mode.origin);
    row("fail_open", fail_open.value.to_string(), fail_open.origin);
    let hint = priority_hint.value;
    row("priority_hint", format!("request {}, response {}", hint.request, hint.response), priority_hint.origin);
    let time = |timeout: f64| format!("{timeout} ms");
    row("timeout", timeout_ms.value.map_or_else(|| "the chain's".to_owned(), time), timeout_ms.origin);
    row("fuel", fuel.value.map_or_else(|| "no budget".to_owned(), |fuel| fuel.to_string()), fuel.origin);
    if hooks.value.is_empty() {
        row("hooks", "none".to_owned(), hooks.origin);
    }
    for hook in &hooks.value {
        row("hooks", format!("{} {}", hook.phase, hook.events.join(", ")), hooks.origin);
    }
    if let Some(wire::Compat { min_protocol, max_protocol }) = compat {
        let end = max_protocol.as_deref().unwrap_or("any later");
        row("compat", format!("{min_protocol} to {end}"), "declared");
    }
    if !weakened.is_empty() {
        let reasons: Vec<&str> = weakened.iter().map(|word| weakening(word)).collect();
        let _ = writeln!(text, "    {}", paint.warn(&format!("weakened by overrides: {}", reasons.join("; "))));
    }
}

fn weakening(word: &'static str) -> &'static str {
    match word {
        "fail_open" => "its failures let traffic pass",
        "audit" => "its verdicts are recorded, not enforced",
        "disabled" => "it sees nothing",
        other => other,
    }
}

fn write_route(text: &mut String, route: &RouteView, paint: Paint) {
    let RouteView {
        name,
        path,
        protocol,
        upstream,
        server,
        posture,
        revalidate,
        chain_timeout_ms,
        max_body,
        on_deny,
        phases,
    } = route;
    let _ = writeln!(text, "\n  {}  {path} → {upstream}", paint.strong(name));
    let mut facts = format!(
        "{protocol}, server {server}, posture {posture}, chain {chain_timeout_ms} ms, body {}",
        show_size(*max_body)
    );
    if *protocol == "mcp" {
        let _ = write!(facts, ", on deny {on_deny}");
    }
    if *revalidate {
        facts.push_str(", revalidated");
    }
    let _ = writeln!(text, "    {}", paint.dim(&facts));
    phases.iter().for_each(|phase| write_phase(text, phase, paint));
}

fn write_phase(text: &mut String, phase: &PhaseView, paint: Paint) {
    let PhaseView { phase, direction, steps } = phase;
    let order = match *direction {
        "sending" => "mutators in order, then validators together",
        _ => "validators together, then mutators in order",
    };
    let _ = writeln!(text, "    {phase} ({direction}: {order})");
    if steps.is_empty() {
        let _ = writeln!(text, "      {}", paint.dim("no policy: passes untouched"));
    }
    for step in steps {
        let marks = match (step.mode, step.fail_open) {
            ("audit", _) => paint.warn("  audit"),
            (_, true) => paint.warn("  fail-open"),
            _ => String::new(),
        };
        let events = step.events.join(", ");
        let _ = writeln!(
            text,
            "      {:<10} {:<24} {:>6}  {}{marks}",
            step.kind,
            step.interceptor,
            step.priority,
            printable(&events)
        );
    }
}

fn some(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn kib(bytes: usize) -> String {
    format!("{} KiB", bytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use weir_admin::PolicyStats;

    use super::*;
    use crate::check::Step;
    use crate::config::{Location, Problem};

    fn effective<T>(value: T, origin: &'static str) -> wire::Effective<T> {
        wire::Effective { value, origin }
    }

    fn policy() -> Policy {
        let hook = |phase| wire::Hook { events: vec!["tools/call".into(), "agent/*".into()], phase };
        Policy {
            settings: wire::Settings {
                name: "guard".into(),
                kind: "validation",
                compat: Some(wire::Compat { min_protocol: "2025-06-18".into(), max_protocol: None }),
                mode: effective("audit", "override"),
                fail_open: effective(true, "override"),
                hooks: effective(vec![hook("request"), hook("response")], "declared"),
                priority_hint: effective(wire::PriorityHint { request: -2000, response: 0 }, "override"),
                timeout_ms: effective(Some(25.0), "override"),
                fuel: effective(None, "default"),
                weakened: vec!["fail_open", "audit"],
            },
            component: Some("guard.wasm".into()),
            remote: None,
            version: Some("1.2.0".into()),
            description: Some("Clears the screen: \x1b[2J".into()),
            digest: Some("0123456789abcdef0123456789abcdef".into()),
            routes: vec!["tools".into()],
            load: Some(PolicyLoad {
                configured: "per-call: it has a start function".into(),
                code: "compiled".into(),
                load_time_ms: 92.25,
                imports: vec!["wasi:io/poll@0.2.6".into(), "wasi:http/outgoing-handler@0.2.6".into()],
                initial_memory: 131_072,
                component_bytes: 100_000,
                warnings: Vec::new(),
            }),
            stats: PolicyStats {
                calls: 0,
                faults: std::collections::BTreeMap::new(),
                in_flight: 0,
                quarantined: false,
                quarantines: 0,
                denied_capabilities: 0,
                log_lines_dropped: 0,
            },
        }
    }

    fn route() -> RouteView {
        let step = |interceptor: &str, kind, mode, fail_open| Step {
            interceptor: interceptor.into(),
            kind,
            mode,
            fail_open,
            priority: -100,
            events: vec!["*".into()],
        };
        let steps = vec![
            step("redact", "mutation", "active", true),
            step("guard", "validation", "audit", true),
            step("scan", "validation", "active", false),
        ];
        RouteView {
            name: "tools".into(),
            path: "/mcp".into(),
            protocol: "mcp",
            upstream: "http://127.0.0.1:3001/mcp".into(),
            server: "files".into(),
            posture: "client",
            revalidate: true,
            chain_timeout_ms: 250.0,
            max_body: 4 << 20,
            on_deny: "error",
            phases: [
                PhaseView { phase: "request", direction: "sending", steps },
                PhaseView { phase: "response", direction: "receiving", steps: Vec::new() },
            ],
        }
    }

    #[test]
    fn a_folder_that_can_be_served() {
        let location = Some(Location { line: 3, column: 1 });
        let view = View {
            folder: "policies".into(),
            ok: true,
            problems: vec![Problem::warning("policies/weir.toml", location, "guard hooks the event \"agents/x\"")],
            policies: vec![policy()],
            routes: vec![route()],
        };
        insta::assert_snapshot!(text(&view, Paint::PLAIN));
    }
}
