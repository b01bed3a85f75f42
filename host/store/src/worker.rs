//! A thread that owns a blocking database connection.
//!
//! Invariants: requests run one after the other, in order; the queue is bounded; the thread ends with its owner, after
//! finishing the queue.

use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::port::StoreError;

/// Queue length. The writer has one request at a time; the rest come from users paging through lists.
const QUEUE: usize = 64;

type Work<C> = Box<dyn FnOnce(&mut C) + Send>;

/// The owner of a thread with a `C`.
pub(crate) struct Worker<C> {
    work: Option<mpsc::Sender<Work<C>>>,
    thread: Option<JoinHandle<()>>,
}

impl<C: 'static> Worker<C> {
    /// Starts the thread; `make` runs on it.
    pub(crate) fn start(name: &str, make: impl FnOnce() -> C + Send + 'static) -> Result<Self, StoreError> {
        let (work, mut queue) = mpsc::channel::<Work<C>>(QUEUE);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                let mut owned = make();
                while let Some(work) = queue.blocking_recv() {
                    work(&mut owned);
                }
            })
            .map_err(|error| StoreError::Failed(format!("no thread can be started: {error}")))?;
        Ok(Self { work: Some(work), thread: Some(thread) })
    }

    /// Runs a request. Once started, it finishes even if the caller goes away.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut C) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let gone = || StoreError::Failed("the thread of the store has ended".to_owned());
        let (answer, answered) = oneshot::channel();
        let work: Work<C> = Box::new(move |owned| {
            // The caller may have gone away.
            let _ = answer.send(work(owned));
        });
        let sender = self.work.as_ref().ok_or_else(gone)?;
        sender.send(work).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

impl<C> Drop for Worker<C> {
    fn drop(&mut self) {
        self.work = None;
        if let Some(thread) = self.thread.take() {
            // Joined, so that the file is closed before anyone opens it again. A panic has already been reported.
            let _ = thread.join();
        }
    }
}
