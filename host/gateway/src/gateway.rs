//! The gateway as a whole: its running set, and serving a listener with it.

use std::future::Future;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::contexts::Contexts;
use crate::dispatch;
use crate::interceptors::Interceptors;
use crate::listener::{self, Drained};
use crate::mcp::stdio::{EndServers, Servers};
use crate::mcp::{Sessions, ToolHeaders};
use crate::options::GatewayOptions;
use crate::origin::Exposure;
use crate::records::{NoRecords, Records};
use crate::routes::Routes;
use crate::tasks::OwnedTasks;
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
    live: Arc<Live>,
}

/// What outlives single exchanges. It belongs to the gateway alone, and what is in it may hold [`Shared`], so
/// [`Shared`] does not hold it.
#[derive(Default)]
pub(crate) struct Live {
    /// Exchanges that go on although their caller went away, and answers of ours to servers.
    pub(crate) tasks: OwnedTasks,
    /// The sessions of MCP routes.
    pub(crate) sessions: Sessions,
    /// Bytes of params that are kept until their answers come.
    pub(crate) retained: Arc<AtomicUsize>,
}

/// What all exchanges of a gateway have in common.
pub(crate) struct Shared {
    pub(crate) options: GatewayOptions,
    pub(crate) telemetry: Arc<dyn Telemetry>,
    pub(crate) upstream: Upstream,
    pub(crate) contexts: Arc<Contexts>,
    pub(crate) records: Arc<dyn Records>,
    /// Which arguments of which tools are mirrored in headers.
    pub(crate) tool_headers: ToolHeaders,
    /// Places for answers of ours to servers that are under way.
    pub(crate) answering: Arc<Semaphore>,
    live: Weak<Live>,
    pub(crate) servers: Servers,
    running: RwLock<Arc<RunningSet>>,
}

/// Most answers of ours to servers under way at a time; a stream that would need one more waits.
const MAX_ANSWERING: usize = 64;

impl Gateway {
    /// A gateway with its first running set that records nothing.
    pub fn new(options: GatewayOptions, telemetry: Arc<dyn Telemetry>, set: RunningSet) -> Self {
        Self::recording(options, telemetry, Arc::new(NoRecords), set)
    }

    /// A gateway with its first running set.
    pub fn recording(
        options: GatewayOptions,
        telemetry: Arc<dyn Telemetry>,
        records: Arc<dyn Records>,
        set: RunningSet,
    ) -> Self {
        let upstream = Upstream::new(&options);
        let live = Arc::new(Live::default());
        let shared = Shared {
            options,
            telemetry,
            upstream,
            contexts: Arc::new(Contexts::default()),
            records,
            tool_headers: ToolHeaders::default(),
            answering: Arc::new(Semaphore::new(MAX_ANSWERING)),
            servers: Servers::default(),
            live: Arc::downgrade(&live),
            running: RwLock::new(Arc::new(set)),
        };
        Self { shared: Arc::new(shared), live }
    }

    /// The contexts that are opened by tokens.
    pub fn contexts(&self) -> Arc<Contexts> {
        Arc::clone(&self.shared.contexts)
    }

    /// Puts another set to work for requests that arrive from now on; those in flight finish on theirs.
    pub fn replace(&self, set: RunningSet) {
        let set = Arc::new(set);
        *self.shared.running.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&set);
        self.shared.servers.replaced(&set);
    }

    /// The set that requests arriving now use.
    pub fn current(&self) -> Arc<RunningSet> {
        self.shared.current()
    }

    /// Serves the listener until the shutdown future ends, then lets exchanges in flight finish within the
    /// drain timeout. Servers that were started for routes end with it.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Drained {
        let exposure = Exposure::of(&listener);
        // Kept until everything is drained.
        let _live = Arc::clone(&self.live);
        let shared = Arc::clone(&self.shared);
        let answer = move |request| dispatch::answer(Arc::clone(&shared), exposure, request);
        let servers = &self.shared.servers;
        // Also where serving is broken off.
        let _end = EndServers(servers);
        let shutdown = async {
            shutdown.await;
            servers.drain();
        };
        let drained = tokio::select! {
            drained = listener::serve(listener, &self.shared.options, answer, shutdown) => drained,
            never = servers.tend() => match never {},
        };
        servers.end().await;
        drained
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Shared {
    /// What outlives single exchanges; `None` once the gateway is gone.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.live.upgrade()
    }

    pub(crate) fn current(&self) -> Arc<RunningSet> {
        Arc::clone(&self.running.read().unwrap_or_else(PoisonError::into_inner))
    }
}
