//! From a configuration to policies that run: every component loaded, every override resolved, every chain
//! built.
//!
//! Invariants: all problems of a folder come together; a set that exists is whole; a policy that did not change
//! is taken over from the set before, with its counts.
//!
//! Not here: listeners, and what a running gateway does with the set.

mod policies;
mod policy;
mod programs;
mod progress;
mod reach;

use std::collections::HashMap;
use std::sync::Arc;

use weir_core::{Chain, ChainOptions, Entry, Origin, Settings};
use weir_engine::Engine;
use weir_interceptors::remote::Remotes;

use crate::config::resolved::{PolicyConfig, RouteConfig, Upstream};
use crate::config::{Config, Folder, Problem, Report};
use reach::Emitters;

pub use policy::Policy;
pub use progress::{Progress, Silent, for_terminal};
pub use reach::surface;

/// Everything that one folder comes to.
pub struct LoadedSet {
    /// Where it came from.
    pub folder: Folder,
    /// What the file says.
    pub config: Config,
    /// The policies, as written.
    pub policies: Vec<Arc<LoadedPolicy>>,
    /// The routes, as written.
    pub routes: Vec<LoadedRoute>,
    /// All policies in one chain, for whoever names no route.
    pub all: Arc<Chain>,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
}

/// One policy.
pub struct LoadedPolicy {
    /// What the file says about it.
    pub config: PolicyConfig,
    /// What runs.
    pub policy: Policy,
    /// What holds for it.
    pub settings: Settings,
}

/// One route.
pub struct LoadedRoute {
    /// What the file says about it.
    pub config: RouteConfig,
    /// Its policies.
    pub chain: Arc<Chain>,
}

/// Loads all of a configuration. `report` is what is known about it already: with an error in it nothing can come of
/// the whole, but its policies are loaded all the same, so that what is wrong with them is reported, too. `before` is
/// the set whose unchanged policies are taken over.
pub async fn load(
    folder: &Folder,
    config: Config,
    mut report: Report,
    engine: &Engine,
    remotes: &Remotes,
    before: Option<&LoadedSet>,
    progress: &dyn Progress,
) -> Result<LoadedSet, Vec<Problem>> {
    let loaded = policies::load_all(folder, &config.policies, engine, remotes, before, progress).await;
    let mut policies = Vec::new();
    for (policy_config, loaded) in config.policies.iter().zip(loaded) {
        match loaded {
            Ok(policy) => match resolve(policy_config, &policy, &config) {
                Ok(settings) => {
                    policies.push(Arc::new(LoadedPolicy { config: policy_config.clone(), policy, settings }));
                }
                Err(messages) => {
                    let place = Some(policy_config.place);
                    let file = folder.show(crate::config::folder::CONFIG_FILE);
                    report.extend(messages.into_iter().map(|message| Problem::error(&file, place, message)));
                }
            },
            Err(problems) => report.extend(problems),
        }
    }
    report_duplicates(folder, &policies, &mut report);
    if report.has_errors() {
        return Err(report.into_sorted());
    }
    report.extend(warnings(folder, &config, &policies));
    chains(folder, config, policies, report.into_sorted())
}

/// The settings of one policy, with the folder's default timeout where nothing else gives one.
fn resolve(policy_config: &PolicyConfig, policy: &Policy, config: &Config) -> Result<Settings, Vec<String>> {
    let alias = policy_config.alias().cloned();
    let mut settings = weir_core::resolve(policy.declaration(), alias, policy_config.overrides.clone())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    if settings.timeout.origin == Origin::Default {
        settings.timeout.value = config.engine.policy_timeout;
    }
    Ok(settings)
}

