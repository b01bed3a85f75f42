//! The settings of one policy, each with its origin.

use serde::Serialize;

/// The settings of one policy in this gateway.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// Its name here.
    pub name: String,
    /// `validation` or `mutation`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Revisions that it supports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compat: Option<Compat>,
    /// `active` or `audit`.
    pub mode: Effective<&'static str>,
    /// Whether traffic passes when the policy fails.
    pub fail_open: Effective<bool>,
    /// What it sees.
    pub hooks: Effective<Vec<Hook>>,
    /// Its place in the order.
    pub priority_hint: Effective<PriorityHint>,
    /// Timeout of one invocation; `null` for the chain's.
    pub timeout_ms: Effective<Option<f64>>,
    /// Instruction budget of one invocation; `null` for none.
    pub fuel: Effective<Option<u64>>,
    /// What the operator's overrides weakened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weakened: Vec<&'static str>,
}

/// A value and its origin: `declared`, `override` or `default`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effective<T> {
    /// The effective value.
    pub value: T,
    /// Its origin.
    pub origin: &'static str,
}

/// The events of one phase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// Names, `namespace/*` or `*`.
    pub events: Vec<String>,
    /// `request` or `response`.
    pub phase: &'static str,
}

/// Place in the order, for each phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PriorityHint {
    /// In the request phase.
    pub request: i32,
    /// In the response phase.
    pub response: i32,
}

/// Revisions of a protocol, inclusive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Compat {
    /// The first.
    pub min_protocol: String,
    /// The last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_protocol: Option<String>,
}

impl Settings {
    /// The settings of one entry.
    pub fn of(settings: &weir_core::Settings) -> Self {
        let weir_core::Settings { name, kind, compat, mode, fail_open, hooks, priority_hint, timeout, fuel } = settings;
        Self {
            name: name.as_str().to_owned(),
            kind: kind.as_str(),
            compat: compat.as_ref().map(Compat::of),
            mode: Effective::of(mode, |mode| mode.as_str()),
            fail_open: Effective::of(fail_open, |fail_open| *fail_open),
            hooks: Effective::of(hooks, |hooks| hooks.iter().map(Hook::of).collect()),
            priority_hint: Effective::of(priority_hint, PriorityHint::of),
            timeout_ms: Effective::of(timeout, |timeout| timeout.map(weir_core::milliseconds)),
            fuel: Effective::of(fuel, |fuel| *fuel),
            weakened: settings.weakenings().into_iter().map(weir_core::Weakening::as_str).collect(),
        }
    }
}

impl<T> Effective<T> {
    fn of<U>(effective: &weir_core::Effective<U>, convert: impl FnOnce(&U) -> T) -> Self {
        let weir_core::Effective { value, origin } = effective;
        Self { value: convert(value), origin: origin.as_str() }
    }
}

impl Hook {
    /// The hook of a declaration or an override.
    pub fn of(hook: &weir_core::Hook) -> Self {
        let weir_core::Hook { events, phase } = hook;
        Self { events: events.clone(), phase: phase.as_str() }
    }
}

impl PriorityHint {
    /// Of a declaration or an override.
    pub fn of(hint: &weir_core::PriorityHint) -> Self {
        let weir_core::PriorityHint { request, response } = *hint;
        Self { request, response }
    }
}

impl Compat {
    /// Of a declaration.
    pub fn of(compat: &weir_core::Compat) -> Self {
        let weir_core::Compat { min_protocol, max_protocol } = compat;
        Self { min_protocol: min_protocol.clone(), max_protocol: max_protocol.clone() }
    }
}
