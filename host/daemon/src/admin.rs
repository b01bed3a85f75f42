//! The data of the admin surface, as its JSON shows it.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use weir_admin::{AdminSource, ChainRequest, ChainRequestError, ChainResponse, PolicyList, RecordSource, RouteList};
use weir_core::{FaultKind, Settings};
use weir_engine::{CodeOrigin, Configured, LoadFacts, PolicyStats};
use weir_gateway::contexts::Contexts;
use weir_mcp::interceptors as wire;

use crate::config::Gravity;
use crate::load::{LoadedPolicy, LoadedSet, Policy};
use crate::running::{Running, run_chain};

#[async_trait]
impl AdminSource for Running {
    fn ready(&self) -> Result<(), String> {
        // The listeners open only after every policy is loaded, so only the drain makes us not ready.
        if self.is_draining() { Err("draining: no new calls are accepted".to_owned()) } else { Ok(()) }
    }

    fn metrics(&self) -> String {
        self.metrics.text(self.engine.stats(), &self.current().set)
    }

    fn policies(&self) -> PolicyList {
        let current = self.current();
        let refused = self.refused();
        PolicyList {
            entries: current.set.policies.iter().map(|loaded| policy(&current.set, loaded)).collect(),
            next_cursor: None,
            reload: weir_admin::Reload {
                epoch: current.epoch,
                loaded_at: timestamp(current.since),
                failed_at: refused.as_ref().map(|refused| timestamp(refused.at)),
                errors: refused
                    .map(|refused| {
                        let errors = refused.problems.iter().filter(|problem| problem.gravity == Gravity::Error);
                        errors.map(ToString::to_string).collect()
                    })
                    .unwrap_or_default(),
            },
        }
    }

    fn routes(&self) -> RouteList {
        RouteList::of(&self.gateway_set().routes)
    }

    fn contexts(&self) -> Arc<Contexts> {
        Running::contexts(self)
    }

    fn records(&self) -> Option<Arc<dyn RecordSource>> {
        self.kept.clone().map(|kept| kept as Arc<dyn RecordSource>)
    }

    async fn run_chain(&self, request: ChainRequest) -> Result<ChainResponse, ChainRequestError> {
        run_chain(&self.current().set, request).await
    }
}

/// RFC 3339 in UTC.
fn timestamp(time: SystemTime) -> String {
    humantime::format_rfc3339_millis(time).to_string()
}

/// One policy with all its details.
pub fn policy(set: &LoadedSet, loaded: &LoadedPolicy) -> weir_admin::Policy {
    let LoadedPolicy { config, policy, settings } = loaded;
    let declaration = policy.declaration();
    let (component, remote) = match policy {
        Policy::Component(component) => (Some(component), None),
        Policy::Remote(remote) => (None, Some(remote)),
    };
    weir_admin::Policy {
        settings: wire::Settings::of(settings),
        component: config.file().map(str::to_owned),
        remote: remote.map(|remote| weir_admin::Remote {
            url: remote.address().url.to_string(),
            protocol: remote.revision().map(str::to_owned),
        }),
        version: declaration.version.clone(),
        description: declaration.description.clone(),
        digest: component.map(|component| component.digest().to_owned()),
        routes: routes_of(set, settings),
        load: component.map(|component| load(component.facts())),
        stats: stats(policy.stats()),
    }
}

fn routes_of(set: &LoadedSet, settings: &Settings) -> Vec<String> {
    let in_chain = |route: &&crate::load::LoadedRoute| {
        route.chain.entries().iter().any(|entry| entry.settings.name == settings.name)
    };
    set.routes.iter().filter(in_chain).map(|route| route.config.name.clone()).collect()
}

fn load(facts: &LoadFacts) -> weir_admin::PolicyLoad {
    let LoadFacts { configured, code, load_time, imports, initial_memory, component_bytes, warnings } = facts;
    weir_admin::PolicyLoad {
        configured: match configured {
            Configured::Snapshot => "snapshot".to_owned(),
            Configured::PerCall { reason } => format!("per-call: {reason}"),
        },
        code: match code {
            CodeOrigin::Cache => "cache".to_owned(),
            CodeOrigin::Compiled => "compiled".to_owned(),
        },
        load_time_ms: weir_core::milliseconds(*load_time),
        imports: imports.clone(),
        initial_memory: *initial_memory,
        component_bytes: *component_bytes,
        warnings: warnings.clone(),
    }
}

fn stats(stats: PolicyStats) -> weir_admin::PolicyStats {
    let PolicyStats { calls, faults, in_flight, quarantined, quarantines, denied_capabilities, log_lines_dropped } =
        stats;
    weir_admin::PolicyStats {
        calls,
        faults: FaultKind::ALL.iter().map(|kind| kind.as_str()).zip(faults).collect(),
        in_flight,
        quarantined,
        quarantines,
        denied_capabilities,
        log_lines_dropped,
    }
}
