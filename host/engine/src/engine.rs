//! The engine: what all policies share.

use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Linker;

use crate::capability;
use crate::error::{EngineError, LoadError};
use crate::lane::Lane;
use crate::load::{self, Inspection, PolicySource, cache::Cache};
use crate::options::{EngineOptions, PolicyOptions};
use crate::policy::Policy;
use crate::profile::{self, Profile};
use crate::sandbox::Sandbox;
use crate::ticker::Ticker;

/// Loads and runs policies. Cloning gives another handle on the same engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

/// How much of the engine is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineStats {
    /// Calls that hold an instance now.
    pub instances_in_use: u32,
    /// Most that may at the same time.
    pub instances_max: u32,
}

/// What all policies share.
pub struct Inner {
    /// As chosen.
    pub options: EngineOptions,
    /// Compiled code on disk.
    pub cache: Option<Cache>,
    /// The set-up in which components are configured.
    pub builder: Profiled,
    /// Advances epochs.
    pub ticker: Ticker,
    /// Where slow calls go.
    pub lane: Lane,
    /// One permit per instance: the pool answers exhaustion with an error, so nobody may ask it for too many.
    pub permits: Arc<Semaphore>,
    /// Compiling uses whole cores; more loads at the same time than there are cores only get in each other's way.
    loads: Arc<Semaphore>,
    profiled: [OnceLock<Result<Profiled, String>>; Profile::COUNT],
}

/// One set-up of wasmtime, with everything linked.
pub struct Profiled {
    /// The engine.
    pub engine: wasmtime::Engine,
    /// What guests may import.
    pub linker: Linker<Sandbox>,
    /// What code that is compiled for this engine depends on.
    pub compatibility: String,
}

impl Engine {
    /// Sets the sandbox up. Must be called where a tokio runtime runs.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let failed = |error: String| EngineError(error);
        if options.max_instances == 0 {
            return Err(failed("max_instances is 0, so no policy could run; give at least 1".into()));
        }
        let ticker = Ticker::start().map_err(|error| failed(error.to_string()))?;
        let cache = options.cache_dir.as_deref().map(Cache::open).transpose().map_err(failed)?;
        let builder = Profiled::new(&profile::builder(), &ticker).map_err(failed)?;
        let inner = Inner {
            cache,
            builder,
            ticker,
            lane: Lane::start().map_err(|error| failed(error.to_string()))?,
            permits: Arc::new(Semaphore::new(options.max_instances as usize)),
            loads: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
            profiled: Default::default(),
            options,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Loads a policy: checks, configures and compiles it, on a thread of its own.
    pub async fn load(&self, source: &PolicySource, options: PolicyOptions) -> Result<Arc<Policy>, LoadError> {
        let _turn = self.inner.turn().await;
        let (inner, owned) = (Arc::clone(&self.inner), source.clone());
        let loaded = tokio::task::spawn_blocking(move || load::load(&inner, &owned, options)).await;
        loaded.unwrap_or_else(|error| Err(broken(source, &error))).map(Arc::new)
    }

    /// Looks at a component without configuring it.
    pub async fn inspect(&self, source: &PolicySource) -> Result<Inspection, LoadError> {
        let _turn = self.inner.turn().await;
        let (inner, owned) = (Arc::clone(&self.inner), source.clone());
        let inspected = tokio::task::spawn_blocking(move || load::inspect(&inner, &owned)).await;
        inspected.unwrap_or_else(|error| Err(broken(source, &error)))
    }

    /// How much is in use.
    pub fn stats(&self) -> EngineStats {
        let instances_max = self.inner.options.max_instances;
        let free = u32::try_from(self.inner.permits.available_permits()).unwrap_or(instances_max);
        EngineStats { instances_in_use: instances_max.saturating_sub(free), instances_max }
    }
}

fn broken(source: &PolicySource, error: &tokio::task::JoinError) -> LoadError {
    LoadError::new(&source.file, format!("loading it broke: {error}"))
}

impl Inner {
    /// A turn at compiling. Whoever compiles holds it to the end.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed, so this cannot fail.
        Arc::clone(&self.loads).acquire_owned().await.ok()
    }

    /// The set-up of a profile, made when it is first needed.
    pub fn profiled(&self, profile: Profile) -> Result<&Profiled, String> {
        self.profiled[profile.index()]
            .get_or_init(|| Profiled::new(&profile.config(self.options.max_instances), &self.ticker))
            .as_ref()
            .map_err(Clone::clone)
    }
}

impl Profiled {
    fn new(config: &wasmtime::Config, ticker: &Ticker) -> Result<Self, String> {
        let made = wasmtime::Engine::new(config).and_then(|engine| {
            let mut linker = Linker::new(&engine);
            capability::link(&mut linker)?;
            let compatibility = load::cache::compatibility(&engine);
            Ok(Self { engine, linker, compatibility })
        });
        let profiled = made.map_err(|error| format!("{error:#}"))?;
        ticker.add(profiled.engine.weak());
        Ok(profiled)
    }
}
