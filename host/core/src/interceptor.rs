//! The port through which a chain runs a policy.
//!
//! Core does not know the implementation: a WebAssembly component, a remote interceptor, a closure in a test.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Event, Fault, FaultKind, Outcome, Payload};

/// The future returned by an interceptor.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Limits for one invocation. The implementation of [`Interceptor`] enforces them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Timeout, counted from the start of this invocation.
    pub timeout: Option<Duration>,
    /// The deadline of the whole chain.
    pub chain_deadline: Option<Instant>,
    /// Instruction budget.
    pub fuel: Option<u64>,
}

/// One invocation of one policy.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// The event.
    pub event: &'a Event,
    /// The payload as the policies before this one left it.
    pub payload: Arc<Payload>,
    /// Its limits.
    pub limits: Limits,
}

/// How an invocation ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// With an answer.
    Outcome(Outcome),
    /// With a failure of the policy.
    Fault(Fault),
    /// The chain's deadline passed before the policy reached its own limits.
    ChainDeadline,
}

/// The result of an invocation.
#[derive(Debug, Clone)]
pub struct Completed {
    /// How it ended.
    pub ended: Ended,
    /// How long it took.
    pub elapsed: Duration,
    /// Instructions used, if counted.
    pub fuel: Option<u64>,
}

/// The deadline of an invocation, and whether it is the chain's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Instant,
    /// Whether the chain's deadline comes before the policy's own.
    pub is_the_chains: bool,
}

/// What the end of an invocation means for the policy's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Good,
    /// Unknown: another policy may have used up the time.
    Unknown,
    /// It failed.
    Failed(Fault),
}

/// If the chain's deadline passes and one policy has used at least this much time, the timeout counts against it. Below
/// that, another policy may be the cause.
const BLAME_AFTER: Duration = Duration::from_millis(20);

impl Limits {
    /// The deadline of an invocation that starts at `start`, limited by the cap.
    pub fn deadline(&self, start: Instant, cap: Duration) -> Deadline {
        let own = start + self.timeout.map_or(cap, |timeout| timeout.min(cap));
        match self.chain_deadline {
            Some(chain) if chain < own => Deadline { at: chain, is_the_chains: true },
            _ => Deadline { at: own, is_the_chains: false },
        }
    }
}

impl Deadline {
    /// How an invocation ended if it had not answered by this deadline.
    pub fn ended(self, start: Instant) -> Ended {
        if self.is_the_chains {
            return Ended::ChainDeadline;
        }
        let allowed = self.at.saturating_duration_since(start).as_millis();
        Ended::Fault(Fault::new(FaultKind::Deadline, format!("it took longer than {allowed} ms")))
    }
}

impl Ended {
    /// What counts against a policy whose invocation ended this way after this time.
    pub fn held_against(&self, elapsed: Duration) -> Standing {
        match self {
            Self::Outcome(_) => Standing::Good,
            Self::ChainDeadline if elapsed < BLAME_AFTER => Standing::Unknown,
            Self::ChainDeadline => Standing::Failed(Fault::new(FaultKind::Deadline, "it used up the chain's time")),
            Self::Fault(fault) => Standing::Failed(fault.clone()),
        }
    }
}

/// A policy that can be invoked. Dropping the future cancels the invocation.
pub trait Interceptor: Send + Sync {
    /// Runs the policy once, within the limits.
    fn invoke<'a>(&'a self, invocation: Invocation<'a>) -> BoxFuture<'a, Completed>;
}
