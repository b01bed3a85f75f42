//! Tasks with an owner: they end when its last handle is dropped.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

/// Spawns what has to run beside something else, as hyper does for a connection. Tasks must not hold a handle: they
/// would keep themselves alive.
#[derive(Clone, Default)]
pub(crate) struct OwnedTasks {
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl OwnedTasks {
    /// Runs a future until it ends or the last handle is dropped.
    pub(crate) fn spawn<F: Future + Send + 'static>(&self, future: F) {
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

    /// Waits until nothing runs any more.
    pub(crate) async fn finished(&self) {
        std::future::poll_fn(|context| {
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            loop {
                match std::task::ready!(tasks.poll_join_next(context)) {
                    Some(ended) => report(ended),
                    None => return std::task::Poll::Ready(()),
                }
            }
        })
        .await;
    }
}

impl<F> hyper::rt::Executor<F> for OwnedTasks
where
    F: Future + Send + 'static,
{
    fn execute(&self, future: F) {
        self.spawn(future);
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
