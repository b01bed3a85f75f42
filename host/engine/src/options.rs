//! What the operator chooses for the engine and for one policy.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use weir_core::state::StateStore;
use weir_core::{InterceptorName, QuarantineOptions};

/// Choices for all policies.
#[derive(Clone)]
pub struct EngineOptions {
    /// Where compiled code is kept; `None` compiles at every start.
    pub cache_dir: Option<PathBuf>,
    /// Where policies keep state between calls.
    pub state: Arc<dyn StateStore>,
    /// Most instances that exist at the same time; further calls wait for one until their deadline.
    pub max_instances: u32,
    /// Longest time that any invocation may take, whatever else is configured.
    pub call_cap: Duration,
    /// When a failing policy is set aside.
    pub quarantine: QuarantineOptions,
}

/// Choices for one policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyOptions {
    /// The operator's name for this entry; absent means the declared one.
    pub alias: Option<InterceptorName>,
    /// Configuration as JSON text; absent means `{}`.
    pub config: Option<String>,
    /// Bounds.
    pub limits: PolicyLimits,
    /// What it may reach beyond its call.
    pub grants: Grants,
    /// Whether instructions are counted.
    pub metering: Metering,
    /// Whether instances serve more than one call.
    pub reuse: Reuse,
}

/// Bounds of one policy, for each call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLimits {
    /// Bytes of linear memory. The default lets a Python guest run and is reached by a runaway within milliseconds.
    pub memory: usize,
    /// Elements over all tables.
    pub table_elements: usize,
    /// Bytes that one answer or one argument of a host call may have.
    pub output: usize,
    /// Calls into the host.
    pub host_calls: u32,
    /// Time for `configure`, once at load.
    pub configure_timeout: Duration,
    /// Bytes of the component file.
    pub component_size: usize,
}

/// What a policy may reach beyond its call. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The real clocks instead of the call's timestamp.
    pub clock: bool,
    /// Real randomness instead of numbers seeded from the call.
    pub random: bool,
    /// Outbound HTTP to these origins (`https://host[:port]`).
    pub http: Vec<String>,
}

/// Whether instructions are counted. Counting costs a guest that computes up to a third.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Metering {
    /// Only where the chain gives a budget.
    #[default]
    Off,
    /// Always, so that budgets hold and the fuel used is reported.
    Always,
}

/// Whether an instance serves more than one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Each call gets a fresh one.
    #[default]
    Never,
    /// An instance serves so many calls; what one leaves in memory is there for the next.
    UpTo(u32),
}

impl EngineOptions {
    /// The defaults, over that store.
    pub fn new(state: Arc<dyn StateStore>) -> Self {
        Self {
            cache_dir: None,
            state,
            max_instances: 256,
            call_cap: Duration::from_secs(10),
            quarantine: QuarantineOptions::default(),
        }
    }
}

impl Default for PolicyLimits {
    fn default() -> Self {
        Self {
            memory: 32 << 20,
            table_elements: 20_000,
            output: 8 << 20,
            host_calls: 10_000,
            configure_timeout: Duration::from_secs(10),
            component_size: 64 << 20,
        }
    }
}
