//! The servers inside `weir demo`, as tasks of the process.

use std::future::ready;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinSet;
use weir_demo::{Answer, DemoListener, DemoServers};
use weir_http::listen::{Handler, HandlerBody, serve_handler};

use super::ended::ended;

/// Serves each of them until the channel signals shutdown.
pub fn start(servers: DemoServers, tasks: &mut JoinSet<()>, ending: &watch::Receiver<bool>) {
    for DemoListener { listener, answer } in servers.into_listeners() {
        tasks.spawn(serve_handler(listener, handler(answer), ended(ending.clone())));
    }
}

/// Wraps a function of the request as a handler.
fn handler(answer: Answer) -> Arc<Handler> {
    Arc::new(move |request| {
        let response = answer(request).map(HandlerBody::Whole);
        Box::pin(ready(response))
    })
}
