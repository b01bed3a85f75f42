//! The admin surface: health, metrics, policies, routes, running a chain, contexts, records, trust and handoffs.
//!
//! Invariants: web pages of other origins cannot reach it; with a token, only health and readiness work without it;
//! errors are `application/problem+json`.
//!
//! Not here: the data. It comes from the [`AdminSource`] and the [`RecordSource`].

mod answer;
mod auth;
mod chain_request;
mod context_form;
mod contexts;
mod error;
mod handoffs;
mod policies;
mod query;
mod record_source;
mod records;
mod resource;
mod routes;
mod source;
mod summary;
mod trust;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Request, Response};
use tokio::net::TcpListener;
use weir_gateway::{CallRef, WEIR_CALL_REF};
use weir_http::Body;
use weir_http::Incoming;
use weir_http::origin::Exposure;
use weir_http::{ListenerOptions, listener};

use crate::error::AdminError;
use answer::{json, read_body, text};
use auth::Token;
use resource::Resource;

pub use chain_request::{ChainRequest, Malformed};
pub use policies::{Policy, PolicyList, PolicyLoad, PolicyStats, Reload, Remote};
pub use record_source::{
    AddedEndpoint, AuditEntry, AuditFilter, NewEndpoint, Page, PageRequest, RecordFilter, RecordSource, SourceError,
    WhichEndpoint,
};
pub use routes::{Route, RouteList};
pub use source::{AdminSource, ChainRequestError, ChainResponse};
pub use summary::{AuditSummary, JobSummary, Summary, TrustSummary, WriterSummary};

/// Largest body of `POST /v1/chain`.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Most connections to the admin surface: operators, a scraper, probes.
const MAX_CONNECTIONS: usize = 256;

struct Admin {
    source: Arc<dyn AdminSource>,
    token: Option<Token>,
    exposure: Exposure,
}

/// Serves the admin surface until the shutdown future ends. With a token, every path but `/healthz` and
/// `/readyz` requires it as a bearer token.
pub async fn serve(
    listener: TcpListener,
    source: Arc<dyn AdminSource>,
    token: Option<String>,
    shutdown: impl Future<Output = ()>,
) {
    let options = ListenerOptions {
        max_connections: MAX_CONNECTIONS,
        drain_timeout: Duration::from_secs(5),
        ..ListenerOptions::default()
    };
    let exposure = Exposure::of(&listener);
    let admin = Arc::new(Admin { source, token: token.map(Token::new), exposure });
    let answer = move |request| answer(Arc::clone(&admin), request);
    listener::serve(listener, &options, answer, shutdown).await;
}

async fn answer(admin: Arc<Admin>, request: Request<Incoming>) -> Response<Body> {
    let reference = CallRef::new();
    let result = AssertUnwindSafe(admin.answer(request)).catch_unwind().await.unwrap_or(Err(AdminError::Internal));
    let mut response = result.unwrap_or_else(|error: AdminError| error.respond(&reference).map(Body::whole));
    response.headers_mut().insert(WEIR_CALL_REF, reference.header());
    response
}

impl Admin {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, AdminError> {
        self.exposure.check_same_origin(&request)?;
        let uri = request.uri().clone();
        let resource = Resource::at(uri.path());
        let is_open = resource.is_some_and(Resource::is_open);
        match &self.token {
            Some(token) if !is_open && !token.is_given(request.headers()) => return Err(AdminError::Unauthorized),
            _ => {}
        }
        let resource =
            resource.ok_or_else(|| AdminError::NotFound("the admin surface has nothing at this path".to_owned()))?;
        resource.check(request.method())?;
        match resource {
            Resource::Health => Ok(text("text/plain; charset=utf-8", "ok\n")),
            Resource::Ready => match self.source.ready() {
                Ok(()) => Ok(text("text/plain; charset=utf-8", "ready\n")),
                Err(reason) => Err(AdminError::NotReady(reason)),
            },
            Resource::Metrics => {
                Ok(text("application/openmetrics-text; version=1.0.0; charset=utf-8", self.source.metrics()))
            }
            Resource::Policies => json(&self.source.policies()),
            Resource::Routes => json(&self.source.routes()),
            Resource::Chain => self.chain(request.into_body()).await,
            Resource::Contexts => contexts::answer(&self.source.contexts(), request).await,
            Resource::Context(token) => contexts::end(&self.source.contexts(), token),
            Resource::Records => records::rows(&*self.records()?, &uri).await,
            Resource::Record(id) => records::row(&*self.records()?, id, &uri).await,
            Resource::LatestRecord => records::latest(&*self.records()?, &uri).await,
            Resource::RecordSummary => records::summary(&*self.records()?).await,
            Resource::RecordMode => records::mode(&*self.records()?, request).await,
            Resource::Endpoints => trust::answer(&*self.records()?, request).await,
            Resource::Endpoint(id) => trust::revoke(&*self.records()?, None, WhichEndpoint::Id(id.to_owned())).await,
            Resource::Handoffs => handoffs::build(&*self.records()?, request.into_body()).await,
            Resource::HandoffEvaluation => handoffs::evaluate(&*self.records()?, request.into_body()).await,
            Resource::AuditEvents => records::audit_events(&*self.records()?, &uri).await,
        }
    }

    fn records(&self) -> Result<Arc<dyn RecordSource>, AdminError> {
        self.source.records().ok_or_else(|| AdminError::NotFound("this gateway keeps no records".to_owned()))
    }

    async fn chain(&self, body: Incoming) -> Result<Response<Body>, AdminError> {
        let body = read_body(body, MAX_BODY).await?;
        let request = ChainRequest::read(&body).map_err(|error| AdminError::BadRequest(error.to_string()))?;
        let ChainResponse { result, elapsed } = self.source.run_chain(request).await.map_err(|error| match error {
            ChainRequestError::UnknownRoute(_) | ChainRequestError::UnknownInterceptor(_) => {
                AdminError::NotFound(error.to_string())
            }
            ChainRequestError::Malformed(detail) => AdminError::BadRequest(detail),
        })?;
        json(&weir_mcp::interceptors::chain_result(&result, elapsed))
    }
}
