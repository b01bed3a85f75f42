//! The port through which a chain runs a policy.
//!
//! Core does not know what stands behind it: a WebAssembly component, a remote interceptor, a closure in a test.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Event, Fault, FaultKind, Outcome, Payload};

/// A future that an interceptor answers with.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long and how much a policy may run. Whoever implements [`Interceptor`] keeps these.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// From the start of this invocation.
    pub timeout: Option<Duration>,
    /// When the whole chain must have ended.
    pub chain_deadline: Option<Instant>,
    /// Instruction budget.
    pub fuel: Option<u64>,
}

/// One call of one policy.
#[derive(Debug)]
pub struct Invocation<'a> {
    /// What happened.
    pub event: &'a Event,
    /// The payload as the policies before this one left it.
    pub payload: Arc<Payload>,
    /// How long and how much it may run.
    pub limits: Limits,
}

/// How an invocation ended.
#[derive(Debug, Clone)]
pub enum Ended {
    /// With an answer.
    Outcome(Outcome),
    /// With a failure of the policy.
    Fault(Fault),
    /// The chain's deadline came before the policy's own limits were reached.
    ChainDeadline,
}

/// What an invocation came to.
#[derive(Debug, Clone)]
pub struct Completed {
    /// How it ended.
    pub ended: Ended,
    /// How long it took.
    pub elapsed: Duration,
    /// Instructions used, where they are counted.
    pub fuel: Option<u64>,
}

/// When an invocation ends at the latest, and whose deadline that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Instant,
    /// Whether the chain's deadline comes before the policy's own.
    pub is_the_chains: bool,
}

/// What the end of an invocation says about the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It works.
    Good,
    /// Nothing: another policy may have used the time.
    Unknown,
    /// It failed.
    Failed(Fault),
}

/// A policy that has used this much of a chain's time when the chain's deadline passes is taken to be the reason
/// for it; with less, another policy may have used the time.
const HOGGING: Duration = Duration::from_millis(20);

impl Limits {
    /// The deadline of an invocation that starts then, where no invocation may take longer than the cap.
    pub fn deadline(&self, start: Instant, cap: Duration) -> Deadline {
        let own = start + self.timeout.map_or(cap, |timeout| timeout.min(cap));
        match self.chain_deadline {
            Some(chain) if chain < own => Deadline { at: chain, is_the_chains: true },
            _ => Deadline { at: own, is_the_chains: false },
        }
    }
}

impl Deadline {
    /// How an invocation ended that had not answered by then.
    pub fn ended(self, start: Instant) -> Ended {
        if self.is_the_chains {
            return Ended::ChainDeadline;
        }
        let allowed = self.at.saturating_duration_since(start).as_millis();
        Ended::Fault(Fault::new(FaultKind::Deadline, format!("it took longer than {allowed} ms")))
    }
}

impl Ended {
    /// What is held against a policy whose invocation ended so after that time.
    pub fn held_against(&self, elapsed: Duration) -> Standing {
        match self {
            Self::Outcome(_) => Standing::Good,
            Self::ChainDeadline if elapsed < HOGGING => Standing::Unknown,
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
