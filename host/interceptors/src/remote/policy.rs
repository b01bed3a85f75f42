//! A policy on another server, run within this host's limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::timeout_at;
use weir_core::{
    Admission, BoxFuture, Completed, Context, Deadline, Declaration, Ended, Fault, FaultKind, Interceptor, Invocation,
    Principal, Quarantine, Standing,
};

use super::answer::{self, Expected};
use super::server::{CallError, Link, Server};
use super::{RemoteAddress, RemoteOptions};

/// A server's error code for its own timeout.
const TIMEOUT: i64 = -32000;

/// If the server times out this close to our deadline, it was because of our deadline.
const TOGETHER: Duration = Duration::from_millis(10);

/// A policy on another server.
pub struct RemotePolicy {
    server: Arc<Server>,
    declaration: Declaration,
    config: Option<String>,
    options: RemoteOptions,
    quarantine: Quarantine,
    calls: AtomicU64,
    faults: [AtomicU64; 7],
    in_flight: AtomicU32,
}

/// Statistics of such a policy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RemoteStats {
    /// Calls, including refused and cancelled ones.
    pub calls: u64,
    /// Faults by kind, in the order of [`FaultKind::ALL`].
    pub faults: [u64; 7],
    /// Calls that run now.
    pub in_flight: u32,
    /// Whether it is quarantined.
    pub quarantined: bool,
    /// How often it was quarantined.
    pub quarantines: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvokeParams<'a> {
    name: &'a str,
    event: &'a str,
    phase: &'static str,
    payload: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a RawValue>,
    timeout_ms: u64,
    context: RequestContext<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext<'a> {
    principal: RequestPrincipal<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    span_id: Option<&'a str>,
    timestamp: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<&'a str>,
}

#[derive(Serialize)]
struct RequestPrincipal<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    claims: Option<&'a RawValue>,
}

/// Counts a running call. If it ends without a result, the quarantine learns that.
struct InFlight<'a> {
    policy: &'a RemotePolicy,
    concluded: bool,
}

impl RemotePolicy {
    pub(super) fn new(
        server: Arc<Server>,
        declaration: Declaration,
        config: Option<String>,
        options: RemoteOptions,
    ) -> Self {
        Self {
            server,
            declaration,
            config,
            options,
            quarantine: Quarantine::new(options.quarantine),
            calls: AtomicU64::new(0),
            faults: Default::default(),
            in_flight: AtomicU32::new(0),
        }
    }

    /// The same policy with another configuration (JSON text).
    pub fn with_config(&self, config: String) -> Self {
        Self::new(Arc::clone(&self.server), self.declaration.clone(), Some(config), self.options)
    }

    /// Its declaration.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// Where it runs.
    pub fn address(&self) -> &RemoteAddress {
        self.server.address()
    }

    /// The configuration that goes with each call.
    pub fn config(&self) -> Option<&str> {
        self.config.as_deref()
    }

