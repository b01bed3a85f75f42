//! The format of the script: a declaration with the wire's JSON names, and a behaviour.

use serde::Deserialize;
use serde_json::Value;
use weir_sdk::{Compat, Declaration, Hook, Kind, Mode, Phase, PriorityHint, Severity};

/// The component's declaration and behaviour.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Script {
    name: String,
    version: Option<String>,
    kind: ScriptKind,
    hooks: Vec<ScriptHook>,
    mode: Option<ScriptMode>,
    fail_open: Option<bool>,
    priority_hint: Option<ScriptPriority>,
    compat: Option<ScriptCompat>,
    config_schema: Option<Value>,
    /// Its behaviour on each call.
    pub behaviour: Behaviour,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ScriptKind {
    Validation,
    Mutation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptHook {
    events: Vec<String>,
    phase: ScriptPhase,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ScriptPhase {
    Request,
    Response,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ScriptMode {
    Active,
    Audit,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScriptPriority {
    #[serde(default)]
    request: i32,
    #[serde(default)]
    response: i32,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ScriptCompat {
    min_protocol: String,
    max_protocol: Option<String>,
}

/// A behaviour.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Behaviour {
    /// A fixed verdict.
    Verdict(Verdict),
    /// The payload is unchanged.
    Unmodified(Unmodified),
    /// The payload is replaced.
    Replace(Replace),
    /// The payload is edited.
    Edits(Edits),
    /// The policy fails.
    Failure(Failure),
    /// A verdict that depends on one value of the payload.
    ValidIf(ValidIf),
    /// An element is appended to an array.
    AppendTo(AppendTo),
}

/// `{"valid": …}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Whether the payload may pass.
    pub valid: bool,
    /// The severity of the outcome.
    pub severity: Option<ScriptSeverity>,
    /// The findings.
    #[serde(default)]
    pub messages: Vec<Message>,
    /// What would have been accepted.
    #[serde(default)]
    pub suggestions: Vec<Proposal>,
    /// A question for a human.
    pub ask: Option<String>,
    /// Details.
    pub info: Option<Value>,
}

/// A severity as on the wire.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScriptSeverity {
    /// See [`Severity::Info`].
    Info,
    /// See [`Severity::Warn`].
    Warn,
    /// See [`Severity::Error`].
    Error,
}

/// A finding.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Where.
    pub path: Option<String>,
    /// What.
    pub message: String,
    /// The severity.
    pub severity: ScriptSeverity,
}

/// A suggestion.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Where.
    pub path: String,
    /// What.
    pub value: Value,
}

/// `{"change": "unmodified"}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unmodified {
    #[serde(rename = "change")]
    _change: Word,
    /// Details.
    pub info: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Word {
    Unmodified,
}

/// `{"replace": any JSON}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replace {
    /// The new payload.
    pub replace: Value,
    /// Details.
    pub info: Option<Value>,
}

/// `{"edits": […]}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edits {
    /// The changes in order.
    pub edits: Vec<Place>,
    /// Details.
    pub info: Option<Value>,
}

/// An edit of one value; without a value it removes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Where.
    pub pointer: String,
    /// The new value; an explicit null is a value.
    #[serde(default, deserialize_with = "present")]
    pub value: Option<Value>,
}

/// `{"fault": …}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// How.
    pub fault: Way,
}

/// How a policy fails.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// An `unreachable` instruction.
    Trap,
    /// An error.
    Error,
    /// No answer.
    Loop,
    /// An outcome of the wrong kind.
    WrongKind,
    /// Unlimited memory use.
    Memory,
}

/// `{"validIf": {"pointer", "equals"}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidIf {
    /// The condition.
    #[serde(rename = "validIf")]
    pub condition: Condition,
}

/// What has to be where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// Where.
    pub pointer: String,
    /// What.
    pub equals: Value,
}

/// `{"appendTo": {"pointer", "value"}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppendTo {
    /// The array and the new element.
    #[serde(rename = "appendTo")]
    pub element: Element,
}

/// An element for an array.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Element {
    /// The array.
    pub pointer: String,
    /// The element.
    pub value: Value,
}

impl Script {
    /// Whether the policy declares itself a validator.
    pub fn validates(&self) -> bool {
        matches!(self.kind, ScriptKind::Validation)
    }

    /// The script's declaration.
    pub fn declaration(self) -> Declaration {
        Declaration {
            kind: if self.validates() { Kind::Validation } else { Kind::Mutation },
            name: self.name,
            version: self.version,
            description: None,
            hooks: self.hooks.into_iter().map(ScriptHook::resolve).collect(),
            mode: self.mode.map(|mode| match mode {
                ScriptMode::Active => Mode::Active,
                ScriptMode::Audit => Mode::Audit,
            }),
            fail_open: self.fail_open,
            priority_hint: self
                .priority_hint
                .map(|hint| PriorityHint { request: hint.request, response: hint.response }),
            compat: self
                .compat
                .map(|compat| Compat { min_protocol: compat.min_protocol, max_protocol: compat.max_protocol }),
            config_schema: self.config_schema.map(|schema| match schema {
                Value::String(text) => text,
                other => other.to_string(),
            }),
        }
    }
}

impl ScriptHook {
    fn resolve(self) -> Hook {
        let phase = match self.phase {
            ScriptPhase::Request => Phase::Request,
            ScriptPhase::Response => Phase::Response,
        };
        Hook { events: self.events, phase }
    }
}

impl From<ScriptSeverity> for Severity {
    fn from(severity: ScriptSeverity) -> Self {
        match severity {
            ScriptSeverity::Info => Self::Info,
            ScriptSeverity::Warn => Self::Warn,
            ScriptSeverity::Error => Self::Error,
        }
    }
}

/// Distinguishes a null value from an absent one.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
