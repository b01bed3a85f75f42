//! What serves now, for everyone who asks or replaces it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use parking_lot::{Mutex, RwLock};
use weir_demo::DemoAddresses;
use weir_engine::Engine;
use weir_gateway::Gateway;
use weir_gateway::contexts::Contexts;
use weir_gateway::surface::mcp::Mcp;
use weir_interceptors::remote::Remotes;

use super::wire::running_set;
use crate::config::{Problem, Upstreams};
use crate::load::LoadedSet;
use crate::records::Kept;
use crate::telemetry::{Metrics, ReloadOutcome};

/// The process while it serves.
pub struct Running {
    /// Where the data plane takes its set from.
    gateway: Gateway,
    /// What routes that speak MCP keep between exchanges.
    mcp: Arc<Mcp>,
    /// Loads and runs policies.
    pub engine: Engine,
    /// The interceptor servers that policies run on.
    pub remotes: Remotes,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Where routes lead.
    pub demo: Upstreams,
    addresses: Option<DemoAddresses>,
    /// Rows and what belongs to them, if they are kept.
    pub kept: Option<Arc<Kept>>,
    current: RwLock<Arc<Current>>,
    refused: Mutex<Option<Refused>>,
    draining: AtomicBool,
}

/// The set that serves.
pub struct Current {
    /// The set.
    pub set: LoadedSet,
    /// Grows with every set.
    pub epoch: u64,
    /// Since when it serves.
    pub since: SystemTime,
}

/// A change of the folder that was not taken.
#[derive(Debug, Clone)]
pub struct Refused {
    /// When.
    pub at: SystemTime,
    /// Why.
    pub problems: Vec<Problem>,
}

impl Running {
    /// The process with its first set, which the gateway has already.
    pub fn new(
        gateway: Gateway,
        engine: Engine,
        remotes: Remotes,
        metrics: Arc<Metrics>,
        set: LoadedSet,
        demo: Upstreams,
        addresses: Option<DemoAddresses>,
    ) -> Self {
        let current = Current { set, epoch: 1, since: SystemTime::now() };
        Self {
            gateway,
            mcp: Mcp::new(),
            engine,
            remotes,
            metrics,
            demo,
            addresses,
            kept: None,
            current: RwLock::new(Arc::new(current)),
            refused: Mutex::default(),
            draining: AtomicBool::new(false),
        }
    }

    /// The process with what the routes of its first set keep between exchanges.
    pub fn speaking(self, mcp: Arc<Mcp>) -> Self {
        Self { mcp, ..self }
    }

    /// The process with its records, if they are kept.
    pub fn keeping(self, kept: Option<Arc<Kept>>) -> Self {
        Self { kept, ..self }
    }

    /// What serves now.
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read())
    }

    /// The contexts that are opened by tokens.
    pub fn contexts(&self) -> Arc<Contexts> {
        self.gateway.contexts()
    }

    /// The set that the gateway has.
    pub fn gateway_set(&self) -> Arc<weir_gateway::RunningSet> {
        self.gateway.current()
    }

    /// The last change that was not taken, if the folder has not been right since.
    pub fn refused(&self) -> Option<Refused> {
        self.refused.lock().clone()
    }

    /// Puts a set to work. Calls in flight finish on the one before.
    pub fn replace(&self, set: LoadedSet) -> Result<u64, Problem> {
        let mut current = self.current.write();
        let epoch = current.epoch + 1;
        self.gateway.replace(running_set(&set, epoch, &self.mcp, self.addresses)?);
        self.metrics.serves(&set, epoch);
        *current = Arc::new(Current { set, epoch, since: SystemTime::now() });
        drop(current);
        *self.refused.lock() = None;
        self.metrics.reloaded(ReloadOutcome::Ok);
        Ok(epoch)
    }

    /// Keeps the set and remembers why.
    pub fn refuse(&self, problems: Vec<Problem>) {
        let refused = Refused { at: SystemTime::now(), problems };
        *self.refused.lock() = Some(refused);
        self.metrics.reloaded(ReloadOutcome::Failed);
    }

    /// No longer ready: whoever balances load should send its calls elsewhere.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether new calls are taken.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
