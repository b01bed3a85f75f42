//! Tasks with an owner: an executor for hyper whose tasks end when its last handle is dropped.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// Spawns what hyper wants to have running beside a connection. Tasks do not hold a handle, so they cannot keep
/// themselves alive.
#[derive(Clone, Default)]
pub(crate) struct OwnedTasks {
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl<F> hyper::rt::Executor<F> for OwnedTasks
where
    F: Future + Send + 'static,
{
    fn execute(&self, future: F) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        // Finished ones are let go here, so that the set never holds more than what runs and what ended
        // since the last spawn.
        while let Some(ended) = tasks.try_join_next() {
            report(ended);
        }
        tasks.spawn(async move {
            future.await;
        });
    }
}

/// Logs a task that panicked; being aborted by its owner is not worth a line.
pub(crate) fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a task panicked");
    }
}
