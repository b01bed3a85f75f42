//! Upstreams: real hyper servers around a closure.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, JoinSet};

pub type Reply = Response<BoxBody<Bytes, Infallible>>;
type Answering = Pin<Box<dyn Future<Output = Reply> + Send>>;

/// A server that runs until it is dropped.
pub struct Upstream {
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Upstream {
    pub async fn start<F, A>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> A + Send + Sync + 'static,
        A: Future<Output = Reply> + Send + 'static,
    {
        let listener = weir_http::listen::bind(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let answer: Arc<dyn Fn(Request<Incoming>) -> Answering + Send + Sync> =
            Arc::new(move |request| Box::pin(answer(request)));
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let answer = Arc::clone(&answer);
                connections.spawn(async move {
                    let service = service_fn(move |request| {
                        let answering = answer(request);
                        async move { Ok::<_, Infallible>(answering.await) }
                    });
                    let builder = auto::Builder::new(TokioExecutor::new());
                    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, serving }
    }

    /// Answers the first request with a stream of events that are sent from here, and any later one with nothing.
    pub async fn of_one_stream() -> (Self, mpsc::Sender<Frame<Bytes>>) {
        let (sender, frames) = mpsc::channel(1);
        let frames = Mutex::new(Some(frames));
        let upstream = Self::start(move |_| {
            let frames = frames.lock().unwrap().take();
            async move { frames.map_or_else(|| Response::new(full("")), |frames| streamed("text/event-stream", frames)) }
        });
        (upstream.await, sender)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub fn full(text: impl Into<Bytes>) -> BoxBody<Bytes, Infallible> {
    Full::new(text.into()).boxed()
}

/// A response with a content type.
pub fn respond(content_type: &str, text: impl Into<Bytes>) -> Reply {
    Response::builder().header("content-type", content_type).body(full(text)).unwrap()
}

/// A response whose frames come from a channel.
pub fn streamed(content_type: &str, frames: mpsc::Receiver<Frame<Bytes>>) -> Reply {
    Response::builder().header("content-type", content_type).body(Frames(frames).boxed()).unwrap()
}

/// Says what arrived: the head as lines of text, then the body.
pub async fn echo(request: Request<Incoming>) -> Reply {
    let (parts, body) = request.into_parts();
    let collected = body.collect().await.unwrap();
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let body = collected.to_bytes();
    let mut lines = format!("{} {}\n", parts.method, parts.uri);
    for (name, value) in sorted(&parts.headers).into_iter().chain(sorted(&trailers)) {
        lines.push_str(&format!("{name}: {value}\n"));
    }
    lines.push_str(&format!("\n{}", String::from_utf8_lossy(&body)));
    respond("text/plain", lines)
}

fn sorted(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    lines.sort();
    lines
}

struct Frames(mpsc::Receiver<Frame<Bytes>>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|frame| frame.map(Ok))
    }
}