/// Two policies of one name could not be told apart, on whatever routes they are.
fn report_duplicates(folder: &Folder, policies: &[Arc<LoadedPolicy>], report: &mut Report) {
    let mut first: HashMap<&str, &LoadedPolicy> = HashMap::new();
    for policy in policies {
        let name = policy.settings.name.as_str();
        let Some(earlier) = first.get(name) else {
            first.insert(name, policy);
            continue;
        };
        let message = format!(
            "a second policy is named {name:?} (the first is {} in line {}); give one of them another name = \"…\"",
            earlier.config.source, earlier.config.place.line
        );
        let file = folder.show(crate::config::folder::CONFIG_FILE);
        report.push(Problem::error(file, Some(policy.config.place), message));
    }
}

fn chains(
    folder: &Folder,
    config: Config,
    policies: Vec<Arc<LoadedPolicy>>,
    warnings: Vec<Problem>,
) -> Result<LoadedSet, Vec<Problem>> {
    let fail = |error: &dyn std::fmt::Display| {
        vec![Problem::error(folder.show(crate::config::folder::CONFIG_FILE), None, error.to_string())]
    };
    let entry = |policy: &Arc<LoadedPolicy>| Entry {
        settings: policy.settings.clone(),
        interceptor: policy.policy.interceptor(),
    };
    let mut routes = Vec::new();
    for route in &config.routes {
        let entries = policies.iter().filter(|policy| policy.applies_to(&route.name)).map(entry).collect();
        let options = ChainOptions { posture: route.posture, revalidation: route.revalidation };
        let chain = Chain::new(entries, options).map_err(|error| fail(&error))?;
        routes.push(LoadedRoute { config: route.clone(), chain: Arc::new(chain) });
    }
    let all =
        Chain::new(policies.iter().map(entry).collect(), ChainOptions::default()).map_err(|error| fail(&error))?;
    Ok(LoadedSet { folder: folder.clone(), config, policies, routes, all: Arc::new(all), warnings })
}

impl LoadedPolicy {
    /// Whether it is in the chain of that route.
    pub fn applies_to(&self, route: &str) -> bool {
        self.config.routes.as_ref().is_none_or(|routes| routes.iter().any(|name| name == route))
    }
}

fn warnings(folder: &Folder, config: &Config, policies: &[Arc<LoadedPolicy>]) -> Vec<Problem> {
    let file = folder.show(crate::config::folder::CONFIG_FILE);
    let mut report = Report::default();
    if config.routes.is_empty() {
        report.push(Problem::warning(&file, None, "there is no [[route]], so the gateway has nothing to serve"));
    }
    for RouteConfig { name, upstream, .. } in &config.routes {
        if let Upstream::Command(command) = upstream
            && let Some(obstacle) = programs::obstacle(command)
        {
            report.push(Problem::warning(&file, None, format!("route {name}: {obstacle}")));
        }
    }
    let emitters = Emitters::of(&config.routes);
    for policy in policies {
        let name = &policy.settings.name;
        let place = Some(policy.config.place);
        for message in emitters.unreached(&policy.settings, policy.config.routes.as_deref()) {
            report.push(Problem::warning(&file, place, message));
        }
        match (&policy.policy, policy.config.file()) {
            (Policy::Component(component), Some(component_file)) => {
                for warning in &component.facts().warnings {
                    report.push(Problem::warning(folder.show(component_file), None, warning));
                }
            }
            (Policy::Remote(remote), _) if is_open(&remote.address().url) => {
                let message =
                    format!("{name} is reached over plain http, so payloads and tokens can be read on the way");
                report.push(Problem::warning(&file, place, message));
            }
            _ => {}
        }
        if let Some(timeout) = policy.settings.timeout.value
            && timeout > config.engine.call_cap
        {
            let cap = config.engine.call_cap.as_millis();
            let message = format!("{name} has a timeout_ms above call_cap_ms of [engine], so {cap} ms hold");
            report.push(Problem::warning(&file, place, message));
        }
    }
    report.into_sorted()
}

/// Whether what goes there can be read by others on the way.
fn is_open(url: &http::Uri) -> bool {
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_local = host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
    url.scheme_str() == Some("http") && !is_local
}
