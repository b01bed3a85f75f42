//! Where guests go that did not answer within their first slice: a runtime of its own, of low priority.
//!
//! A call is polled once on the caller's thread, which is all that a well-behaved policy needs. Whatever is
//! still running then must not keep the threads that serve sockets busy, so it is moved here and the caller
//! waits for it like for any other task.

use std::pin::Pin;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// Threads of the lane. Two let one runaway and one honest slow policy make progress side by side.
const THREADS: usize = 2;

/// How much less important the lane's threads are than those that serve sockets (Unix nice value).
const NICE: i32 = 10;

/// The low-priority runtime.
pub struct Lane {
    runtime: Option<Runtime>,
}

/// How a call that had to wait ended.
pub enum Waited<T> {
    /// It ended by itself.
    Done(T),
    /// The deadline came first; the call was dropped.
    DeadlinePassed,
    /// It panicked, which is a fault of the host.
    Panicked(String),
}

impl Lane {
    /// Starts the runtime.
    pub fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("weir-slow")
            .on_thread_start(lower_priority)
            // Guests here yield at every tick; look at timers and at each other just as often.
            .event_interval(1)
            .global_queue_interval(1)
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Polls the call once here; if it is not done by then, lets it go on in the lane until the deadline.
    /// Dropping the returned future drops the call.
    pub async fn run<T: Send + 'static>(
        &self,
        mut call: Pin<Box<dyn Future<Output = T> + Send>>,
        deadline: Instant,
    ) -> Waited<T> {
        let first = std::future::poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await;
        if let Poll::Ready(value) = first {
            return Waited::Done(value);
        }
        let Some(runtime) = &self.runtime else { return Waited::DeadlinePassed };
        let mut task = AbortOnDrop(runtime.spawn(call));
        match timeout_at(deadline, &mut task.0).await {
            Ok(Ok(value)) => Waited::Done(value),
            Ok(Err(error)) => Waited::Panicked(error.to_string()),
            Err(_) => Waited::DeadlinePassed,
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // The last owner may itself be async, where waiting for a runtime is not allowed.
            runtime.shutdown_background();
        }
    }
}

struct AbortOnDrop<T>(JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "the slow lane keeps normal priority");
    }
}