    /// The revision used with its server, if known.
    pub fn revision(&self) -> Option<&'static str> {
        self.server.known_link().map(|link| match &*link {
            Link::Stateless => weir_mcp::Revision::V2026_07_28.as_str(),
            Link::Session { revision, .. } => revision.as_str(),
        })
    }

    /// Its statistics.
    pub fn stats(&self) -> RemoteStats {
        RemoteStats {
            calls: self.calls.load(Ordering::Relaxed),
            faults: self.faults.each_ref().map(|count| count.load(Ordering::Relaxed)),
            in_flight: self.in_flight.load(Ordering::Relaxed),
            quarantined: self.quarantine.is_aside(),
            quarantines: self.quarantine.entered(),
        }
    }

    async fn run(&self, invocation: Invocation<'_>) -> Completed {
        let start = Instant::now();
        let mut in_flight = InFlight::new(self);
        if let Admission::SetAside(rest) = self.quarantine.admit(start) {
            in_flight.concluded = true;
            self.faults[FaultKind::Unavailable.index()].fetch_add(1, Ordering::Relaxed);
            let message = format!("quarantined after repeated failures, for another {} ms", rest.as_millis());
            let ended = Ended::Fault(Fault::new(FaultKind::Unavailable, message));
            return Completed { ended, elapsed: start.elapsed(), fuel: None };
        }
        let ended = self.bounded(&invocation, start).await;
        let elapsed = start.elapsed();
        self.conclude(&ended, &invocation, elapsed);
        in_flight.concluded = true;
        Completed { ended, elapsed, fuel: None }
    }

    async fn bounded(&self, invocation: &Invocation<'_>, start: Instant) -> Ended {
        let deadline = invocation.limits.deadline(start, self.options.call_cap);
        if deadline.is_the_chains && start >= deadline.at {
            return Ended::ChainDeadline;
        }
        let params = match self.params(invocation, deadline, start) {
            Ok(params) => params,
            Err(error) => return Ended::Fault(Fault::new(FaultKind::Unavailable, error.to_string())),
        };
        let result = timeout_at(deadline.at.into(), self.server.call("interceptor/invoke", &params)).await;
        match result {
            Err(_) => deadline.ended(start),
            Ok(Err(CallError::Error { code: TIMEOUT, .. })) if Instant::now() + TOGETHER >= deadline.at => {
                deadline.ended(start)
            }
            Ok(Err(error)) => Ended::Fault(fault(&error)),
            Ok(Ok(result)) => {
                let expected = Expected {
                    name: self.declaration.name.as_str(),
                    kind: self.declaration.kind,
                    phase: invocation.event.phase,
                    payload: &invocation.payload,
                };
                match answer::outcome(&expected, &result) {
                    Ok(outcome) => Ended::Outcome(outcome),
                    Err(fault) => Ended::Fault(fault),
                }
            }
        }
    }

    /// The params of a call. The payload goes as the text that it is.
    fn params<'a>(
        &'a self,
        invocation: &'a Invocation<'_>,
        deadline: Deadline,
        start: Instant,
    ) -> Result<InvokeParams<'a>, serde_json::Error> {
        let event = invocation.event;
        let left = deadline.at.saturating_duration_since(start).as_millis().max(1);
        Ok(InvokeParams {
            name: self.declaration.name.as_str(),
            event: event.name.as_str(),
            phase: event.phase.as_str(),
            payload: serde_json::from_str(invocation.payload.text())?,
            config: self.config.as_deref().map(serde_json::from_str).transpose()?,
            timeout_ms: u64::try_from(left).unwrap_or(u64::MAX),
            context: RequestContext::of(&event.context),
        })
    }

    fn conclude(&self, ended: &Ended, invocation: &Invocation<'_>, elapsed: Duration) {
        let fault = match ended.held_against(elapsed) {
            Standing::Good => return self.quarantine.succeeded(),
            Standing::Unknown => return self.quarantine.abandoned(),
            Standing::Failed(fault) => fault,
        };
        self.faults[fault.kind.index()].fetch_add(1, Ordering::Relaxed);
        let call_ref = invocation.event.context.call_ref.as_deref().unwrap_or("-");
        let (policy, server) = (&self.declaration.name, &self.address().url);
        tracing::warn!(%policy, %server, call_ref, event = %invocation.event.name, "remote policy failed: {fault}");
        if let Some(length) = self.quarantine.failed(Instant::now()) {
            tracing::warn!(%policy, %server, "quarantined for {} ms after repeated failures", length.as_millis());
        }
    }
}

impl Interceptor for RemotePolicy {
    fn invoke<'a>(&'a self, invocation: Invocation<'a>) -> BoxFuture<'a, Completed> {
        Box::pin(self.run(invocation))
    }
}

impl<'a> RequestContext<'a> {
    /// The members that the protocol defines; the rest of the context is not sent.
    fn of(context: &'a Context) -> Self {
        let Context {
            principal: Principal { kind, id, claims },
            session_id,
            trace_id,
            span_id,
            timestamp,
            agent_id: _,
            action_name: _,
            call_ref: _,
            route: _,
            server: _,
            protocol_revision: _,
        } = context;
        Self {
            principal: RequestPrincipal {
                kind: kind.as_str(),
                id: id.as_deref(),
                claims: claims.as_deref().and_then(|claims| serde_json::from_str(claims).ok()),
            },
            trace_id: trace_id.as_deref(),
            span_id: span_id.as_deref(),
            timestamp,
            session_id: session_id.as_deref(),
        }
    }
}

/// The fault of a failed call.
fn fault(error: &CallError) -> Fault {
    let kind = match error {
        CallError::Unreachable(_) | CallError::SessionLost => FaultKind::Unavailable,
        CallError::Status(status) if status.is_server_error() => FaultKind::Unavailable,
        CallError::Status(_) => FaultKind::Refused,
        CallError::Garbage(_) => FaultKind::Output,
        CallError::Error { code: TIMEOUT, .. } => FaultKind::Deadline,
        CallError::Error { .. } => FaultKind::Refused,
    };
    Fault::new(kind, error.to_string())
}

impl<'a> InFlight<'a> {
    fn new(policy: &'a RemotePolicy) -> Self {
        policy.calls.fetch_add(1, Ordering::Relaxed);
        policy.in_flight.fetch_add(1, Ordering::Relaxed);
        Self { policy, concluded: false }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.policy.in_flight.fetch_sub(1, Ordering::Relaxed);
        if !self.concluded {
            self.policy.quarantine.abandoned();
        }
    }
}
