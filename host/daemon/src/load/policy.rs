//! A running policy, local or remote.

use std::sync::Arc;
use std::time::Instant;

use weir_core::{BoxFuture, Declaration, Interceptor};
use weir_engine::PolicyStats;
use weir_interceptors::remote::{RemotePolicy, RemoteStats};
use weir_interceptors::{ConfigError, Configurable};

/// A running policy. Clones share it.
#[derive(Clone)]
pub enum Policy {
    /// A component in a local sandbox.
    Component(Arc<weir_engine::Policy>),
    /// An interceptor on another server.
    Remote(Arc<RemotePolicy>),
}

impl Policy {
    /// Its declaration.
    pub fn declaration(&self) -> &Declaration {
        match self {
            Self::Component(policy) => policy.declaration(),
            Self::Remote(policy) => policy.declaration(),
        }
    }

    /// How a chain runs it.
    pub fn interceptor(&self) -> Arc<dyn Interceptor> {
        match self {
            Self::Component(policy) => Arc::clone(policy) as _,
            Self::Remote(policy) => Arc::clone(policy) as _,
        }
    }

    /// Its counters.
    pub fn stats(&self) -> PolicyStats {
        match self {
            Self::Component(policy) => policy.stats(),
            Self::Remote(policy) => {
                let RemoteStats { calls, faults, in_flight, quarantined, quarantines } = policy.stats();
                let nothing = PolicyStats::default();
                PolicyStats { calls, faults, in_flight, quarantined, quarantines, ..nothing }
            }
        }
    }
}

impl Configurable for Policy {
    fn loaded(&self) -> Arc<dyn Interceptor> {
        self.interceptor()
    }

    fn configured<'a>(
        &'a self,
        config: &'a str,
        deadline: Instant,
    ) -> BoxFuture<'a, Result<Arc<dyn Interceptor>, ConfigError>> {
        Box::pin(async move {
            match self {
                Self::Component(policy) => match policy.configured(config, deadline).await {
                    Ok(configured) => Ok(configured as _),
                    Err(weir_engine::ConfigError::Deadline) => Err(ConfigError::Deadline),
                    Err(error) => Err(ConfigError::Refused(error.to_string())),
                },
                // Each call queries its server anyway, so there is nothing to keep.
                Self::Remote(policy) => {
                    let schema = policy.declaration().config_schema.as_deref();
                    weir_engine::check_config(schema, config)
                        .map_err(|causes| ConfigError::Refused(causes.join("; ")))?;
                    Ok(Arc::new(policy.with_config(config.to_owned())) as _)
                }
            }
        })
    }
}
