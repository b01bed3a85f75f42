//! The port through which a chain runs a policy.
//!
//! Core does not know what stands behind it: a WebAssembly component, a remote interceptor, a closure in a test.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::{Event, Fault, Outcome, Payload};

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

/// A policy that can be invoked. Dropping the future cancels the invocation.
pub trait Interceptor: Send + Sync {
    /// Runs the policy once, within the limits.
    fn invoke<'a>(&'a self, invocation: Invocation<'a>) -> BoxFuture<'a, Completed>;
}
