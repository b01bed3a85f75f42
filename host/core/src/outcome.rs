//! What a policy answers with.

use std::sync::Arc;

use crate::{Fault, FaultKind, Payload};

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Should be looked at; does not block.
    Warn,
    /// Must not pass.
    Error,
}

/// One thing that a validator noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// RFC 6901 pointer into the payload.
    pub path: Option<String>,
    /// For people.
    pub message: String,
    /// How grave.
    pub severity: Severity,
}

/// A value that would have been accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// RFC 6901 pointer into the payload.
    pub path: String,
    /// JSON text.
    pub value: String,
}

/// A validator's judgement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validation {
    /// Whether the payload may pass.
    pub valid: bool,
    /// How grave an invalid judgement is; absent counts as error.
    pub severity: Option<Severity>,
    /// What was noticed.
    pub findings: Vec<Finding>,
    /// What would have been accepted.
    pub suggestions: Vec<Suggestion>,
    /// A question for a person who must approve.
    pub ask: Option<String>,
    /// A JSON object in text.
    pub info: Option<String>,
}

/// One change of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// RFC 6901 pointer; the parent must exist; `-` appends to an array.
    pub pointer: String,
    /// JSON text; `None` removes what is there.
    pub value: Option<String>,
}

/// What becomes of the payload.
#[derive(Debug, Clone)]
pub enum Change {
    /// It stays.
    Unmodified,
    /// It becomes this JSON text.
    Replace(String),
    /// All of these apply, or none.
    Edits(Vec<Edit>),
    /// It becomes this payload: a change that was applied already.
    Become(Arc<Payload>),
}

/// A mutator's answer.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// What becomes of the payload.
    pub change: Change,
    /// A JSON object in text.
    pub info: Option<String>,
}

/// What a policy answers with; the case must be the declared kind, else it is a fault.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A judgement.
    Validation(Validation),
    /// A change.
    Mutation(Mutation),
}

impl Severity {
    /// The word used in JSON and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

impl Change {
    /// The payload that this change makes of another; `None` if it makes no difference. A change that does not
    /// apply is a fault of the policy.
    pub fn apply(self, payload: &Payload) -> Result<Option<Arc<Payload>>, Fault> {
        let output = |message: String| Fault::new(FaultKind::Output, message);
        match self {
            Self::Unmodified => Ok(None),
            Self::Edits(edits) if edits.is_empty() => Ok(None),
            Self::Replace(text) if text == payload.text() => Ok(None),
            Self::Replace(text) => match Payload::parse(text) {
                Ok(changed) => Ok(Some(Arc::new(changed))),
                Err(error) => Err(output(format!("the replacement is refused: {error}"))),
            },
            Self::Edits(edits) => {
                payload.edited(&edits).map(|changed| Some(Arc::new(changed))).map_err(|error| output(error.to_string()))
            }
            Self::Become(changed) => Ok(Some(changed)),
        }
    }
}
