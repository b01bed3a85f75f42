//! The state of the running process.

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
    /// The set used by the data plane.
    gateway: Gateway,
    /// State that MCP routes keep between exchanges.
    mcp: Arc<Mcp>,
    /// Loads and runs policies.
    pub engine: Engine,
    /// The interceptor servers used by policies.
    pub remotes: Remotes,
    /// The metrics.
    pub metrics: Arc<Metrics>,
    /// Where routes point.
    pub demo: Upstreams,
    addresses: Option<DemoAddresses>,
    /// The record store and related state, if records are kept.
    pub kept: Option<Arc<Kept>>,
    current: RwLock<Arc<Current>>,
    refused: Mutex<Option<Refused>>,
    draining: AtomicBool,
}

/// The serving set.
pub struct Current {
    /// The set.
    pub set: LoadedSet,
    /// Increases with every set.
    pub epoch: u64,
    /// When it started serving.
    pub since: SystemTime,
}

/// A rejected change of the folder.
#[derive(Debug, Clone)]
pub struct Refused {
    /// When.
    pub at: SystemTime,
    /// Why.
    pub problems: Vec<Problem>,
}

impl Running {
    /// The process with its first set, which the gateway already has.
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

    /// Adds the state that the routes of the first set keep between exchanges.
    pub fn speaking(self, mcp: Arc<Mcp>) -> Self {
        Self { mcp, ..self }
    }

    /// Adds the record store, if records are kept.
    pub fn keeping(self, kept: Option<Arc<Kept>>) -> Self {
        Self { kept, ..self }
    }

    /// The serving set.
    pub fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read())
    }

    /// The contexts opened by tokens.
    pub fn contexts(&self) -> Arc<Contexts> {
        self.gateway.contexts()
    }

    /// The gateway's set.
    pub fn gateway_set(&self) -> Arc<weir_gateway::RunningSet> {
        self.gateway.current()
    }

    /// The last rejected change, if the folder has been invalid since.
    pub fn refused(&self) -> Option<Refused> {
        self.refused.lock().clone()
    }

    /// Swaps in a set. Calls in flight finish on the previous one.
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

    /// Keeps the current set and stores the reason.
    pub fn refuse(&self, problems: Vec<Problem>) {
        let refused = Refused { at: SystemTime::now(), problems };
        *self.refused.lock() = Some(refused);
        self.metrics.reloaded(ReloadOutcome::Failed);
    }

    /// Marks the process as not ready, so that load balancers stop sending calls.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether new calls are accepted.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
