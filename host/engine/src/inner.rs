//! Shared by all policies: options, wasmtime set-ups, threads, permits.

use std::sync::{Arc, OnceLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Linker;

use crate::capability;
use crate::lane::Lane;
use crate::load::cache::{self, Cache};
use crate::options::EngineOptions;
use crate::profile::{self, Profile};
use crate::sandbox::Sandbox;
use crate::ticker::Ticker;

/// Shared by all policies.
pub struct Inner {
    /// The operator's options.
    pub options: EngineOptions,
    /// Compiled code on disk.
    pub cache: Option<Cache>,
    /// The set-up in which components are configured.
    pub builder: Profiled,
    /// Advances epochs.
    pub ticker: Ticker,
    /// Runs slow calls.
    pub lane: Lane,
    /// One permit per instance: the pool fails when it is exhausted, so we never ask it for more.
    pub permits: Arc<Semaphore>,
    /// Limits parallel compilation to the number of cores.
    loads: Arc<Semaphore>,
    profiled: [OnceLock<Result<Profiled, String>>; Profile::COUNT],
}

/// One set-up of wasmtime, with everything linked.
pub struct Profiled {
    /// The engine.
    pub engine: wasmtime::Engine,
    /// What guests may import.
    pub linker: Linker<Sandbox>,
    /// What code compiled for this engine depends on.
    pub compatibility: String,
}

impl Inner {
    /// Sets everything up.
    pub fn new(options: EngineOptions) -> Result<Self, String> {
        let ticker = Ticker::start().map_err(|error| error.to_string())?;
        let cache = options.cache_dir.as_deref().map(Cache::open).transpose()?;
        let builder = Profiled::new(&profile::builder(), &ticker)?;
        Ok(Self {
            cache,
            builder,
            ticker,
            lane: Lane::start().map_err(|error| error.to_string())?,
            permits: Arc::new(Semaphore::new(options.max_instances as usize)),
            loads: Arc::new(Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from))),
            profiled: Default::default(),
            options,
        })
    }

    /// Waits for permission to compile; the caller holds the permit until it is done.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // Never closed, so this cannot fail.
        Arc::clone(&self.loads).acquire_owned().await.ok()
    }

    /// The set-up for a profile, created on first use.
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
            let compatibility = cache::compatibility(&engine);
            Ok(Self { engine, linker, compatibility })
        });
        let profiled = made.map_err(|error| format!("{error:#}"))?;
        ticker.add(profiled.engine.weak());
        Ok(profiled)
    }
}
