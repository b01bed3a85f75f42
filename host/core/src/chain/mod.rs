//! A chain: the policies of one route in order, and how an event runs through them.
//!
//! Invariants: the order is total and stable; mutations are atomic (an abort applies nothing); audit entries run after
//! the active ones have decided, on the payload they would have seen, so they affect neither the payload, nor the
//! verdict, nor the time available to active policies.
//!
//! Not here: a clock. The chain's deadline is passed in, and [`crate::Interceptor`] enforces it.

mod grade;
mod result;
mod run;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use crate::{Event, Interceptor, InterceptorName, Phase, Settings, matches};

pub use grade::{Effect, Judgement, grade};
pub use result::{Abort, AbortKind, ChainResult, InterceptorResult, NotApplicable, Report, Status, Summary};

/// Which side of the exchange the gateway is on for a route. This decides which phase is sending.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Posture {
    /// The gateway acts for the client: requests are sent, responses are received.
    #[default]
    Client,
    /// The gateway acts for the server: requests are received, responses are sent.
    Server,
}

/// Whether data is sent or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Mutate, then validate: validators check what is actually sent.
    Sending,
    /// Validate, then mutate: validators check what was actually received.
    Receiving,
}

/// Whether validators also check a received payload after it was mutated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Revalidation {
    /// Validators check only the received bytes.
    #[default]
    Off,
    /// Validators run again on the mutated payload, so the verdict covers the bytes that are used.
    AfterMutation,
}

/// A route's chain settings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ChainOptions {
    /// Which side the gateway is on.
    pub posture: Posture,
    /// Whether a mutated received payload is validated again.
    pub revalidation: Revalidation,
}

/// One policy in a chain.
#[derive(Clone)]
pub struct Entry {
    /// Its effective settings.
    pub settings: Settings,
    /// How to run it.
    pub interceptor: Arc<dyn Interceptor>,
}

/// The policies of one route.
pub struct Chain {
    entries: Vec<Entry>,
    request_order: Vec<usize>,
    response_order: Vec<usize>,
    options: ChainOptions,
}

/// Why a chain cannot be built or run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Two entries share a name, so overrides, state and results would be ambiguous.
    #[error("two policies are named {0}; give one of them another `name`")]
    DuplicateName(InterceptorName),
    /// A filter names an interceptor that is not in the chain.
    #[error("no interceptor named {0} in this chain")]
    UnknownName(InterceptorName),
}

impl Posture {
    /// The direction of a phase.
    pub const fn direction(self, phase: Phase) -> Direction {
        match (self, phase) {
            (Self::Client, Phase::Request) | (Self::Server, Phase::Response) => Direction::Sending,
            (Self::Client, Phase::Response) | (Self::Server, Phase::Request) => Direction::Receiving,
        }
    }
}

impl Chain {
    /// Orders the entries: by priority ascending, then by name, then as given.
    pub fn new(entries: Vec<Entry>, options: ChainOptions) -> Result<Self, ChainError> {
        let mut names = HashSet::new();
        if let Some(twice) = entries.iter().find(|entry| !names.insert(&entry.settings.name)) {
            return Err(ChainError::DuplicateName(twice.settings.name.clone()));
        }
        let order = |phase| {
            let mut order: Vec<usize> = (0..entries.len()).collect();
            order.sort_by_key(|index| {
                let settings = &entries[*index].settings;
                (settings.priority_hint.value.of(phase), settings.name.clone())
            });
            order
        };
        let (request_order, response_order) = (order(Phase::Request), order(Phase::Response));
        Ok(Self { entries, request_order, response_order, options })
    }

    /// The entries as they were given.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The route's settings.
    pub fn options(&self) -> ChainOptions {
        self.options
    }

    /// The entries of a phase in order, whether or not they hook anything.
    pub fn ordered(&self, phase: Phase) -> impl Iterator<Item = &Entry> {
        let order = match phase {
            Phase::Request => &self.request_order,
            Phase::Response => &self.response_order,
        };
        order.iter().map(|index| &self.entries[*index])
    }

    /// Whether any entry hooks the event, so that its payload must be read. Ignores compat.
    pub fn wants(&self, event: &str, phase: Phase) -> bool {
        self.entries.iter().any(|entry| matches(&entry.settings.hooks.value, event, phase))
    }

    /// Runs an event through the chain. Dropping the future cancels every policy in it.
    pub async fn run(&self, event: &Event, deadline: Option<Instant>) -> ChainResult {
        run::run(self, event, deadline, None).await
    }

    /// Runs only the named entries; all of the names must be in the chain.
    pub async fn run_only(
        &self,
        names: &[InterceptorName],
        event: &Event,
        deadline: Option<Instant>,
    ) -> Result<ChainResult, ChainError> {
        let known: HashSet<&InterceptorName> = self.entries.iter().map(|entry| &entry.settings.name).collect();
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            return Err(ChainError::UnknownName(unknown.clone()));
        }
        Ok(run::run(self, event, deadline, Some(names)).await)
    }
}
