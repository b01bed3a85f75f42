//! The client for upstreams, with one connection pool for all of them.
//!
//! Invariants: a request is sent once. The pool retries on another connection only if the first one was closed before
//! any of the request was written, which is safe for every method.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioTimer;
use tokio::time::{Instant, sleep_until};

use crate::body::RequestBody;
use crate::chain_of;
use crate::options::ClientOptions;
use crate::tasks::OwnedTasks;

/// Sends requests.
pub struct Client {
    pool: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, RequestBody>,
    response_timeout: Duration,
}

/// How long the head of a response may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// The configured timeout.
    Limited,
    /// No timeout, as long as the caller stays: the response is a stream of future events.
    Endless,
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The peer could not be reached or closed the connection; the cause is for the log.
    #[error("{0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("it did not answer in time")]
    Timeout,
    /// It switched protocols without being asked.
    #[error("the upstream switched protocols without being asked")]
    Switched,
}

impl Client {
    /// A client without connections.
    pub fn new(options: &ClientOptions) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(options.connect_timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls())
            .https_or_http()
            .enable_all_versions()
            .wrap_connector(tcp);
        let pool = hyper_util::client::legacy::Client::builder(OwnedTasks::default())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(options.pool_idle_timeout)
            .pool_max_idle_per_host(options.pool_max_idle)
            .set_host(false)
            .build(connector);
        Self { pool, response_timeout: options.response_timeout }
    }

    /// Sends a request and waits for the head of its response.
    pub async fn send(
        &self,
        request: Request<RequestBody>,
        patience: Patience,
    ) -> Result<Response<Incoming>, SendError> {
        let progress = request.body().progress();
        let mut answer = std::pin::pin!(self.pool.request(request));
        let mut deadline = Instant::now() + self.response_timeout;
        loop {
            tokio::select! {
                biased;
                answer = &mut answer => return match answer {
                    Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => Err(SendError::Switched),
                    Ok(response) => Ok(response),
                    Err(error) => Err(SendError::Unreachable(chain_of(&error))),
                },
                () = sleep_until(deadline), if patience == Patience::Limited => {
                    let moved = progress.as_ref().map_or(deadline, |progress| progress.last() + self.response_timeout);
                    if moved <= deadline {
                        return Err(SendError::Timeout);
                    }
                    deadline = moved;
                }
            }
        }
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
