//! The slow lane: a separate low-priority runtime for guests that did not finish within their first slice.
//!
//! A call is first polled once on the caller's thread, which is enough for a well-behaved policy. If it is still
//! running, it moves here so that it does not block the threads that serve sockets, and the caller awaits it.

use std::pin::Pin;
use std::task::Poll;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// Threads of the lane. With two, a runaway guest does not block a merely slow one.
const THREADS: usize = 2;

/// Priority of the lane's threads relative to those that serve sockets (Unix nice value).
const NICE: i32 = 10;

/// The low-priority runtime.
pub struct Lane {
    runtime: Option<Runtime>,
}

/// How a call in the lane ended.
pub enum Waited<T> {
    /// It finished.
    Done(T),
    /// The deadline passed first; the call was dropped.
    DeadlinePassed,
    /// It panicked: a bug in the host.
    Panicked(String),
}

impl Lane {
    /// Starts the runtime.
    pub fn start() -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("weir-slow")
            .on_thread_start(lower_priority)
            // Guests here yield at every tick, so poll timers and other tasks as often.
            .event_interval(1)
            .global_queue_interval(1)
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Polls the call once here; if it is not done, continues it in the lane until the deadline.
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
            // The last owner may be async, where blocking on a runtime's shutdown is not allowed.
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
