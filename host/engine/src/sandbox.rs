//! The host state of one running guest: its call, its limits and its usage.
//!
//! This is the data of a wasmtime store. It lives for one call, or for several if the operator chose reuse; then
//! [`Sandbox::begin`] resets it.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use weir_core::state::StateStore;
use weir_core::{Event, Payload};

use crate::capability::{GuestLog, LazyWasi, Outbound};
use crate::limiter::Limiter;
use crate::options::{Grants, PolicyLimits};

/// Shared by all instances of a policy.
pub struct Shared {
    /// The policy's name in this gateway.
    pub name: Arc<str>,
    /// Its limits.
    pub limits: PolicyLimits,
    /// Its grants.
    pub grants: Grants,
    /// Where its state is stored.
    pub state: Arc<dyn StateStore>,
    /// Where its log lines go.
    pub log: GuestLog,
}

/// The current call.
pub struct Call {
    /// The event.
    pub event: Event,
    /// The payload as the policies before left it.
    pub payload: Arc<Payload>,
}

/// The host state of one running guest.
pub struct Sandbox {
    /// Shared by all instances.
    pub shared: Arc<Shared>,
    /// The current call; none during load.
    pub call: Option<Call>,
    /// Limits on memory and tables.
    pub limiter: Limiter,
    /// Handles held by the guest.
    pub table: ResourceTable,
    /// WASI, created on first use.
    pub wasi: LazyWasi,
    /// Outbound HTTP, created on first use.
    pub outbound: Option<Box<Outbound>>,
    /// The guest's deadline; none once it has ended.
    pub deadline: Instant,
    host_calls_left: u32,
}

/// Stops a guest that ran out of time.
#[derive(Debug, thiserror::Error)]
#[error("its time ran out")]
pub struct OutOfTime;

/// Stops a guest because the host declined a request.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Declined(pub String);

impl Sandbox {
    /// A sandbox without a call.
    pub fn new(shared: Arc<Shared>, deadline: Instant) -> Self {
        Self {
            limiter: Limiter::new(shared.limits.memory, shared.limits.table_elements),
            host_calls_left: shared.limits.host_calls,
            shared,
            call: None,
            table: ResourceTable::new(),
            wasi: LazyWasi::default(),
            outbound: None,
            deadline,
        }
    }

    /// Prepares for a call. Memory grown by an earlier call still counts.
    pub fn begin(&mut self, call: Call, deadline: Instant) {
        self.call = Some(call);
        self.deadline = deadline;
        self.host_calls_left = self.shared.limits.host_calls;
        self.table = ResourceTable::new();
        self.wasi = LazyWasi::default();
        self.outbound = None;
    }

    /// Counts a host call; stops the guest if it makes too many.
    pub fn enter(&mut self) -> wasmtime::Result<()> {
        match self.host_calls_left.checked_sub(1) {
            Some(left) => {
                self.host_calls_left = left;
                Ok(())
            }
            None => {
                let most = self.shared.limits.host_calls;
                Err(Declined(format!("it made more than {most} calls into the host")).into())
            }
        }
    }

    /// The current call, for a host function; stops the guest if there is none, as in `describe` and `configure`.
    pub fn call(&self) -> wasmtime::Result<&Call> {
        self.call.as_ref().ok_or_else(|| Declined("there is no call outside of intercept".into()).into())
    }
}
