//! Judges the messages of one direction concurrently, and keeps the order where it matters.
//!
//! Invariants: later work never delays earlier work; ordered work runs after everything before it; the number of
//! running tasks is limited; all tasks end with the sequence.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use weir_http::tasks::report;

/// Most messages judged concurrently. A policy decides in milliseconds, so more would only wait.
const AT_A_TIME: usize = 64;

/// Runs work.
pub(super) struct Sequence {
    tasks: JoinSet<()>,
    /// One per task; closed when the task is done.
    running: Vec<watch::Receiver<()>>,
    places: Arc<Semaphore>,
}

impl Sequence {
    pub(super) fn new() -> Self {
        Self { tasks: JoinSet::new(), running: Vec::new(), places: Arc::new(Semaphore::new(AT_A_TIME)) }
    }

    /// Starts work at once, whatever is running. Most work is done before this returns.
    pub(super) async fn concurrent(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let mut work = Box::pin(work);
        if futures_util::poll!(work.as_mut()).is_pending() {
            self.spawn(work).await;
        }
    }

    /// Runs work after everything that was started before.
    pub(super) async fn ordered(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.tidy();
        if self.running.is_empty() {
            return work.await;
        }
        let before = self.running.clone();
        let later = async move {
            for mut one in before {
                // Nothing is ever sent: this waits for the sender to be dropped.
                let _ = one.changed().await;
            }
            work.await;
        };
        self.spawn(later).await;
    }

    /// Waits for everything.
    pub(super) async fn finish(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            report(ended);
        }
    }

    async fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        // Never closed, so this cannot fail.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let (done, running) = watch::channel(());
        self.tidy();
        self.running.push(running);
        self.tasks.spawn(async move {
            work.await;
            drop((done, place));
        });
    }

    fn tidy(&mut self) {
        while let Some(ended) = self.tasks.try_join_next() {
            report(ended);
        }
        self.running.retain(|running| running.has_changed().is_ok());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn later_work_waits_only_where_it_has_to() {
        let done: Arc<Mutex<Vec<&str>>> = Arc::default();
        let note = |name| {
            let done = Arc::clone(&done);
            move || done.lock().unwrap().push(name)
        };
        let mut sequence = Sequence::new();
        let (release, released) = oneshot::channel::<()>();
        let slow = note("slow");
        sequence
            .concurrent(async move {
                let _ = released.await;
                slow();
            })
            .await;
        let (after, beside) = (note("after"), note("beside"));
        sequence.ordered(async move { after() }).await;
        sequence.concurrent(async move { beside() }).await;
        assert_eq!(*done.lock().unwrap(), ["beside"]);
        release.send(()).unwrap();
        sequence.finish().await;
        assert_eq!(*done.lock().unwrap(), ["beside", "slow", "after"]);
    }
}
