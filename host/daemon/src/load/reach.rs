//! What the surfaces of routes emit, and the hooks that nothing of it reaches.
//!
//! Invariant: whatever says that a hook never runs (`weir check`, the log of a load, the steps of a route) asks the
//! surface of the route, and that asks the catalogue.

use std::sync::Arc;

use weir_core::{Origin, Phase, Settings, catalogue};
use weir_gateway::Protocol;
use weir_gateway::surface::Surface;
use weir_gateway::surface::http::Http;
use weir_gateway::surface::mcp::Mcp;

use crate::config::Upstream;
use crate::config::resolved::RouteConfig;

/// What speaks the protocol of a route.
pub fn surface(config: &RouteConfig, mcp: &Arc<Mcp>) -> Arc<dyn Surface> {
    match (config.protocol, &config.upstream) {
        (Protocol::Mcp, Upstream::Command(command)) => mcp.over_stdio(command.clone()),
        (Protocol::Mcp, _) => mcp.over_http(),
        (Protocol::Http, _) => Arc::new(Http),
    }
}

/// The routes by name, with what emits their events.
pub(super) struct Emitters(Vec<(String, Arc<dyn Surface>)>);

impl Emitters {
    /// Of these routes.
    pub(super) fn of(routes: &[RouteConfig]) -> Self {
        // It serves nothing: its surfaces are only asked.
        let mcp = Mcp::new();
        Self(routes.iter().map(|route| (route.name.clone(), surface(route, &mcp))).collect())
    }

    /// What to say of the hooks of a policy that never run on its routes (`None`: on all of them).
    ///
    /// A name that no event has is always told: it is a slip. A known event that none of the policy's routes emits is
    /// told where the operator named it (an override of the hooks), or where nothing else reaches the policy either. A
    /// component declares its hooks for every gateway, so one that does its work through another hook is fine.
    pub(super) fn unreached(&self, settings: &Settings, only: Option<&[String]>) -> Vec<String> {
        let routes = self.0.iter().filter(|(name, _)| only.is_none_or(|only| only.contains(name)));
        let (names, surfaces): (Vec<&str>, Vec<&dyn Surface>) =
            routes.map(|(name, surface)| (name.as_str(), &**surface)).unzip();
        let comes = |pattern: &str, phase| surfaces.iter().any(|surface| surface.emits(pattern, phase));
        let hooks = &settings.hooks.value;
        let hooked = || hooks.iter().flat_map(|hook| hook.events.iter().map(|event| (event.as_str(), hook.phase)));
        let wanted = settings.hooks.origin == Origin::Override || !hooked().any(|(event, phase)| comes(event, phase));
        let name = &settings.name;
        let told = |(event, phase): (&str, Phase)| {
            if !catalogue::is_known(event) {
                return Some(format!("{name} hooks the event {event:?}, which nothing in this version emits"));
            }
            if names.is_empty() || !wanted || comes(event, phase) {
                return None;
            }
            let why = catalogue::why_not_yet(event).map(|why| format!(" ({why})")).unwrap_or_default();
            let on = match (only, names.as_slice()) {
                (None, _) => ", and nothing on any route emits it; it will never run there".to_owned(),
                (Some(_), [one]) => {
                    format!(" on route {one}, and nothing on that route emits it; it will never run there")
                }
                (Some(_), many) => {
                    let many = many.join(", ");
                    format!(" on routes {many}, and nothing on those routes emits it; it will never run there")
                }
            };
            Some(format!("policy {name} hooks {event} ({phase}){on}{why}"))
        };
        hooked().filter_map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use weir_core::{Declaration, Hook, InterceptorName, Kind, Overrides, resolve};

    use super::*;

    /// No events are no hook, which is how an operator takes the only one away.
    fn hooks(events: &[&str]) -> Vec<Hook> {
        if events.is_empty() {
            return Vec::new();
        }
        vec![Hook { events: events.iter().map(|event| (*event).to_owned()).collect(), phase: Phase::Request }]
    }

    fn settings(declared: &[&str], narrowed: Option<&[&str]>) -> Settings {
        let declaration = Declaration {
            name: InterceptorName::new("p").unwrap(),
            version: None,
            description: None,
            kind: Kind::Validation,
            hooks: hooks(declared),
            mode: None,
            fail_open: None,
            priority_hint: None,
            compat: None,
            config_schema: None,
        };
        resolve(&declaration, None, Overrides { hooks: narrowed.map(hooks), ..Overrides::default() }).unwrap()
    }

    #[test]
    fn hooks_that_nothing_reaches_are_told() {
        let mcp = Mcp::new();
        let both = Emitters(vec![("tools".to_owned(), mcp.over_http()), ("web".to_owned(), Arc::new(Http))]);
        let none = Emitters(Vec::new());
        let slip = "p hooks the event \"tool/call\", which nothing in this version emits";
        let on_tools = " on route tools, and nothing on that route emits it; it will never run there";
        let nowhere = ", and nothing on any route emits it; it will never run there";
        let models = " (this version reads calls of models as plain HTTP)";
        let llm_on_tools = format!("policy p hooks llm/completion (request){on_tools}{models}");
        let llm_nowhere = format!("policy p hooks llm/completion (request){nowhere}{models}");
        let web_on_tools = format!("policy p hooks http/ingress (request){on_tools}");
        let agents = "policy p hooks agent/* (request) on routes tools, web, and nothing on those routes emits it; it \
                      will never run there (this version sees what agents call, not the agents)";
        type Case<'a> = (&'a [&'a str], Option<&'a [&'a str]>, Option<&'a [&'a str]>, &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            // Declared, narrowed to, on routes, what is told.
            (&["tools/call"], None, None, &[]),
            (&["*"], None, Some(&["web"]), &[]),
            (&["of-a-server/*"], None, Some(&["tools"]), &["of-a-server/*"]),
            (&["tool/call"], None, None, &[slip]),
            (&["tool/call", "tools/call"], None, None, &[slip]),
            (&["llm/completion"], None, Some(&["tools"]), &[&llm_on_tools]),
            (&["llm/completion"], None, None, &[&llm_nowhere]),
            (&["http/ingress"], None, Some(&["tools"]), &[&web_on_tools]),
            (&["http/ingress"], None, None, &[]),
            (&["agent/*"], None, Some(&["tools", "web"]), &[agents]),
            // A component that works through another hook is fine, unless the operator asked for this one.
            (&["agent/tool", "tools/call"], None, None, &[]),
            (&["http/ingress", "tools/call"], None, Some(&["tools"]), &[]),
            (&["*"], Some(&["http/ingress", "tools/call"]), Some(&["tools"]), &[&web_on_tools]),
            (&["*"], Some(&["http/ingress", "tools/call"]), None, &[]),
            (&["llm/completion"], Some(&[]), None, &[]),
        ];
        for (declared, narrowed, only, expected) in cases {
            let only: Option<Vec<String>> = only.map(|only| only.iter().map(ToString::to_string).collect());
            let told = both.unreached(&settings(declared, *narrowed), only.as_deref());
            assert_eq!(told.len(), expected.len(), "{declared:?} {narrowed:?} {only:?}: {told:?}");
            for (told, expected) in told.iter().zip(*expected) {
                assert!(told == expected || told.contains(&format!("{expected:?}")), "{told}");
            }
            // Without a route there is nothing to reach, which is told by itself.
            let slips = expected.iter().filter(|told| !told.starts_with("policy ")).count();
            assert_eq!(none.unreached(&settings(declared, *narrowed), only.as_deref()).len(), slips, "{declared:?}");
        }
    }
}
