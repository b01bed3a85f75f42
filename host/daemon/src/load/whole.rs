//! Loads a folder as a whole: policies, settings, chains.

use std::collections::HashMap;
use std::sync::Arc;

use weir_core::{Chain, ChainOptions, Entry, Origin, Settings};
use weir_engine::Engine;
use weir_interceptors::remote::Remotes;

use super::policies;
use super::policy::Policy;
use super::progress::Progress;
use super::set::{LoadedPolicy, LoadedRoute, LoadedSet};
use super::warnings::warnings;
use crate::config::folder::CONFIG_FILE;
use crate::config::resolved::PolicyConfig;
use crate::config::{Config, Folder, Problem, Report};

/// Loads a whole configuration. `report` holds the problems known so far. With an error among them the result cannot be
/// used, but policies are still loaded so that their problems are reported too. Unchanged policies are reused from
/// `before`.
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
                    let location = Some(policy_config.location);
                    let file = folder.show(CONFIG_FILE);
                    report.extend(messages.into_iter().map(|message| Problem::error(&file, location, message)));
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

/// The settings of one policy, with the folder's default timeout if nothing else sets one.
fn resolve(policy_config: &PolicyConfig, policy: &Policy, config: &Config) -> Result<Settings, Vec<String>> {
    let alias = policy_config.alias().cloned();
    let mut settings = weir_core::resolve(policy.declaration(), alias, policy_config.overrides.clone())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>())?;
    if settings.timeout.origin == Origin::Default {
        settings.timeout.value = config.engine.policy_timeout;
    }
    Ok(settings)
}

/// Policy names must be unique across all routes.
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
            earlier.config.source, earlier.config.location.line
        );
        let file = folder.show(CONFIG_FILE);
        report.push(Problem::error(file, Some(policy.config.location), message));
    }
}

fn chains(
    folder: &Folder,
    config: Config,
    policies: Vec<Arc<LoadedPolicy>>,
    warnings: Vec<Problem>,
) -> Result<LoadedSet, Vec<Problem>> {
    let fail = |error: &dyn std::fmt::Display| vec![Problem::error(folder.show(CONFIG_FILE), None, error.to_string())];
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
