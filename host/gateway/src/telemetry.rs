//! The port for the gateway's telemetry. It is called on the hot path, so implementations must only count.

use std::time::Duration;

use http::{Method, StatusCode};
use weir_core::ChainResult;

/// Receives the gateway's reports.
pub trait Telemetry: Send + Sync {
    /// A chain ended with a verdict.
    fn chain(&self, route: &str, result: &ChainResult, elapsed: Duration);
    /// The caller went away before its reply was complete. What still ran for it was cancelled, unless its protocol
    /// lets the exchange continue.
    fn cancelled(&self, route: &str);
    /// A reply was sent completely.
    fn exchange(&self, exchange: &ExchangeReport<'_>);
}

/// One exchange that was answered completely.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeReport<'a> {
    /// The route's name; empty if no route matches the path.
    pub route: &'a str,
    /// The name of the route's protocol; `http` without a route.
    pub protocol: &'static str,
    /// The caller's method.
    pub method: &'a Method,
    /// The status of the reply.
    pub status: StatusCode,
    /// From the request's head to the end of the reply.
    pub elapsed: Duration,
    /// From forwarding the request to the head of the upstream's response, if there was one.
    pub upstream_elapsed: Option<Duration>,
    /// The refusal's identifier (`urn:weir:…`) if the gateway replied itself.
    pub refusal: Option<&'static str>,
    /// The call reference.
    pub call_ref: &'a str,
}

/// Reports nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Telemetry for Silent {
    fn chain(&self, _: &str, _: &ChainResult, _: Duration) {}
    fn cancelled(&self, _: &str) {}
    fn exchange(&self, _: &ExchangeReport<'_>) {}
}
