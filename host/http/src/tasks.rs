//! Tasks with an owner: they end when the owner's last handle is dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::task::JoinSet;

/// Spawns background tasks, for example hyper's tasks for a connection. A task must not hold a handle: it would keep
/// itself alive.
#[derive(Clone, Default)]
pub struct OwnedTasks {
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl OwnedTasks {
    /// Runs a future until it ends or the last handle is dropped.
    pub fn spawn<F: Future + Send + 'static>(&self, future: F) {
        let mut tasks = self.tasks.lock();
        // Finished tasks are removed here, so the set holds only running tasks and those that ended since the last
        // spawn.
        while let Some(ended) = tasks.try_join_next() {
            report(ended);
        }
        tasks.spawn(async move {
            future.await;
        });
    }

    /// Waits until all tasks have ended.
    pub async fn finished(&self) {
        std::future::poll_fn(|context| {
            let mut tasks = self.tasks.lock();
            loop {
                match std::task::ready!(tasks.poll_join_next(context)) {
                    Some(ended) => report(ended),
                    None => return std::task::Poll::Ready(()),
                }
            }
        })
        .await;
    }

    /// A future that runs to its end even if its caller stops waiting: then it continues as a task here.
    pub fn finish<F>(&self, future: F) -> Finish<F>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Finish { future: Some(Box::pin(future)), tasks: self.clone() }
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

/// See [`OwnedTasks::finish`].
pub struct Finish<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// `None` once it has ended, and while it is polled: a future that panicked must not be polled again.
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
        // Without a runtime it cannot continue.
        if let (Some(future), Ok(_)) = (self.future.take(), tokio::runtime::Handle::try_current()) {
            self.tasks.spawn(async move {
                drop(future.await);
            });
        }
    }
}

/// Logs a task that panicked. A task that was aborted by its owner is not logged.
pub fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a task panicked");
    }
}
