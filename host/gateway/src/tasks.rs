//! Tasks with an owner: an executor for hyper whose tasks end when its last handle is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

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

impl OwnedTasks {
    /// A future that runs to its end even if nobody waits for it any more: then it goes on here.
    pub(crate) fn finish<F>(&self, future: F) -> Finish<F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Finish { future: Some(Box::pin(future)), tasks: self.clone() }
    }

    /// Lets a future run by itself.
    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        hyper::rt::Executor::execute(self, future);
    }
}

/// See [`OwnedTasks::finish`].
pub(crate) struct Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Gone once it has ended, and while it is polled: one that panicked must not be polled again.
    future: Option<Pin<Box<F>>>,
    tasks: OwnedTasks,
}

impl<F> Future for Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(mut future) = self.future.take() else { return Poll::Pending };
        let polled = future.as_mut().poll(context);
        if polled.is_pending() {
            self.future = Some(future);
        }
        polled
    }
}

impl<F> Drop for Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        // Without a runtime there is nothing to go on with.
        if let (Some(future), Ok(_)) = (self.future.take(), tokio::runtime::Handle::try_current()) {
            self.tasks.spawn(async move {
                drop(future.await);
            });
        }
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
