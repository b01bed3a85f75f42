//! Counts the gateway's events. The gateway itself logs denials, since it knows more about them.

use std::sync::Arc;
use std::time::Duration;

use weir_core::ChainResult;
use weir_gateway::{ExchangeReport, Telemetry};

use super::metrics::Metrics;

/// Counts the gateway's events.
pub struct GatewayTelemetry {
    metrics: Arc<Metrics>,
}

impl GatewayTelemetry {
    /// Counts into these metrics.
    pub fn new(metrics: Arc<Metrics>) -> Self {
        Self { metrics }
    }
}

impl Telemetry for GatewayTelemetry {
    fn chain(&self, route: &str, result: &ChainResult, elapsed: Duration) {
        self.metrics.chain(route, result, elapsed);
    }

    fn cancelled(&self, route: &str) {
        self.metrics.cancelled(route);
        tracing::debug!(target: "weir::exchange", route, "the caller went away");
    }

    fn exchange(&self, exchange: &ExchangeReport<'_>) {
        self.metrics.exchange(exchange);
        tracing::debug!(
            target: "weir::exchange",
            route = exchange.route,
            method = %exchange.method,
            status = exchange.status.as_u16(),
            refusal = exchange.refusal.unwrap_or("none"),
            call_ref = exchange.call_ref,
            elapsed_us = u64::try_from(exchange.elapsed.as_micros()).unwrap_or(u64::MAX),
            "answered"
        );
    }
}
