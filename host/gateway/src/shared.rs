//! What all exchanges of a gateway share.

use std::sync::{Arc, Weak};

use parking_lot::RwLock;
use weir_http::Client;
use weir_http::tasks::OwnedTasks;

use crate::contexts::Contexts;
use crate::endpoint::Endpoint;
use crate::options::GatewayOptions;
use crate::records::Records;
use crate::routes::Routes;
use crate::surface_state::SurfaceStates;
use crate::telemetry::Telemetry;

/// The routes and endpoints in effect: replaced as a whole, never changed.
#[derive(Clone)]
pub struct RunningSet {
    /// Increases with every set.
    pub epoch: u64,
    /// The routes with their chains.
    pub routes: Routes,
    /// The gateway's own endpoints; checked before the routes.
    pub endpoints: Vec<Arc<dyn Endpoint>>,
}

/// What outlives single exchanges. It is owned by the gateway alone; its content may hold [`Shared`], so [`Shared`]
/// does not hold it.
#[derive(Default)]
pub(crate) struct Live {
    /// Exchanges that continue after their caller went away.
    pub(crate) tasks: OwnedTasks,
    /// The surfaces' state.
    pub(crate) states: SurfaceStates,
}

/// Options, telemetry, connection pool, records: what every exchange uses.
pub(crate) struct Shared {
    pub(crate) options: GatewayOptions,
    pub(crate) telemetry: Arc<dyn Telemetry>,
    pub(crate) client: Client,
    pub(crate) contexts: Arc<Contexts>,
    pub(crate) records: Arc<dyn Records>,
    pub(crate) live: Weak<Live>,
    pub(crate) running: RwLock<Arc<RunningSet>>,
}

impl Shared {
    /// What outlives single exchanges; `None` once the gateway is gone.
    pub(crate) fn live(&self) -> Option<Arc<Live>> {
        self.live.upgrade()
    }

    pub(crate) fn current(&self) -> Arc<RunningSet> {
        Arc::clone(&self.running.read())
    }
}
