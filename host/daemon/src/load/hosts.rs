//! What policies run on: the local sandboxes, and the client for interceptor servers.

use std::path::PathBuf;
use std::sync::Arc;

use weir_engine::{Engine, EngineError, EngineOptions};
use weir_interceptors::remote::{RemoteOptions, Remotes};
use weir_store::MemoryState;

use crate::config::Config;
use crate::config::resolved::{CodeCache, EngineConfig};

/// Creates the engine for a configuration.
pub fn engine(config: &Config) -> Result<Engine, EngineError> {
    let EngineConfig { cache, max_instances, call_cap, policy_timeout: _, quarantine } = &config.engine;
    let state = Arc::new(MemoryState::new(config.state));
    let usual = EngineOptions {
        max_instances: *max_instances,
        call_cap: *call_cap,
        quarantine: *quarantine,
        ..EngineOptions::new(state)
    };
    let with = |cache_dir: Option<PathBuf>| Engine::new(EngineOptions { cache_dir, ..usual.clone() });
    match cache {
        CodeCache::Off => with(None),
        CodeCache::Chosen(folder) => with(Some(folder.clone())),
        CodeCache::Usual(folder) => with(Some(folder.clone())).or_else(|error| {
            tracing::warn!(target: "weir::load", "{error}; continuing without a code cache, so every start compiles again");
            with(None)
        }),
    }
}

/// Creates the client for interceptor servers.
pub fn remotes(config: &Config) -> Remotes {
    let EngineConfig { call_cap, quarantine, .. } = config.engine;
    Remotes::new(&config.gateway.options.client(), RemoteOptions { call_cap, quarantine })
}
