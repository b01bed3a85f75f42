//! Builders for outcomes: common answers are one-liners; the rest are methods on [`Outcome`].
//!
//! Invariant: [`from_findings`] is valid only if there are no findings; otherwise it has their highest severity.
//! Messages are shown to people and recorded: never put a secret into one.

use crate::json;
use crate::{Change, Edit, Finding, Mutation, Outcome, Severity, Suggestion, Validation};

/// The payload may pass.
#[must_use]
pub fn valid() -> Outcome {
    validation(true, None, Vec::new())
}

/// The payload must not pass, for a reason without a location in it.
#[must_use]
pub fn deny(message: impl Into<String>) -> Outcome {
    from_findings(vec![finding(None, message, Severity::Error)])
}

/// The payload must not pass because of what is at `pointer`.
#[must_use]
pub fn deny_at(pointer: impl Into<String>, message: impl Into<String>) -> Outcome {
    from_findings(vec![finding(Some(pointer.into()), message, Severity::Error)])
}

/// A human must approve; if nobody can be asked, this denies with `message`.
#[must_use]
pub fn ask(question: impl Into<String>, message: impl Into<String>) -> Outcome {
    deny(message).with_ask(question)
}

/// A finding.
#[must_use]
pub fn finding(path: Option<String>, message: impl Into<String>, severity: Severity) -> Finding {
    Finding { path, message: message.into(), severity }
}

/// Valid if there are no findings; otherwise invalid with their highest severity.
#[must_use]
pub fn from_findings(findings: Vec<Finding>) -> Outcome {
    let gravest = findings.iter().map(|finding| finding.severity).max_by_key(|severity| rank(*severity));
    validation(gravest.is_none(), gravest, findings)
}

/// The payload is unchanged.
#[must_use]
pub fn unmodified() -> Outcome {
    mutation(Change::Unmodified)
}

/// The payload is replaced by this JSON text.
#[must_use]
pub fn replace(json: impl Into<String>) -> Outcome {
    mutation(Change::Replace(json.into()))
}

/// These edits are applied in order, all or none; unmodified if there are none.
#[must_use]
pub fn edits(edits: Vec<Edit>) -> Outcome {
    mutation(if edits.is_empty() { Change::Unmodified } else { Change::Edits(edits) })
}

/// Sets JSON text at a pointer.
#[must_use]
pub fn set(pointer: impl Into<String>, json: impl Into<String>) -> Edit {
    Edit { pointer: pointer.into(), value: Some(json.into()) }
}

/// Sets a string at a pointer.
#[must_use]
pub fn set_text(pointer: impl Into<String>, text: &str) -> Edit {
    set(pointer, json::quote(text))
}

/// Removes the value at a pointer.
#[must_use]
pub fn remove(pointer: impl Into<String>) -> Edit {
    Edit { pointer: pointer.into(), value: None }
}

impl Outcome {
    /// Adds details for the record: a JSON object as text, see [`json::Object`].
    #[must_use]
    pub fn with_info(mut self, object: impl Into<String>) -> Self {
        match &mut self {
            Self::Validation(validation) => validation.info = Some(object.into()),
            Self::Mutation(mutation) => mutation.info = Some(object.into()),
        }
        self
    }

    /// Adds a value that would have been accepted. Ignored for a mutation.
    #[must_use]
    pub fn with_suggestion(mut self, pointer: impl Into<String>, json: impl Into<String>) -> Self {
        if let Self::Validation(validation) = &mut self {
            validation.suggestions.push(Suggestion { path: pointer.into(), value: json.into() });
        }
        self
    }

    /// Asks a human to approve an invalid outcome. Ignored for a mutation.
    #[must_use]
    pub fn with_ask(mut self, question: impl Into<String>) -> Self {
        if let Self::Validation(validation) = &mut self {
            validation.ask = Some(question.into());
        }
        self
    }
}

fn validation(valid: bool, severity: Option<Severity>, findings: Vec<Finding>) -> Outcome {
    Outcome::Validation(Validation { valid, severity, findings, suggestions: Vec::new(), ask: None, info: None })
}

fn mutation(change: Change) -> Outcome {
    Outcome::Mutation(Mutation { change, info: None })
}

fn rank(severity: Severity) -> u8 {
    match severity {
        Severity::Info => 0,
        Severity::Warn => 1,
        Severity::Error => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_decide_the_verdict() {
        let Outcome::Validation(none) = from_findings(Vec::new()) else { panic!("a validation") };
        assert!(none.valid && none.severity.is_none());

        let mixed = vec![finding(None, "a", Severity::Warn), finding(None, "b", Severity::Info)];
        let Outcome::Validation(mixed) = from_findings(mixed) else { panic!("a validation") };
        assert!(!mixed.valid);
        assert_eq!(mixed.severity, Some(Severity::Warn));
        assert_eq!(mixed.findings.len(), 2);
    }

    #[test]
    fn no_edits_are_unmodified() {
        let Outcome::Mutation(none) = edits(Vec::new()) else { panic!("a mutation") };
        assert!(matches!(none.change, Change::Unmodified));
    }
}
