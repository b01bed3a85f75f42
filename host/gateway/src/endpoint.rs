//! The gateway's own endpoints: paths that are not routes and have no chain.

use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use weir_http::origin::{Admission, Exposure};
use weir_http::{Body, Incoming};

use crate::reference::CallRef;
use crate::telemetry::Telemetry;

/// An endpoint that the gateway serves itself.
#[async_trait]
pub trait Endpoint: Send + Sync {
    /// Whether a request is for this endpoint.
    fn is_at(&self, path: &str, exposure: Exposure) -> bool;

    /// Answers a request in any case, and reports it.
    async fn answer(&self, visit: Visit<'_>, request: Request<Incoming>) -> Response<Body>;
}

/// What is known of a request to an endpoint.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// Its call reference.
    pub reference: &'a CallRef,
    /// Who can reach its listener.
    pub exposure: Exposure,
    /// Allowed hosts and origins.
    pub admission: &'a Admission,
    /// Where to report it.
    pub telemetry: &'a dyn Telemetry,
    /// Timeout for reading the body.
    pub body_read_timeout: Duration,
    /// The epoch of its running set.
    pub epoch: u64,
}
