//! What somebody should look at, though it can be served.

use std::sync::Arc;

use super::policy::Policy;
use super::programs;
use super::reach::Emitters;
use super::set::LoadedPolicy;
use crate::config::folder::CONFIG_FILE;
use crate::config::resolved::RouteConfig;
use crate::config::{Config, Folder, Problem, Report, Upstream};

/// What is odd about a folder, sorted.
pub fn warnings(folder: &Folder, config: &Config, policies: &[Arc<LoadedPolicy>]) -> Vec<Problem> {
    let file = folder.show(CONFIG_FILE);
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
        let location = Some(policy.config.location);
        for message in emitters.unreached(&policy.settings, policy.config.routes.as_deref()) {
            report.push(Problem::warning(&file, location, message));
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
                report.push(Problem::warning(&file, location, message));
            }
            _ => {}
        }
        if let Some(timeout) = policy.settings.timeout.value
            && timeout > config.engine.call_cap
        {
            let cap = config.engine.call_cap.as_millis();
            let message = format!("{name} has a timeout_ms above call_cap_ms of [engine], so {cap} ms hold");
            report.push(Problem::warning(&file, location, message));
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
