//! The admin surface: health, metrics, policies, routes, and running a chain.
//!
//! Invariants: a page in a browser cannot reach it; with a token, only health and readiness answer without it;
//! errors are `application/problem+json`.
//!
//! Not here: what it shows. That comes from the [`AdminSource`].

mod auth;
mod source;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use serde::Serialize;
use tokio::net::TcpListener;

use crate::body::ReplyBody;
use crate::call::CallRef;
use crate::headers::WEIR_CALL_REF;
use crate::listener;
use crate::options::GatewayOptions;
use crate::origin::Exposure;
use crate::read::{self, ReadError};
use crate::refusal::Refusal;
use auth::Token;

pub use crate::wire::{ChainRequest, PolicyList, RouteList};
pub use source::{AdminSource, ChainRequestError, ChainResponse};

/// Largest body of `POST /v1/chain`.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// Most connections to the admin surface: operators, a scraper, probes.
const MAX_CONNECTIONS: usize = 256;

/// What there is, with the methods it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource {
    Health,
    Ready,
    Metrics,
    Policies,
    Routes,
    Chain,
}

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
    let options = GatewayOptions {
        max_connections: MAX_CONNECTIONS,
        drain_timeout: Duration::from_secs(5),
        ..GatewayOptions::default()
    };
    let exposure = Exposure::of(&listener);
    let admin = Arc::new(Admin { source, token: token.map(Token::new), exposure });
    let answer = move |request| answer(Arc::clone(&admin), request);
    listener::serve(listener, &options, answer, shutdown).await;
}

async fn answer(admin: Arc<Admin>, request: Request<Incoming>) -> Response<ReplyBody> {
    let reference = CallRef::new();
    let answered = AssertUnwindSafe(admin.answer(request)).catch_unwind().await.unwrap_or(Err(Refusal::Internal));
    let mut response = answered.unwrap_or_else(|refusal| refusal.respond(Some(&reference)));
    response.headers_mut().insert(WEIR_CALL_REF, reference.header());
    response
}

impl Resource {
    fn at(path: &str) -> Option<Self> {
        match path {
            "/healthz" => Some(Self::Health),
            "/readyz" => Some(Self::Ready),
            "/metrics" => Some(Self::Metrics),
            "/v1/policies" => Some(Self::Policies),
            "/v1/routes" => Some(Self::Routes),
            "/v1/chain" => Some(Self::Chain),
            _ => None,
        }
    }

    /// Probes have no token; what they learn is that something listens.
    fn is_open(self) -> bool {
        matches!(self, Self::Health | Self::Ready)
    }

    fn check(self, method: &Method) -> Result<(), Refusal> {
        match self {
            Self::Chain if *method == Method::POST => Ok(()),
            Self::Chain => Err(Refusal::MethodNotAllowed("POST")),
            _ if *method == Method::GET || *method == Method::HEAD => Ok(()),
            _ => Err(Refusal::MethodNotAllowed("GET, HEAD")),
        }
    }
}

impl Admin {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<ReplyBody>, Refusal> {
        self.exposure.check_same_origin(&request)?;
        let resource = Resource::at(request.uri().path());
        let is_open = resource.is_some_and(Resource::is_open);
        match &self.token {
            Some(token) if !is_open && !token.is_given(request.headers()) => return Err(Refusal::Unauthorized),
            _ => {}
        }
        let resource =
            resource.ok_or_else(|| Refusal::NotFound("nothing is at this path of the admin surface".to_owned()))?;
        resource.check(request.method())?;
        match resource {
            Resource::Health => Ok(text("text/plain; charset=utf-8", "ok\n")),
            Resource::Ready => match self.source.ready() {
                Ok(()) => Ok(text("text/plain; charset=utf-8", "ready\n")),
                Err(reason) => Err(Refusal::NotReady(reason)),
            },
            Resource::Metrics => {
                Ok(text("application/openmetrics-text; version=1.0.0; charset=utf-8", self.source.metrics()))
            }
            Resource::Policies => json(&self.source.policies()),
            Resource::Routes => json(&self.source.routes()),
            Resource::Chain => self.chain(request.into_body()).await,
        }
    }

    async fn chain(&self, body: Incoming) -> Result<Response<ReplyBody>, Refusal> {
        let time = GatewayOptions::default().body_read_timeout;
        let body = read::whole(body, MAX_BODY, time).await.map_err(|error| match error {
            ReadError::TooLarge => Refusal::BodyTooLarge(MAX_BODY),
            ReadError::Slow => Refusal::BodyTimeout,
            ReadError::Broken(_) => Refusal::BadRequest("the body broke off".to_owned()),
        })?;
        let request = ChainRequest::read(&body.data).map_err(|error| Refusal::BadRequest(error.to_string()))?;
        let ChainResponse { result, elapsed } = self.source.run_chain(request).await.map_err(|error| match error {
            ChainRequestError::UnknownRoute(_) | ChainRequestError::UnknownInterceptor(_) => {
                Refusal::NotFound(error.to_string())
            }
            ChainRequestError::Malformed(detail) => Refusal::BadRequest(detail),
        })?;
        json(&crate::wire::chain_result(&result, elapsed))
    }
}

fn text(content_type: &'static str, text: impl Into<Bytes>) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::whole(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn json(value: &impl Serialize) -> Result<Response<ReplyBody>, Refusal> {
    let body = serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "an admin answer cannot be written");
        Refusal::Internal
    })?;
    Ok(text("application/json", body))
}
