//! The engine: loads policies and owns what they share.

use std::sync::Arc;

use crate::error::{EngineError, LoadError};
use crate::inner::Inner;
use crate::load::{self, Inspection, PolicySource};
use crate::options::{EngineOptions, PolicyOptions};
use crate::policy::Policy;

/// Loads and runs policies. Clones share the same engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// How much of the engine is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineStats {
    /// Calls that hold an instance now.
    pub instances_in_use: u32,
    /// The maximum.
    pub instances_max: u32,
}

impl Engine {
    /// Sets up the sandbox. Must be called within a tokio runtime.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        if options.max_instances == 0 {
            let cause = "max_instances is 0, so no policy could run; give at least 1";
            return Err(EngineError(cause.to_owned()));
        }
        Inner::new(options).map(|inner| Self { inner: Arc::new(inner) }).map_err(EngineError)
    }

    /// Loads a policy: checks, configures and compiles it, on a separate thread.
    pub async fn load(&self, source: &PolicySource, options: PolicyOptions) -> Result<Arc<Policy>, LoadError> {
        let _turn = self.inner.turn().await;
        let (inner, owned) = (Arc::clone(&self.inner), source.clone());
        let loaded = tokio::task::spawn_blocking(move || load::load(&inner, &owned, options)).await;
        loaded.unwrap_or_else(|error| Err(broken(source, &error))).map(Arc::new)
    }

    /// Inspects a component without configuring it.
    pub async fn inspect(&self, source: &PolicySource) -> Result<Inspection, LoadError> {
        let _turn = self.inner.turn().await;
        let (inner, owned) = (Arc::clone(&self.inner), source.clone());
        let inspected = tokio::task::spawn_blocking(move || load::inspect(&inner, &owned)).await;
        inspected.unwrap_or_else(|error| Err(broken(source, &error)))
    }

    /// The current usage.
    pub fn stats(&self) -> EngineStats {
        let instances_max = self.inner.options.max_instances;
        let free = u32::try_from(self.inner.permits.available_permits()).unwrap_or(instances_max);
        EngineStats { instances_in_use: instances_max.saturating_sub(free), instances_max }
    }
}

fn broken(source: &PolicySource, error: &tokio::task::JoinError) -> LoadError {
    LoadError::new(&source.file, format!("loading failed: {error}"))
}
