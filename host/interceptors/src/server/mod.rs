//! The interceptor server: serves the loaded policies to chains elsewhere, at `/interceptors` of the data plane.
//!
//! Invariants: an answer comes from the running set that the request began with; a call runs within the limits of its
//! policy here (timeout, budget, cap); a fault's text stays in the log.
//!
//! A descriptor has the policy's declaration under its name here. It omits the operator's overrides of mode, fail-open
//! and priority: they apply to the chains of *this* gateway. A chain elsewhere has its own operator, who would inherit
//! ours unnoticed (an audit roll-out here would disable the protection there). It includes narrowed hooks, since they
//! limit what this host runs the policy for, whoever asks. A policy without any hooks left is not served.
//!
//! Not here: sessions (none are needed, so none are made), streams, and what a verdict means for traffic.

mod chain;
mod front;
mod invoke;
mod list;
mod rpc;

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use weir_core::{BoxFuture, Chain, Declaration, Interceptor, Settings};
use weir_gateway::{Endpoint, ExchangeReport, Refusal, Telemetry, Visit};
use weir_http::Body;
use weir_http::Incoming;
use weir_http::origin::Exposure;
use weir_http::trace::Trace;
use weir_mcp::revision::Era;
use weir_mcp::rpc::{METHOD_NOT_FOUND, result as rpc_result};
use weir_mcp::{Kind, Method};

use front::Posted;
use rpc::{Failure, Outcome};

/// The path of the server. It is not a route: no chain runs before it.
pub const PATH: &str = "/interceptors";

/// Who is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nobody.
    Nobody,
    /// Programs on this machine. On a network listener anybody could run every policy with any payload and
    /// configuration to probe what passes, so that needs the operator's consent.
    #[default]
    Loopback,
    /// Everyone who can reach the listener.
    Everyone,
}

/// The served policies and the limits for callers.
pub struct Interceptors {
    /// Who is served.
    pub reach: Reach,
    /// In list order.
    pub entries: Vec<ServedPolicy>,
    /// Most entries of one page of the list; `None` for one page.
    pub page_size: Option<usize>,
    /// Most bytes of a payload.
    pub max_body: usize,
    /// The longest that any call may take.
    pub call_cap: Duration,
    /// The chain of `interceptor/executeChain` and its timeout; `None` if the method is disabled.
    pub chain: Option<(Arc<Chain>, Duration)>,
}

/// One policy that is served.
pub struct ServedPolicy {
    /// Its settings here; the name is the one callers use.
    pub settings: Settings,
    /// Its declaration.
    pub declaration: Declaration,
    /// How it is run.
    pub policy: Arc<dyn Configurable>,
}

/// A policy that accepts a configuration from the caller.
pub trait Configurable: Send + Sync {
    /// The policy as it was loaded.
    fn loaded(&self) -> Arc<dyn Interceptor>;

    /// The policy with that configuration (JSON text), prepared before the deadline; the loaded policy if it is the
    /// same.
    fn configured<'a>(
        &'a self,
        config: &'a str,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Interceptor>, ConfigError>>;
}

/// Why a caller's configuration cannot be used. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The policy does not accept it, or the host could not try it.
    #[error("{0}")]
    Refused(String),
    /// The deadline passed first.
    #[error("it timed out")]
    Deadline,
}

/// Counts a request. If it is dropped before the request is answered, the caller went away.
struct Watch<'a> {
    telemetry: &'a dyn Telemetry,
    started: Instant,
    is_answered: bool,
}

impl Default for Interceptors {
    fn default() -> Self {
        Self {
            reach: Reach::Nobody,
            entries: Vec::new(),
            page_size: None,
            max_body: 4 << 20,
            call_cap: Duration::from_secs(10),
            chain: None,
        }
    }
}

impl Interceptors {
    /// Those that can be invoked.
    fn served(&self) -> impl Iterator<Item = &ServedPolicy> {
        self.entries.iter().filter(|served| !served.settings.hooks.value.is_empty())
    }

