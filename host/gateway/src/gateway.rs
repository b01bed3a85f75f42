//! The gateway as a whole: its running set, and serving a listener with it.

use std::future::Future;
use std::sync::Arc;

use parking_lot::RwLock;
use tokio::net::TcpListener;
use weir_http::Client;
use weir_http::listener::{self, Drained};
use weir_http::origin::Exposure;

use crate::contexts::Contexts;
use crate::dispatch;
use crate::options::GatewayOptions;
use crate::records::{NoRecords, Records};
use crate::shared::{Live, RunningSet, Shared};
use crate::surface_state::StopAll;
use crate::telemetry::Telemetry;

/// The gateway. Clones share everything.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
    live: Arc<Live>,
}

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
        let live = Arc::new(Live::default());
        live.states.gather(&set.routes);
        let shared = Shared {
            client: Client::new(&options.client()),
            options,
            telemetry,
            contexts: Arc::new(Contexts::default()),
            records,
            live: Arc::downgrade(&live),
            running: RwLock::new(Arc::new(set)),
        };
        Self { shared: Arc::new(shared), live }
    }

    /// The contexts opened with tokens.
    pub fn contexts(&self) -> Arc<Contexts> {
        Arc::clone(&self.shared.contexts)
    }

    /// Replaces the running set for new requests; in-flight requests finish on theirs.
    pub fn replace(&self, set: RunningSet) {
        let set = Arc::new(set);
        *self.shared.running.write() = Arc::clone(&set);
        self.live.states.gather(&set.routes);
        self.live.states.list().iter().for_each(|state| state.replaced(&set.routes));
    }

    /// The set for new requests.
    pub fn current(&self) -> Arc<RunningSet> {
        self.shared.current()
    }

    /// Serves the listener until the shutdown future ends, then lets in-flight exchanges finish within the drain
    /// timeout. The state of the surfaces ends with it.
    pub async fn serve(&self, listener: TcpListener, shutdown: impl Future<Output = ()>) -> Drained {
        let exposure = Exposure::of(&listener);
        // Held until everything is drained.
        let live = Arc::clone(&self.live);
        let shared = Arc::clone(&self.shared);
        let answer = move |request| dispatch::answer(Arc::clone(&shared), exposure, request);
        let states = &live.states;
        let _stop = StopAll(states);
        let shutdown = async {
            shutdown.await;
            states.list().iter().for_each(|state| state.drain());
        };
        let options = self.shared.options.listener();
        let drained = tokio::select! {
            drained = listener::serve(listener, &options, answer, shutdown) => drained,
            () = states.tend() => std::future::pending().await,
        };
        states.end().await;
        drained
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}
