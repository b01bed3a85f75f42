//! What the tests have in common: a gateway, upstreams and clients over real sockets, and policies as closures.

mod client;
pub mod mcp;
mod policy;
mod records;
pub mod route;
pub mod upstream;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use weir_core::{Chain, ChainOptions, ChainResult, Entry};
use weir_gateway::surface::mcp::Mcp;
use weir_gateway::{
    Drained, ExchangeReport, Gateway, GatewayOptions, OnDeny, PassAuthorization, Protocol, RunningSet, Telemetry,
};
use weir_interceptors::Interceptors;

pub use client::{Answer, Connection, body_of, get, post, send};
pub use policy::{Policy, deny_if, mutator, sleeper, validator};
pub use records::{Rows, start_recording, status};
pub use route::Route;
pub use upstream::{Reply, Upstream, echo, full, respond, streamed};

/// A gateway that serves until it is dropped or stopped.
pub struct Running {
    pub address: SocketAddr,
    pub gateway: Gateway,
    pub telemetry: Arc<Recorder>,
    /// What MCP routes keep between exchanges.
    mcp: Arc<Mcp>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<Drained>>,
}

/// What the gateway reported.
#[derive(Default)]
pub struct Recorder {
    lines: Mutex<Vec<String>>,
}

impl Telemetry for Recorder {
    fn chain(&self, route: &str, result: &ChainResult, _: Duration) {
        self.push(format!("chain {route} {} {} {}", result.event, result.phase, result.status.as_str()));
    }
    fn cancelled(&self, route: &str) {
        self.push(format!("cancelled {route}"));
    }
    fn exchange(&self, exchange: &ExchangeReport<'_>) {
        let refusal = exchange.refusal.unwrap_or("-");
        self.push(format!("exchange {} {} {} {refusal}", exchange.route, exchange.method, exchange.status.as_u16()));
    }
}

impl Recorder {
    fn push(&self, line: String) {
        self.lines.lock().unwrap().push(line);
    }

    /// Waits until a line has been reported.
    pub async fn wait_for(&self, line: &str) {
        for _ in 0..500 {
            if self.lines().iter().any(|reported| reported == line) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{line:?} was never reported: {:?}", self.lines());
    }

    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }
}

/// A chain of these policies.
pub fn chain(policies: Vec<Policy>) -> Arc<Chain> {
    let entries: Vec<Entry> = policies.into_iter().map(Policy::entry).collect();
    Arc::new(Chain::new(entries, ChainOptions::default()).unwrap())
}

/// A route `/r` to an upstream's path `/up`.
pub fn route(protocol: Protocol, upstream: SocketAddr, policies: Vec<Policy>) -> Route {
    Route {
        name: "r".to_owned(),
        path: "/r".to_owned(),
        protocol,
        upstream: format!("http://{upstream}/up").parse().unwrap(),
        server: "upstream".to_owned(),
        chain: chain(policies),
        chain_timeout: Duration::from_secs(5),
        max_body: 64 * 1024,
        on_deny: OnDeny::Error,
        authorization: PassAuthorization::Drop,
        principal: None,
    }
}

pub async fn start(routes: Vec<Route>) -> Running {
    start_with(routes, GatewayOptions { drain_timeout: Duration::from_secs(5), ..GatewayOptions::default() }).await
}

pub async fn start_with(routes: Vec<Route>, options: GatewayOptions) -> Running {
    serve(routes, Interceptors::default(), options).await
}

/// A gateway without routes that serves these policies to chains elsewhere.
pub async fn start_serving(interceptors: Interceptors) -> Running {
    serve(Vec::new(), interceptors, GatewayOptions::default()).await
}

async fn serve(routes: Vec<Route>, interceptors: Interceptors, options: GatewayOptions) -> Running {
    Running::begin(routes, interceptors, |telemetry, set| Gateway::new(options, telemetry, set))
}

fn set(epoch: u64, routes: Vec<Route>, interceptors: Interceptors, mcp: &Arc<Mcp>) -> RunningSet {
    RunningSet { epoch, routes: route::routes(routes, mcp), endpoints: vec![Arc::new(interceptors)] }
}

impl Running {
    /// Serves the gateway that is made on a free port.
    fn begin(
        routes: Vec<Route>,
        interceptors: Interceptors,
        make: impl FnOnce(Arc<dyn Telemetry>, RunningSet) -> Gateway,
    ) -> Self {
        let (telemetry, mcp) = (Arc::new(Recorder::default()), Mcp::new());
        let set = set(1, routes, interceptors, &mcp);
        let gateway = make(Arc::clone(&telemetry) as Arc<dyn Telemetry>, set);
        let listener = weir_http::listen::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = {
            let gateway = gateway.clone();
            tokio::spawn(async move {
                let stopped = async {
                    let _ = stopped.await;
                };
                gateway.serve(listener, stopped).await
            })
        };
        Self { address, gateway, telemetry, mcp, stop: Some(stop), serving: Some(serving) }
    }

    /// Puts another set to work.
    pub fn replace(&self, epoch: u64, routes: Vec<Route>, interceptors: Interceptors) {
        self.gateway.replace(set(epoch, routes, interceptors, &self.mcp));
    }

    /// Begins to drain.
    pub fn stop(&mut self) -> JoinHandle<Drained> {
        drop(self.stop.take());
        self.serving.take().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }
}