    /// All events that they hook, for the capability.
    fn events(&self) -> BTreeSet<&str> {
        let hooks = self.served().flat_map(|served| &served.settings.hooks.value);
        hooks.flat_map(|hook| &hook.events).map(String::as_str).collect()
    }
}

#[async_trait]
impl Endpoint for Interceptors {
    fn is_at(&self, path: &str, exposure: Exposure) -> bool {
        let reached = match self.reach {
            Reach::Nobody => false,
            Reach::Loopback => exposure == Exposure::Loopback,
            Reach::Everyone => true,
        };
        reached && path.strip_suffix('/').unwrap_or(path) == PATH
    }

    async fn answer(&self, visit: Visit<'_>, request: Request<Incoming>) -> Response<Body> {
        let method = request.method().clone();
        let mut watch = Watch { telemetry: visit.telemetry, started: Instant::now(), is_answered: false };
        let exchange = exchange(self, visit, request);
        let result = AssertUnwindSafe(exchange).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!(call_ref = visit.reference.as_str(), "an exchange of the interceptor server panicked");
            Err(Refusal::Internal)
        });
        let refusal = result.as_ref().err().map(Refusal::urn);
        let response = result.unwrap_or_else(|refusal| refusal.respond(Some(visit.reference)).map(Body::whole));
        watch.is_answered = true;
        visit.telemetry.exchange(&ExchangeReport {
            route: PATH,
            protocol: "mcp",
            method: &method,
            status: response.status(),
            elapsed: watch.started.elapsed(),
            upstream_elapsed: None,
            refusal,
            call_ref: visit.reference.as_str(),
        });
        response
    }
}

async fn exchange(
    interceptors: &Interceptors,
    visit: Visit<'_>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Refusal> {
    visit.exposure.admit(visit.admission, &request)?;
    if request.method() != http::Method::POST {
        // There are no streams to open and no sessions to end.
        return Err(Refusal::MethodNotAllowed("POST"));
    }
    let trace = Trace::of(request.headers());
    let posted = front::read(visit, interceptors, request).await?;
    let id = posted.envelope.id();
    let outcome = match posted.envelope.kind() {
        Kind::Request { method } => call(interceptors, visit, &trace, &posted, Method::of(method)).await,
        _ => return Ok(rpc::reply(StatusCode::ACCEPTED, Bytes::new())),
    };
    Ok(match outcome {
        Ok(said) => rpc::reply(StatusCode::OK, rpc_result(id, &said)),
        Err(failure) => {
            // The stateless revision also signals a missing method by the status.
            let missing = failure.code == METHOD_NOT_FOUND && posted.era == Era::Stateless;
            let status = if missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
            rpc::reply(status, rpc::error(id, &failure))
        }
    })
}

/// Dispatches the methods. Those of tools, prompts and resources do not exist here.
async fn call(
    interceptors: &Interceptors,
    visit: Visit<'_>,
    trace: &Trace,
    posted: &Posted,
    method: Method<'_>,
) -> Outcome {
    let Posted { envelope, era, revision } = posted;
    let params = envelope.params().unwrap_or("{}");
    let scope = invoke::CallScope { visit, interceptors, trace, revision: *revision };
    match (method, era) {
        (Method::Initialize, Era::Session) => front::initialize(interceptors, params),
        (Method::Ping, Era::Session) => Ok("{}".to_owned()),
        (Method::ServerDiscover, Era::Stateless) => front::discover(interceptors),
        (Method::InterceptorsList, _) => list::list(interceptors, visit.epoch, params, *era),
        (Method::InterceptorInvoke, _) => invoke::invoke(&scope, params, *era).await,
        (Method::ExecuteChain, _) if interceptors.chain.is_some() => chain::execute(&scope, params, *era).await,
        _ => Err(Failure::method_not_found()),
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if !self.is_answered {
            self.telemetry.cancelled(PATH);
        }
    }
}
