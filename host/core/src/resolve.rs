//! Combines declared and overridden settings into effective ones, each with its origin.
//!
//! Reports all errors of an entry at once.

use std::time::Duration;

use crate::declaration::check_hooks;
use crate::{
    Compat, Declaration, DeclarationError, Hook, HookError, InterceptorName, Kind, Mode, Overrides, PriorityHint,
    covers,
};

/// Where an effective value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The component declared it.
    Declared,
    /// The operator overrode it.
    Override,
    /// The built-in default.
    Default,
}

/// A value with its origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective<T> {
    /// The effective value.
    pub value: T,
    /// Its origin.
    pub origin: Origin,
}

/// The effective settings of one policy in this gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its name here: the operator's alias if given, otherwise the declared name.
    pub name: InterceptorName,
    /// As declared; cannot be overridden.
    pub kind: Kind,
    /// As declared; cannot be overridden.
    pub compat: Option<Compat>,
    /// Whether it takes effect.
    pub mode: Effective<Mode>,
    /// Whether traffic passes when it fails.
    pub fail_open: Effective<bool>,
    /// What it hooks.
    pub hooks: Effective<Vec<Hook>>,
    /// Its priority.
    pub priority_hint: Effective<PriorityHint>,
    /// Timeout of one invocation; with `None` only the chain's deadline and the host's cap apply.
    pub timeout: Effective<Option<Duration>>,
    /// Instruction budget of one invocation.
    pub fuel: Effective<Option<u64>>,
}

/// Why an entry cannot be resolved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// The hooks override is wider than the declaration.
    #[error(transparent)]
    Hook(HookError),
    /// The hooks override is malformed.
    #[error("interceptor {0}: hooks override: {1}")]
    Malformed(InterceptorName, DeclarationError),
    /// The timeout is 0.
    #[error("interceptor {0}: timeout_ms is 0, so the policy could never answer; leave it out or give at least 1")]
    ZeroTimeout(InterceptorName),
    /// The budget is 0.
    #[error("interceptor {0}: fuel is 0, so the policy could never answer; leave it out or give at least 1")]
    ZeroFuel(InterceptorName),
}

/// An override that weakens a policy. Logged at load, shown in metrics and `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weakening {
    /// Its failures no longer block.
    FailOpen,
    /// Its verdicts no longer block.
    Audit,
    /// It hooks nothing.
    Disabled,
}

impl Origin {
    /// The word used in JSON and `check`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Override => "override",
            Self::Default => "default",
        }
    }
}

impl Weakening {
    /// The word used in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailOpen => "fail_open",
            Self::Audit => "audit",
            Self::Disabled => "disabled",
        }
    }
}

impl<T> Effective<T> {
    fn of(overridden: Option<T>, declared: Option<T>, default: T) -> Self {
        match (overridden, declared) {
            (Some(value), _) => Self { value, origin: Origin::Override },
            (None, Some(value)) => Self { value, origin: Origin::Declared },
            (None, None) => Self { value: default, origin: Origin::Default },
        }
    }
}

impl Settings {
    /// Which protections the operator's overrides weakened, in a fixed order.
    pub fn weakenings(&self) -> Vec<Weakening> {
        let overridden = |origin| origin == Origin::Override;
        let mut found = Vec::new();
        if overridden(self.fail_open.origin) && self.fail_open.value {
            found.push(Weakening::FailOpen);
        }
        if overridden(self.mode.origin) && self.mode.value == Mode::Audit {
            found.push(Weakening::Audit);
        }
        if overridden(self.hooks.origin) && self.hooks.value.is_empty() {
            found.push(Weakening::Disabled);
        }
        found
    }
}

/// Applies the overrides to the declaration. `alias` is the operator's name for this entry, if any.
pub fn resolve(
    declaration: &Declaration,
    alias: Option<InterceptorName>,
    overrides: Overrides,
) -> Result<Settings, Vec<ResolveError>> {
    let Overrides { mode, fail_open, timeout, fuel, priority_hint, hooks } = overrides;
    let name = alias.unwrap_or_else(|| declaration.name.clone());

    let mut errors = Vec::new();
    if let Some(hooks) = &hooks {
        errors.extend(check_hooks(hooks).into_iter().map(|error| ResolveError::Malformed(name.clone(), error)));
        if let Err(wider) = covers(&name, &declaration.hooks, hooks) {
            errors.extend(wider.into_iter().map(ResolveError::Hook));
        }
    }
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        errors.push(ResolveError::ZeroTimeout(name.clone()));
    }
    if fuel == Some(0) {
        errors.push(ResolveError::ZeroFuel(name.clone()));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Settings {
        name,
        kind: declaration.kind,
        compat: declaration.compat.clone(),
        mode: Effective::of(mode, declaration.mode, Mode::Active),
        fail_open: Effective::of(fail_open, declaration.fail_open, false),
        hooks: Effective::of(hooks, Some(declaration.hooks.clone()), Vec::new()),
        priority_hint: Effective::of(priority_hint, declaration.priority_hint, PriorityHint::default()),
        timeout: Effective::of(timeout.map(Some), None, None),
        fuel: Effective::of(fuel.map(Some), None, None),
    })
}
