//! Places of the gateway itself: paths that are no routes, with no chain before them.

use std::time::Duration;

use async_trait::async_trait;
use http::{Request, Response};
use weir_http::origin::{Admission, Exposure};
use weir_http::{Body, Incoming};

use crate::reference::CallRef;
use crate::telemetry::Telemetry;

/// Something that the gateway serves by itself.
#[async_trait]
pub trait Endpoint: Send + Sync {
    /// Whether a request belongs to it.
    fn is_at(&self, path: &str, exposure: Exposure) -> bool;

    /// Answers a request, whatever happens, and reports it.
    async fn answer(&self, visit: Visit<'_>, request: Request<Incoming>) -> Response<Body>;
}

/// What is known of a request to an endpoint.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// Its reference.
    pub reference: &'a CallRef,
    /// Who can reach the listener that it came through.
    pub exposure: Exposure,
    /// Under which names, and from which pages, the gateway is reached.
    pub admission: &'a Admission,
    /// Where it is reported.
    pub telemetry: &'a dyn Telemetry,
    /// Time for the whole of a body.
    pub body_read_timeout: Duration,
    /// The epoch of the running set that it began with.
    pub epoch: u64,
}
