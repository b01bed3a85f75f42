//! The interceptor server: the loaded policies for whoever runs a chain elsewhere, at `/interceptors` of the data plane.
//!
//! Invariants: an answer comes from the running set that the request began with; whatever a caller sends runs within
//! the bounds that hold for the policy here (timeout, budget, cap), never beyond; a fault's text stays in the log.
//!
//! A descriptor says what a policy declares, under the name that it has here. The operator's overrides of mode,
//! fail-open and priority are not in it: they say how the chains of *this* gateway treat the policy, while a chain
//! elsewhere has an operator of its own, whose overrides would otherwise start from ours without anybody seeing it (an
//! audit roll-out here would take the protection away there). Narrowed hooks are in it, because they say what this host
//! runs the policy for, whoever asks; a policy whose hooks were all taken away is not served.
//!
//! Not here: sessions (none are needed, so none are made), streams, and what a verdict means for any traffic.

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

/// Where the server is. It is no route: no chain stands before it.
pub const PATH: &str = "/interceptors";

/// Who is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reach {
    /// Nobody.
    Nobody,
    /// Programs of this machine. On a network listener anybody could run every policy with payloads and configurations
    /// of their choice, to probe what passes, so there it takes the operator's word.
    #[default]
    Loopback,
    /// Whoever reaches the listener.
    Everyone,
}

/// The policies that are served, with what bounds a caller.
pub struct Interceptors {
    /// Who is served.
    pub reach: Reach,
    /// In the order in which they are listed.
    pub entries: Vec<ServedPolicy>,
    /// Most entries of one page of the list; `None` for one page.
    pub page_size: Option<usize>,
    /// Most bytes of a payload.
    pub max_body: usize,
    /// The longest that any call may take.
    pub call_cap: Duration,
    /// The chain that `interceptor/executeChain` runs and the time for it; `None` where the method does not exist.
    pub chain: Option<(Arc<Chain>, Duration)>,
}

/// One policy that is served.
pub struct ServedPolicy {
    /// What holds for it here; its name is the one that callers use.
    pub settings: Settings,
    /// What it says about itself.
    pub declaration: Declaration,
    /// How it is run.
    pub policy: Arc<dyn Configurable>,
}

/// A policy that callers may give a configuration of their own.
pub trait Configurable: Send + Sync {
    /// The policy as it was loaded.
    fn loaded(&self) -> Arc<dyn Interceptor>;

    /// The policy with that configuration (JSON text), ready before the deadline; the loaded one if it is the same.
    fn configured<'a>(
        &'a self,
        config: &'a str,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Interceptor>, ConfigError>>;
}

/// Why a caller's configuration cannot be used. The text is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The policy does not take it, or the host could not try it.
    #[error("{0}")]
    Refused(String),
    /// The time was over first.
    #[error("its time ran out")]
    Deadline,
}

/// Counts a request, and that its caller went away if it is dropped before it was answered.
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
    /// Those that can be invoked at all.
    fn served(&self) -> impl Iterator<Item = &ServedPolicy> {
        self.entries.iter().filter(|served| !served.settings.hooks.value.is_empty())
    }

    /// Every event that any of them hooks, for the capability.
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
            // The stateless revision says what is not there by status, too.
            let missing = failure.code == METHOD_NOT_FOUND && posted.era == Era::Stateless;
            let status = if missing { StatusCode::NOT_FOUND } else { StatusCode::OK };
            rpc::reply(status, rpc::error(id, &failure))
        }
    })
}

/// The methods. Those of tools, prompts and resources do not exist here.
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
