//! Changes that need a restart.

use crate::config::folder::CONFIG_FILE;
use crate::config::resolved::{AdminConfig, EngineConfig, GatewayConfig};
use crate::config::{Config, Folder, Problem};

/// One warning per setting that differs from the start and cannot change at runtime.
pub fn needed(folder: &Folder, started_with: &Config, now: &Config) -> Vec<Problem> {
    let Config { gateway, admin, engine, state, interceptors: _, records, trust, routes: _, policies: _ } =
        started_with;
    // Timeouts and sizes of [gateway] that routes inherit take effect immediately.
    let GatewayConfig { listen, chain_timeout: _, max_body: _, options } = gateway;
    let AdminConfig { listen: admin_listen, token } = admin;
    let EngineConfig { cache, max_instances, call_cap, policy_timeout: _, quarantine } = engine;
    let rows = [
        ("listen of [gateway]", *listen != now.gateway.listen),
        ("limits and timeouts of [gateway]", *options != now.gateway.options),
        ("listen of [admin]", *admin_listen != now.admin.listen),
        ("token of [admin]", *token != now.admin.token),
        ("cache of [engine]", *cache != now.engine.cache),
        ("max_instances of [engine]", *max_instances != now.engine.max_instances),
        ("call_cap_ms of [engine]", *call_cap != now.engine.call_cap),
        ("quarantine of [engine]", *quarantine != now.engine.quarantine),
        ("[state]", *state != now.state),
        ("[records]", *records != now.records),
        ("[trust]", *trust != now.trust),
    ];
    let changed = rows.iter().filter(|(_, changed)| *changed);
    changed
        .map(|(what, _)| {
            let message = format!("{what} has changed, which takes effect at the next start of the process");
            Problem::warning(folder.show(CONFIG_FILE), None, message)
        })
        .collect()
}
