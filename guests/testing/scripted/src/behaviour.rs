//! Turns a behaviour into an outcome.

use std::hint::black_box;

use serde_json::Value;
use weir_sdk::{Document, Outcome, Suggestion, Validation, outcome};

use crate::script::{Behaviour, Script, Verdict, Way};

/// Runs the script.
pub fn run(script: &Script, payload: &Document) -> Result<Outcome, String> {
    Ok(match &script.behaviour {
        Behaviour::Verdict(verdict) => verdict.outcome(),
        Behaviour::Unmodified(unmodified) => informed(outcome::unmodified(), unmodified.info.as_ref()),
        Behaviour::Replace(replace) => informed(outcome::replace(replace.replace.to_string()), replace.info.as_ref()),
        Behaviour::Edits(edits) => {
            let changes = edits.edits.iter().map(|place| match &place.value {
                Some(value) => outcome::set(&*place.pointer, value.to_string()),
                None => outcome::remove(&*place.pointer),
            });
            informed(outcome::edits(changes.collect()), edits.info.as_ref())
        }
        Behaviour::Failure(failure) => return fail(failure.fault, script.validates()),
        Behaviour::ValidIf(valid_if) => {
            let condition = &valid_if.condition;
            let found = payload.get(&condition.pointer).and_then(|text| serde_json::from_str::<Value>(&text).ok());
            if found.as_ref() == Some(&condition.equals) {
                outcome::valid()
            } else {
                outcome::deny_at(&*condition.pointer, "not what it has to be")
            }
        }
        Behaviour::AppendTo(append) => {
            let element = &append.element;
            outcome::edits(vec![outcome::set(format!("{}/-", element.pointer), element.value.to_string())])
        }
    })
}

impl Verdict {
    fn outcome(&self) -> Outcome {
        let findings = self
            .messages
            .iter()
            .map(|message| outcome::finding(message.path.clone(), &*message.message, message.severity.into()));
        let suggestions = self
            .suggestions
            .iter()
            .map(|proposal| Suggestion { path: proposal.path.clone(), value: proposal.value.to_string() });
        Outcome::Validation(Validation {
            valid: self.valid,
            severity: self.severity.map(Into::into),
            findings: findings.collect(),
            suggestions: suggestions.collect(),
            ask: self.ask.clone(),
            info: self.info.as_ref().map(Value::to_string),
        })
    }
}

fn informed(outcome: Outcome, info: Option<&Value>) -> Outcome {
    match info {
        Some(info) => outcome.with_info(info.to_string()),
        None => outcome,
    }
}

fn fail(way: Way, validates: bool) -> Result<Outcome, String> {
    match way {
        Way::Trap => std::process::abort(),
        Way::Error => Err("the script says so".to_owned()),
        Way::Loop => loop {
            black_box(0);
        },
        Way::WrongKind => Ok(if validates { outcome::replace("{}") } else { outcome::valid() }),
        Way::Memory => {
            let mut kept = Vec::new();
            loop {
                kept.push(vec![0xa5_u8; 256 * 1024]);
                black_box(&mut kept);
            }
        }
    }
}
