//! The port through which the gateway tells what happened. It is called on the hot path, so whoever
//! implements it must only count.

use std::time::Duration;

use http::{Method, StatusCode};
use weir_core::ChainResult;

/// Where the gateway reports what happened.
pub trait Telemetry: Send + Sync {
    /// A chain ended with a verdict.
    fn chain(&self, route: &str, result: &ChainResult, elapsed: Duration);
    /// The caller went away before its reply was complete. Whatever still ran for it was cancelled, unless its
    /// protocol has the exchange go on.
    fn cancelled(&self, route: &str);
    /// A reply went out completely.
    fn exchange(&self, exchange: &ExchangeReport<'_>);
}

/// One exchange that was answered to its end.
#[derive(Debug, Clone, Copy)]
pub struct ExchangeReport<'a> {
    /// The route's name; empty where no route has the path.
    pub route: &'a str,
    /// The word for the route's protocol; `http` where there is no route.
    pub protocol: &'static str,
    /// The caller's method.
    pub method: &'a Method,
    /// What was answered.
    pub status: StatusCode,
    /// From the request's head to the end of the reply.
    pub elapsed: Duration,
    /// From sending the request on to the head of the upstream's response, where there was one.
    pub upstream_elapsed: Option<Duration>,
    /// The identifier of the refusal (`urn:weir:…`) if the gateway answered by itself.
    pub refusal: Option<&'static str>,
    /// The exchange's reference.
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
