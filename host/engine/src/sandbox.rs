//! What stands behind one running guest: its call, its bounds and what it has used of them.
//!
//! This is the data of a wasmtime store. It lives for one call, or for several where the operator chose reuse;
//! then [`Sandbox::begin`] makes it new.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::ResourceTable;
use weir_core::state::StateStore;
use weir_core::{Event, Payload};

use crate::capability::{GuestLog, LazyWasi, Outbound};
use crate::limiter::Limiter;
use crate::options::{Grants, PolicyLimits};

/// What all instances of one policy share.
pub struct Shared {
    /// The policy's name in this gateway.
    pub name: Arc<str>,
    /// Its bounds.
    pub limits: PolicyLimits,
    /// What it may reach.
    pub grants: Grants,
    /// Where its state is kept.
    pub state: Arc<dyn StateStore>,
    /// Where its log lines go.
    pub log: GuestLog,
}

/// The call at hand.
pub struct Call {
    /// What happened.
    pub event: Event,
    /// The payload as the policies before left it.
    pub payload: Arc<Payload>,
}

/// What stands behind one running guest.
pub struct Sandbox {
    /// What all instances share.
    pub shared: Arc<Shared>,
    /// The call at hand; none while the component is loaded.
    pub call: Option<Call>,
    /// Bounds on memory and tables.
    pub limiter: Limiter,
    /// Handles that the guest holds.
    pub table: ResourceTable,
    /// WASI, made when it is first used.
    pub wasi: LazyWasi,
    /// Outbound HTTP, made when it is first used.
    pub outbound: Option<Box<Outbound>>,
    /// When the guest is cut off; none once it has ended.
    pub deadline: Instant,
    host_calls_left: u32,
}

/// Ends a guest whose time is over.
#[derive(Debug, thiserror::Error)]
#[error("its time ran out")]
pub struct OutOfTime;

/// Ends a guest that the host refuses to serve further.
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

    /// Makes ready for a call. Memory that an earlier call grew stays counted.
    pub fn begin(&mut self, call: Call, deadline: Instant) {
        self.call = Some(call);
        self.deadline = deadline;
        self.host_calls_left = self.shared.limits.host_calls;
        self.table = ResourceTable::new();
        self.wasi = LazyWasi::default();
        self.outbound = None;
    }

    /// Counts a call into the host; ends the guest if it makes too many.
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

    /// The call at hand, for a host function; ends the guest if there is none, as in `describe` and `configure`.
    pub fn call(&self) -> wasmtime::Result<&Call> {
        self.call.as_ref().ok_or_else(|| Declined("there is no call outside of intercept".into()).into())
    }
}
