//! The gateway as a whole: its running set, and serving a listener with it.

use std::future::Future;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::net::TcpListener;

use crate::dispatch;
use crate::interceptors::Interceptors;
use crate::listener::{self, Drained};
use crate::options::GatewayOptions;
use crate::origin::Exposure;
use crate::routes::Routes;
use crate::telemetry::Telemetry;
use crate::upstream::Upstream;

/// What the gateway works with: replaced as a whole, never changed.
pub struct RunningSet {
    /// Grows with every set.
    pub epoch: u64,
    /// The routes with their chains.
    pub routes: Routes,
    /// The policies for chains elsewhere.
    pub interceptors: Interceptors,
}

/// The gateway. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

/// What all exchanges of a gateway have in common.
pub(crate) struct Shared {
    pub(crate) options: GatewayOptions,
    pub(crate) telemetry: Arc<dyn Telemetry>,
    pub(crate) upstream: Upstream,
    running: RwLock<Arc<RunningSet>>,
}

impl Gateway {
    /// A gateway with its first running set.
    pub fn new(options: GatewayOptions, telemetry: Arc<dyn Telemetry>, set: RunningSet) -> Self {
        let upstream = Upstream::new(&options);
        Self { shared: Arc::new(Shared { options, telemetry, upstream, running: RwLock::new(Arc::new(set)) }) }
    }

    /// Puts another set to work for requests that arrive from now on; those in flight finish on theirs.
    pub fn replace(&self, set: RunningSet) {
        *self.shared.running.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
    }

    /// The set that requests arriving now use.
    pub fn current(&self) -> Arc<RunningSet> {
        self.shared.current()
    }

    /// Serves the listener until the shutdown future ends, then lets exchanges in flight finish within the
    /// drain timeout.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Drained {
        let exposure = Exposure::of(&listener);
        let shared = Arc::clone(&self.shared);
        let answer = move |request| dispatch::answer(Arc::clone(&shared), exposure, request);
        listener::serve(listener, &self.shared.options, answer, shutdown).await
    }
}

impl Shared {
    pub(crate) fn current(&self) -> Arc<RunningSet> {
        Arc::clone(&self.running.read().unwrap_or_else(PoisonError::into_inner))
    }
}
