//! The daemon's telemetry: logs on standard error, and metrics to scrape.

mod gateway;
mod labels;
mod logs;
mod metrics;
mod policy_series;

pub use gateway::GatewayTelemetry;
pub use logs::{LogFormat, install};
pub use metrics::{Metrics, ReloadOutcome};
