//! The client towards upstreams: one pool of connections for all routes.
//!
//! Invariants: a request is sent once. The pool may try another connection only where the first one turned out
//! to be closed before anything of the request was written, which is safe for every method.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::ACCEPT_ENCODING;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioTimer;
use tokio::time::{Instant, sleep_until};

use crate::body::RequestBody;
use crate::call::Call;
use crate::headers;
use crate::options::GatewayOptions;
use crate::records::{AnswerBody, RequestTap, vouch};
use crate::refusal::{Refusal, chain_of};
use crate::tasks::OwnedTasks;

/// Sends requests to upstreams.
pub(crate) struct Upstream {
    client: Client<HttpsConnector<HttpConnector>, RequestBody>,
    response_timeout: Duration,
}

/// When a request's body last moved: an upload that moves is not a response that is late.
pub(crate) struct Progress {
    since: Instant,
    moved: AtomicU64,
}

/// How long the head of a response may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as the options say.
    Limited,
    /// As long as the caller stays: the response is a stream of what may happen some day.
    Endless,
}

/// Sends the request of an exchange to its upstream, and waits for the head of the response. Both are noted if the
/// exchange is recorded.
pub(crate) async fn ask(
    call: &Call,
    mut request: Request<RequestBody>,
    patience: Patience,
) -> Result<Response<AnswerBody>, Refusal> {
    if let Err(refusal) = vouch(call, request.uri()).await {
        if let Some(notes) = call.intercept.notes() {
            notes.unanswered(&refusal);
        }
        return Err(refusal);
    }
    let Some(notes) = call.intercept.notes() else {
        let response = ask_aside(call, request, patience).await?;
        return Ok(response.map(|body| AnswerBody::new(body, None)));
    };
    // A compressed answer could not be read by whoever reads the row.
    request.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    notes.sending(&request);
    let request = request.map(|body| body.noted(RequestTap::new(Arc::clone(notes))));
    match ask_aside(call, request, patience).await {
        Ok(response) => {
            notes.answering(&response);
            Ok(response.map(|body| AnswerBody::new(body, Some(Arc::clone(notes)))))
        }
        Err(refusal) => {
            notes.unanswered(&refusal);
            Err(refusal)
        }
    }
}

/// Sends a request that the gateway itself makes for an exchange, and waits for the head of the response.
pub(crate) async fn ask_aside(
    call: &Call,
    mut request: Request<RequestBody>,
    patience: Patience,
) -> Result<Response<Incoming>, Refusal> {
    call.trace().write(request.headers_mut());
    *request.version_mut() = Version::HTTP_11;
    let sent = std::time::Instant::now();
    let mut response = call.shared.upstream.send(request, patience).await?;
    call.upstream_answered(sent.elapsed());
    headers::clean_response(response.headers_mut());
    *response.version_mut() = Version::HTTP_11;
    Ok(response)
}

impl Upstream {
    pub(crate) fn new(options: &GatewayOptions) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(options.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let client = Client::builder(OwnedTasks::default())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.pool_idle_timeout)
            .pool_max_idle_per_host(options.pool_max_idle)
            .set_host(false)
            .build(connector);
        Self { client, response_timeout: options.response_timeout }
    }

    /// Sends a request and waits for the head of its response.
    pub(crate) async fn send(
        &self,
        request: Request<RequestBody>,
        patience: Patience,
    ) -> Result<Response<Incoming>, Refusal> {
        let progress = match request.body() {
            RequestBody::Streamed(_, progress) | RequestBody::Noted(_, progress, _) => Some(Arc::clone(progress)),
            RequestBody::Whole(_) => None,
        };
        let mut answer = std::pin::pin!(self.client.request(request));
        let mut deadline = Instant::now() + self.response_timeout;
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return match answer {
                    // Nobody asked to switch protocols, so this is not an answer.
                    Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                        Err(Refusal::UpstreamInvalid("the upstream switched protocols without being asked"))
                    }
                    Ok(response) => Ok(response),
                    Err(error) => Err(Refusal::UpstreamUnreachable(chain_of(&error))),
                },
                () = sleep_until(deadline), if patience == Patience::Limited => {
                    let moved = progress.as_ref().map_or(deadline, |progress| progress.last() + self.response_timeout);
                    if moved <= deadline {
                        return Err(Refusal::UpstreamTimeout);
                    }
                    deadline = moved;
                }
            }
        }
    }
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { since: Instant::now(), moved: AtomicU64::new(0) })
    }

    pub(crate) fn mark(&self) {
        let moved = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(moved, Ordering::Relaxed);
    }

    fn last(&self) -> Instant {
        self.since + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }
}

#[expect(clippy::expect_used, reason = "the versions and suites are those of the provider itself, so they always fit")]
fn tls() -> rustls::ClientConfig {
    use hyper_rustls::ConfigBuilderExt;
    rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default versions")
        .with_webpki_roots()
        .with_no_client_auth()
}
