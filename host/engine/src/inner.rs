//! What all policies share: options, set-ups of wasmtime, threads, permits.

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
            let compatibility = cache::compatibility(&engine);
            Ok(Self { engine, linker, compatibility })
        });
        let profiled = made.map_err(|error| format!("{error:#}"))?;
        ticker.add(profiled.engine.weak());
        Ok(profiled)
    }
}
