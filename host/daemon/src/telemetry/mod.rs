//! What the daemon tells about itself: logs on standard error, metrics for whoever scrapes them.

mod gateway;
mod labels;
mod logs;
mod metrics;
mod policy_series;

pub use gateway::GatewayTelemetry;
pub use logs::{LogFormat, install};
pub use metrics::{Metrics, ReloadOutcome};
