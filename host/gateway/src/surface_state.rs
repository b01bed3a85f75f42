//! The state of surfaces between exchanges, and its lifecycle in the gateway.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::routes::Routes;

/// The state that all routes of one protocol share between exchanges: sessions, processes, learned facts. It outlives
/// running sets; the gateway notifies it of new sets and of its own end.
#[async_trait]
pub trait SurfaceState: Send + Sync {
    /// The routes were replaced. State that they do not need ends.
    fn replaced(&self, routes: &Routes) {
        let _ = routes;
    }

    /// Maintains the state while it is polled.
    async fn tend(&self) {
        std::future::pending().await
    }

    /// No new calls will arrive. Streams that only wait for events end, so the drain waits only for calls in flight.
    fn drain(&self) {}

    /// Ends everything without waiting.
    fn stop(&self) {}

    /// Ends everything and waits for that.
    async fn end(&self) {
        self.stop();
    }
}

/// The state of all surfaces of a gateway.
#[derive(Default)]
pub(crate) struct SurfaceStates {
    all: Mutex<Vec<Arc<dyn SurfaceState>>>,
    more: Notify,
}

impl SurfaceStates {
    /// Adds the state of these routes' surfaces.
    pub(crate) fn gather(&self, routes: &Routes) {
        let mut all = self.all.lock();
        for state in routes.iter().filter_map(|route| route.surface.state()) {
            if !all.iter().any(|known| Arc::ptr_eq(known, &state)) {
                all.push(state);
                self.more.notify_one();
            }
        }
    }

    /// All of it.
    pub(crate) fn list(&self) -> Vec<Arc<dyn SurfaceState>> {
        self.all.lock().clone()
    }

    /// Maintains all of it while it is polled.
    pub(crate) async fn tend(&self) {
        loop {
            let all = self.list();
            let tending = async {
                join_all(all.iter().map(|state| state.tend())).await;
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = tending => {}
                () = self.more.notified() => {}
            }
        }
    }

    /// Ends all of it.
    pub(crate) async fn end(&self) {
        let all = self.list();
        join_all(all.iter().map(|state| state.end())).await;
    }
}

/// Stops everything when dropped, also if serving is aborted.
pub(crate) struct StopAll<'a>(pub(crate) &'a SurfaceStates);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        self.0.list().iter().for_each(|state| state.stop());
    }
}
