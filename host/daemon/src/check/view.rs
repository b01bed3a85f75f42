//! A folder as it would be served.

use serde::Serialize;
use weir_admin::Policy;
use weir_core::chain::{Direction, Posture, Revalidation};
use weir_core::{Entry, Phase};
use weir_gateway::surface::Surface;
use weir_gateway::surface::mcp::Mcp;

use crate::admin;
use crate::config::resolved::RouteConfig;
use crate::config::{Folder, Gravity, Problem};
use crate::load::{LoadedRoute, LoadedSet, surface};

/// What `weir check --json` prints.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct View {
    /// The folder, as it was given.
    pub folder: String,
    /// Whether it can be served.
    pub ok: bool,
    /// Errors and warnings, by file and place.
    pub problems: Vec<Problem>,
    /// The policies, as written.
    pub policies: Vec<Policy>,
    /// The routes, as written.
    pub routes: Vec<RouteView>,
}

/// One route with its chain.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
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
    /// Time for the chain of one phase.
    pub chain_timeout_ms: f64,
    /// Most bytes of a body that is read.
    pub max_body: usize,
    /// `error` or `tool-error`.
    pub on_deny: &'static str,
    /// The request phase, then the response phase.
    pub phases: [PhaseView; 2],
}

/// One phase of a route.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhaseView {
    /// `request` or `response`.
    pub phase: &'static str,
    /// `sending` or `receiving`.
    pub direction: &'static str,
    /// What runs, in the order of its stages.
    pub steps: Vec<Step>,
}

/// One policy in a phase.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its name.
    pub interceptor: String,
    /// `validation` or `mutation`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `active` or `audit`.
    pub mode: &'static str,
    /// Whether traffic passes when it fails.
    pub fail_open: bool,
    /// Its place in the order of this phase.
    pub priority: i32,
    /// The events it sees in this phase.
    pub events: Vec<String>,
}

impl View {
    /// A folder that can be served.
    pub fn of(set: &LoadedSet) -> Self {
        Self {
            folder: set.folder.path().display().to_string(),
            ok: true,
            problems: set.warnings.clone(),
            policies: set.policies.iter().map(|policy| admin::policy(set, policy)).collect(),
            routes: set.routes.iter().map(RouteView::of).collect(),
        }
    }

    /// A folder that cannot.
    pub fn failed(folder: &Folder, problems: Vec<Problem>) -> Self {
        let ok = !problems.iter().any(|problem| problem.gravity == Gravity::Error);
        Self { folder: folder.path().display().to_string(), ok, problems, policies: Vec::new(), routes: Vec::new() }
    }
}

impl RouteView {
    fn of(route: &LoadedRoute) -> Self {
        let LoadedRoute { config, chain } = route;
        let RouteConfig { name, path, protocol, upstream, server, posture, revalidation, options } = config;
        // It serves nothing: its surface is only asked.
        let surface = surface(config, &Mcp::new());
        let phase = |phase: Phase| {
            let direction = posture.direction(phase);
            PhaseView {
                phase: phase.as_str(),
                direction: match direction {
                    Direction::Sending => "sending",
                    Direction::Receiving => "receiving",
                },
                steps: steps(chain.ordered(phase), &*surface, phase, direction),
            }
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
            revalidate: *revalidation == Revalidation::AfterMutation,
            chain_timeout_ms: weir_core::milliseconds(options.chain_timeout),
            max_body: options.max_body,
            on_deny: options.on_deny.as_str(),
            phases: [phase(Phase::Request), phase(Phase::Response)],
        }
    }
}

/// Who runs in a phase, stage by stage.
fn steps<'a>(
    ordered: impl Iterator<Item = &'a Entry>,
    surface: &dyn Surface,
    phase: Phase,
    direction: Direction,
) -> Vec<Step> {
    let mut steps: Vec<Step> = ordered.filter_map(|entry| step(entry, surface, phase)).collect();
    let first = match direction {
        Direction::Sending => "mutation",
        Direction::Receiving => "validation",
    };
    // A stable sort: within a stage the chain's order stays.
    steps.sort_by_key(|step| step.kind != first);
    steps
}

fn step(entry: &Entry, surface: &dyn Surface, phase: Phase) -> Option<Step> {
    let settings = &entry.settings;
    let hooks = settings.hooks.value.iter().filter(|hook| hook.phase == phase);
    let events = hooks.flat_map(|hook| &hook.events).filter(|event| surface.emits(event, phase));
    let events: Vec<String> = events.cloned().collect();
    (!events.is_empty()).then(|| Step {
        interceptor: settings.name.as_str().to_owned(),
        kind: settings.kind.as_str(),
        mode: settings.mode.value.as_str(),
        fail_open: settings.fail_open.value,
        priority: settings.priority_hint.value.of(phase),
        events,
    })
}
