//! Limits on what a policy may answer, beyond its total size.
//!
//! The same limits apply to a component in the sandbox and to a remote server.

use crate::payload::Pointer;
use crate::{Fault, FaultKind, Mutation, Outcome, Payload, Validation};

/// Maximum number of findings, and of suggestions, in one answer.
const MAX_LISTED: usize = 1000;

/// Maximum length of a message, question or path, in bytes.
const MAX_TEXT: usize = 16 << 10;

/// Maximum length of `info`, in bytes.
const MAX_INFO: usize = 64 << 10;

/// Accepts an answer within the limits; anything else is a fault.
pub fn check_outcome(outcome: Outcome) -> Result<Outcome, Fault> {
    let checked = match &outcome {
        Outcome::Validation(validation) => check_validation(validation),
        Outcome::Mutation(Mutation { change: _, info }) => check_info(info.as_deref()),
    };
    match checked {
        Ok(()) => Ok(outcome),
        Err(message) => Err(Fault::new(FaultKind::Output, message)),
    }
}

fn check_validation(validation: &Validation) -> Result<(), String> {
    let Validation { valid: _, severity: _, findings, suggestions, ask, info } = validation;
    for (what, listed) in [("findings", findings.len()), ("suggestions", suggestions.len())] {
        if listed > MAX_LISTED {
            return Err(format!("{listed} {what}; at most {MAX_LISTED} are allowed"));
        }
    }
    for finding in findings {
        check_text("a finding's message", &finding.message)?;
        finding.path.as_deref().map_or(Ok(()), check_pointer)?;
    }
    for suggestion in suggestions {
        check_pointer(&suggestion.path)?;
        check_text("a suggested value", &suggestion.value)?;
        Payload::parse(suggestion.value.as_str()).map_err(|error| format!("a suggested value is refused: {error}"))?;
    }
    ask.as_deref().map_or(Ok(()), |ask| check_text("a question", ask))?;
    check_info(info.as_deref())
}

fn check_text(what: &str, text: &str) -> Result<(), String> {
    if text.len() > MAX_TEXT {
        return Err(format!("{what} has {} bytes; at most {MAX_TEXT} are allowed", text.len()));
    }
    Ok(())
}

fn check_pointer(pointer: &str) -> Result<(), String> {
    check_text("a path", pointer)?;
    Pointer::parse(pointer).map(drop).map_err(|error| error.to_string())
}

fn check_info(info: Option<&str>) -> Result<(), String> {
    let Some(info) = info else { return Ok(()) };
    if info.len() > MAX_INFO {
        return Err(format!("info has {} bytes; at most {MAX_INFO} are allowed", info.len()));
    }
    match Payload::parse(info) {
        Ok(_) if info.trim_start().starts_with('{') => Ok(()),
        Ok(_) => Err("info must be a JSON object".into()),
        Err(error) => Err(format!("info is refused: {error}")),
    }
}
