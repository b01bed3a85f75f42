//! What a protocol keeps from one exchange to the next: its life beside the gateway's.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::routes::Routes;

/// What all routes of one protocol keep between exchanges: sessions, processes, what was learned. It outlives running
/// sets; the gateway says when those change, and when it ends.
#[async_trait]
pub trait SurfaceState: Send + Sync {
    /// Other routes serve from now on. What they have no use for ends.
    fn replaced(&self, routes: &Routes) {
        let _ = routes;
    }

    /// Looks after what is kept, for as long as it is polled.
    async fn tend(&self) {
        std::future::pending().await
    }

    /// No new calls come: what only waits for news ends, so that calls in flight are all that is waited for.
    fn drain(&self) {}

    /// Ends everything, without waiting for it.
    fn stop(&self) {}

    /// Ends everything and waits for that.
    async fn end(&self) {
        self.stop();
    }
}

/// All that is kept by the surfaces of a gateway.
#[derive(Default)]
pub(crate) struct SurfaceStates {
    all: Mutex<Vec<Arc<dyn SurfaceState>>>,
    more: Notify,
}

impl SurfaceStates {
    /// Takes in what the surfaces of these routes keep.
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

    /// Looks after all of it, for as long as this is polled.
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

/// Stops everything when it is dropped: also where serving is broken off.
pub(crate) struct StopAll<'a>(pub(crate) &'a SurfaceStates);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        self.0.list().iter().for_each(|state| state.stop());
    }
}
