//! Accepts connections, limits them, and drains them.
//!
//! Invariants: every connection's task is owned by [`serve`] and ends with it; a connection that sends no
//! request is closed; at the limit of connections nothing more is accepted.
//!
//! Not here: binding, signals, TLS, what a request means.

mod activity;

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use crate::options::ListenerOptions;
use crate::tasks::{OwnedTasks, report};
use activity::{Activity, Held};

/// How serving ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Everything in flight was finished.
    Finished,
    /// The drain timeout passed; this many connections were cut.
    Cut(usize),
}

/// Pause after a failed accept. It fails when the process has no file descriptors left; an immediate retry would only
/// burn CPU that in-flight requests need to finish and free some.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Most concurrent streams on one HTTP/2 connection.
const MAX_STREAMS: u32 = 256;

/// Interval of HTTP/2 keep-alive pings.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Serves every request of the listener with `answer` until `shutdown` ends, then drains.
pub async fn serve<A, F, B>(
    listener: TcpListener,
    options: &ListenerOptions,
    answer: A,
    shutdown: impl Future<Output = ()>,
) -> Drained
where
    A: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let places = Arc::new(Semaphore::new(options.max_connections));
    let (stop, stopping) = watch::channel(());
    let shared_options = Arc::new(options.clone());
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            // Never closed, so this cannot fail.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => {
                    let connection = connection(stream, Arc::clone(&shared_options), answer.clone(), stopping.clone());
                    connections.spawn(async move {
                        connection.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
        while let Some(ended) = connections.try_join_next() {
            report(ended);
        }
    }
    drop(listener);
    drop(stop);
    drain(connections, options.drain_timeout).await
}

async fn drain(mut connections: JoinSet<()>, limit: Duration) -> Drained {
    let deadline = Instant::now() + limit;
    while let Ok(Some(ended)) = timeout_at(deadline, connections.join_next()).await {
        report(ended);
    }
    match connections.len() {
        0 => {
            tracing::info!("drained: all in-flight exchanges finished");
            Drained::Finished
        }
        open => {
            tracing::warn!(open, limit_ms = limit.as_millis(), "drain timeout: closing open connections");
            connections.shutdown().await;
            Drained::Cut(open)
        }
    }
}

async fn connection<A, F, B>(
    stream: TcpStream,
    options: Arc<ListenerOptions>,
    answer: A,
    mut stopping: watch::Receiver<()>,
) where
    A: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let activity = Arc::new(Activity::new());
    let service = service_fn(|request: Request<Incoming>| {
        let busy = activity.begin();
        let response = answer(request);
        async move { Ok::<_, Infallible>(response.await.map(|body| Held::new(body, busy))) }
    });
    let builder = builder(&options);
    let mut serving = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut look_again = activity.idle_until(&options);
    let mut draining = false;
    loop {
        tokio::select! {
            ended = serving.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                }
                return;
            }
            _ = stopping.changed(), if !draining => {
                draining = true;
                serving.as_mut().graceful_shutdown();
            }
            () = sleep_until(look_again) => {
                look_again = activity.idle_until(&options);
                if look_again <= Instant::now() {
                    tracing::debug!("closing an idle connection");
                    return;
                }
            }
        }
    }
}

fn builder(options: &ListenerOptions) -> auto::Builder<OwnedTasks> {
    let mut builder = auto::Builder::new(OwnedTasks::default());
    // The header timeout is enforced by the connection's own loop. It also covers HTTP/2 and connections whose version
    // is not known yet, and needs no timer per request.
    builder
        .http1()
        .header_read_timeout(None)
        .max_headers(options.max_headers)
        .max_buf_size(options.max_header_bytes.max(MIN_BUFFER));
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(u32::try_from(options.max_header_bytes).unwrap_or(u32::MAX));
    builder
}

/// What hyper needs at least.
const MIN_BUFFER: usize = 8192;
