//! Calls inside contexts.

/// How contexts are carried, and that nothing leaks to other calls.
mod carriers;
/// The same on routes that speak MCP.
mod mcp;
/// What is recorded of an exchange, however it ends, and what is refused.
mod rows;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::BodyExt;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::support::{Answer, Running, Upstream, echo, full, respond, send, streamed};

/// A request inside a context.
pub(crate) fn inside(path: &str, agent: &str, action: &str) -> http::request::Builder {
    Request::post(path).header("weir-agent-id", agent).header("weir-action-name", action)
}

pub(crate) async fn call(gateway: &Running, path: &str, agent: &str, body: impl Into<Bytes>) -> Answer {
    let request = inside(path, agent, "act").header("content-type", "application/json");
    send(gateway.address, request.body(body).unwrap()).await
}

/// An upstream that answers with what it was sent, and counts.
pub(crate) async fn counting() -> (Upstream, Arc<AtomicU64>) {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let upstream = Upstream::start(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        echo(request)
    });
    (upstream.await, calls)
}

/// The JSON of a column.
pub(crate) fn text(column: &str) -> Value {
    serde_json::from_str(column).unwrap()
}

/// What the upstream does, by the path.
pub(crate) async fn moody(request: Request<hyper::body::Incoming>) -> crate::support::Reply {
    let path = request.uri().path().to_owned();
    let _ = request.into_body().collect().await;
    match path.rsplit('/').next().unwrap() {
        "fails" => Response::builder().status(500).body(full("no")).unwrap(),
        "hangs" => std::future::pending().await,
        "breaks" => {
            let (sender, frames) = mpsc::channel(1);
            sender.send(Frame::data(Bytes::from_static(b"half"))).await.unwrap();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(3600)).await;
                drop(sender);
            });
            streamed("text/plain", frames)
        }
        _ => respond("application/json", format!("{{\"path\":{path:?}}}")),
    }
}
