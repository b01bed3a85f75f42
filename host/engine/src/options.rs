//! The operator's options for the engine and for one policy.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use weir_core::state::StateStore;
use weir_core::{InterceptorName, QuarantineOptions};

/// Options for all policies.
#[derive(Clone)]
pub struct EngineOptions {
    /// Where compiled code is cached; `None` compiles at every start.
    pub cache_dir: Option<PathBuf>,
    /// Where policies keep state between calls.
    pub state: Arc<dyn StateStore>,
    /// Maximum number of concurrent instances; further calls wait for one until their deadline.
    pub max_instances: u32,
    /// Maximum time of any invocation, whatever else is configured.
    pub call_cap: Duration,
    /// When a failing policy is quarantined.
    pub quarantine: QuarantineOptions,
}

/// Options for one policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyOptions {
    /// The operator's name for this entry; absent means the declared name.
    pub alias: Option<InterceptorName>,
    /// Configuration as JSON text; absent means `{}`.
    pub config: Option<String>,
    /// Limits.
    pub limits: PolicyLimits,
    /// What it is granted beyond its call.
    pub grants: Grants,
    /// Whether instructions are counted.
    pub metering: Metering,
    /// Whether instances serve more than one call.
    pub reuse: Reuse,
}

/// Limits of one policy, per call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyLimits {
    /// Bytes of linear memory. The default is enough for a Python guest; a runaway guest reaches it within
    /// milliseconds.
    pub memory: usize,
    /// Elements in all tables together.
    pub table_elements: usize,
    /// Maximum size of one answer, or of one argument of a host call, in bytes.
    pub output: usize,
    /// Maximum number of host calls.
    pub host_calls: u32,
    /// Timeout of `configure`, once at load.
    pub configure_timeout: Duration,
    /// Maximum size of the component file, in bytes.
    pub component_size: usize,
}

/// What a policy is granted beyond its call. Nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// The real clock instead of the call's timestamp.
    pub clock: bool,
    /// Real randomness instead of numbers seeded from the call.
    pub random: bool,
    /// Outbound HTTP to these origins (`https://host[:port]`).
    pub http: Vec<String>,
}

/// Whether instructions are counted. Counting slows down a compute-bound guest by up to a third.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Metering {
    /// Only if the chain sets a budget.
    #[default]
    Off,
    /// Always, so that budgets apply and the fuel used is reported.
    Always,
}

/// Whether an instance serves more than one call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reuse {
    /// Each call gets a fresh instance.
    #[default]
    Never,
    /// An instance serves this many calls; the memory of one call is visible to the next.
    UpTo(u32),
}

impl EngineOptions {
    /// The defaults, with that store.
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
