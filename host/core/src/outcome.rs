//! What a policy answers with.

use std::sync::Arc;

use crate::{Fault, FaultKind, Payload};

/// The severity of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Should be looked at; does not block.
    Warn,
    /// Must not pass.
    Error,
}

/// One finding of a validator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// RFC 6901 pointer into the payload.
    pub path: Option<String>,
    /// For people.
    pub message: String,
    /// Its severity.
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

/// A validator's verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validation {
    /// Whether the payload may pass.
    pub valid: bool,
    /// The severity of an invalid verdict; absent counts as error.
    pub severity: Option<Severity>,
    /// The findings.
    pub findings: Vec<Finding>,
    /// What would have been accepted.
    pub suggestions: Vec<Suggestion>,
    /// A question for a human who must approve.
    pub ask: Option<String>,
    /// JSON object text.
    pub info: Option<String>,
}

/// One edit at one pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// RFC 6901 pointer; the parent must exist; `-` appends to an array.
    pub pointer: String,
    /// JSON text; `None` removes the value.
    pub value: Option<String>,
}

/// What happens to the payload.
#[derive(Debug, Clone)]
pub enum Change {
    /// Unchanged.
    Unmodified,
    /// Replaced by this JSON text.
    Replace(String),
    /// All of these apply, or none.
    Edits(Vec<Edit>),
    /// Replaced by this payload: the change has already been applied.
    Become(Arc<Payload>),
}

/// A mutator's answer.
#[derive(Debug, Clone)]
pub struct Mutation {
    /// What happens to the payload.
    pub change: Change,
    /// JSON object text.
    pub info: Option<String>,
}

/// A policy's answer. It must match the declared kind; otherwise it is a fault.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// A verdict.
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
    /// The payload after this change; `None` if it makes no difference. A change that does not apply is a fault of the
    /// policy.
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
