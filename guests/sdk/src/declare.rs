//! A builder for declarations.
//!
//! Invariant: values that are not set stay absent, so the host's defaults apply. Names and schemas are not checked
//! here; the host does that at load.

use crate::{Compat, Declaration, Hook, Kind, Mode, Phase, PriorityHint};

/// A declaration being built. Start with [`validator`] or [`mutator`], end with [`Declare::build`].
#[derive(Debug, Clone)]
#[must_use]
pub struct Declare(Declaration);

/// A policy that judges payloads.
pub fn validator(name: &str) -> Declare {
    Declare::new(name, Kind::Validation)
}

/// A policy that may change payloads.
pub fn mutator(name: &str) -> Declare {
    Declare::new(name, Kind::Mutation)
}

impl Declare {
    fn new(name: &str, kind: Kind) -> Self {
        Self(Declaration {
            name: name.to_owned(),
            version: None,
            description: None,
            kind,
            hooks: Vec::new(),
            mode: None,
            fail_open: None,
            priority_hint: None,
            compat: None,
            config_schema: None,
        })
    }

    /// The policy's own version; usually `env!("CARGO_PKG_VERSION")`.
    pub fn version(mut self, version: &str) -> Self {
        self.0.version = Some(version.to_owned());
        self
    }

    /// One sentence on what the policy does; usually `env!("CARGO_PKG_DESCRIPTION")`.
    pub fn description(mut self, description: &str) -> Self {
        self.0.description = Some(description.to_owned());
        self
    }

    /// Adds a hook: the events (`tools/call`, `tools/*` or `*`) seen in one phase.
    pub fn on<const N: usize>(mut self, events: [&str; N], phase: Phase) -> Self {
        self.0.hooks.push(Hook { events: events.map(str::to_owned).to_vec(), phase });
        self
    }

    /// Adds the same hook for both phases.
    pub fn on_both<const N: usize>(self, events: [&str; N]) -> Self {
        self.on(events, Phase::Request).on(events, Phase::Response)
    }

    /// The policy only records by default; the operator can override this.
    pub fn audit(mut self) -> Self {
        self.0.mode = Some(Mode::Audit);
        self
    }

    /// Traffic passes by default if the policy fails; the operator can override this.
    pub fn fail_open(mut self) -> Self {
        self.0.fail_open = Some(true);
        self
    }

    /// The policy's priority: ascending, 0 is the middle.
    pub fn priority(mut self, request: i32, response: i32) -> Self {
        self.0.priority_hint = Some(PriorityHint { request, response });
        self
    }

    /// The protocol revisions the policy supports.
    pub fn compat(mut self, min: &str, max: Option<&str>) -> Self {
        self.0.compat = Some(Compat { min_protocol: min.to_owned(), max_protocol: max.map(str::to_owned) });
        self
    }

    /// The JSON Schema of the configuration; usually `include_str!("../config.schema.json")`.
    pub fn config_schema(mut self, schema: &str) -> Self {
        self.0.config_schema = Some(schema.to_owned());
        self
    }

    /// The declaration.
    #[must_use]
    pub fn build(self) -> Declaration {
        self.0
    }
}
