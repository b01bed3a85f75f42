//! Client requests whose policies still run, so the client can cancel them.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use weir_mcp::Id;

/// The cancellable requests: at most those in flight.
#[derive(Default)]
pub(super) struct Running {
    requests: Mutex<HashMap<Id, Vec<Arc<Notify>>>>,
}

/// One request; it can be cancelled until this is dropped.
pub(super) struct Cancel<'a> {
    running: &'a Running,
    key: Id,
    notify: Arc<Notify>,
}

impl Running {
    pub(super) fn begin(&self, key: Id) -> Cancel<'_> {
        let notify = Arc::new(Notify::new());
        let mut requests = self.requests.lock();
        requests.entry(key.clone()).or_default().push(Arc::clone(&notify));
        drop(requests);
        Cancel { running: self, key, notify }
    }

    pub(super) fn cancel(&self, key: &Id) {
        let requests = self.requests.lock();
        for notify in requests.get(key).into_iter().flatten() {
            notify.notify_one();
        }
    }
}

impl Cancel<'_> {
    pub(super) async fn cancelled(&self) {
        self.notify.notified().await;
    }
}

impl Drop for Cancel<'_> {
    fn drop(&mut self) {
        let mut requests = self.running.requests.lock();
        if let Some(all) = requests.get_mut(&self.key) {
            all.retain(|notify| !Arc::ptr_eq(notify, &self.notify));
            if all.is_empty() {
                requests.remove(&self.key);
            }
        }
    }
}
