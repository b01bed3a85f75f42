//! The descriptor of an interceptor, as `interceptors/list` has it.
//!
//! It is written in the current form only, with defaults left out. It is read tolerantly, since servers of earlier
//! drafts wrote it differently. What cannot be understood is an error, never a guess: a misread policy protects nobody.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use weir_core::{Compat, Declaration, DeclarationError, InterceptorName, Kind, Mode, NameError, Phase, PriorityHint};

use super::settings;

/// A declaration on the wire.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Unique on its server.
    pub name: String,
    /// The interceptor's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// `validation` or `mutation`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Its hooks.
    pub hooks: Vec<settings::Hook>,
    /// Left out when active.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<&'static str>,
    /// Left out when false.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub fail_open: bool,
    /// Left out if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority_hint: Option<settings::PriorityHint>,
    /// Revisions that it supports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compat: Option<settings::Compat>,
    /// JSON Schema of its configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config_schema: Option<Box<RawValue>>,
}

/// Why a descriptor cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DescriptorError {
    /// Not of the expected shape.
    #[error("its descriptor cannot be read: {0}")]
    Shape(String),
    /// Not a name.
    #[error("its descriptor: {0}")]
    Name(#[from] NameError),
    /// A word that means nothing here.
    #[error("its descriptor: {member} is {found:?}; {right}")]
    Word {
        /// The member.
        member: &'static str,
        /// The value found.
        found: String,
        /// The values allowed.
        right: &'static str,
    },
    /// A hook without a phase.
    #[error("its descriptor: a hook names no phase")]
    NoPhase,
    /// Well-formed, but not allowed by the model.
    #[error("its descriptor: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Declaration(Vec<DeclarationError>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorObject {
    name: String,
    version: Option<String>,
    description: Option<String>,
    #[serde(rename = "type")]
    kind: String,
    hooks: Option<Vec<HookObject>>,
    hook: Option<HookObject>,
    events: Option<Vec<String>>,
    phase: Option<String>,
    mode: Option<String>,
    fail_open: Option<bool>,
    priority_hint: Option<Box<RawValue>>,
    compat: Option<CompatObject>,
    config_schema: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct HookObject {
    events: Vec<String>,
    phase: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompatObject {
    min_protocol: String,
    max_protocol: Option<String>,
}

#[derive(Deserialize)]
struct PriorityObject {
    request: Option<i32>,
    response: Option<i32>,
}

impl Descriptor {
    /// The descriptor of a declaration.
    pub fn of(declaration: &Declaration) -> Self {
        let Declaration {
            name,
            version,
            description,
            kind,
            hooks,
            mode,
            fail_open,
            priority_hint,
            compat,
            config_schema,
        } = declaration;
        Self {
            name: name.as_str().to_owned(),
            version: version.clone(),
            description: description.clone(),
            kind: kind.as_str(),
            hooks: hooks.iter().map(settings::Hook::of).collect(),
            mode: mode.filter(|mode| *mode != Mode::default()).map(Mode::as_str),
            fail_open: fail_open.unwrap_or(false),
            priority_hint: priority_hint.as_ref().map(settings::PriorityHint::of),
            compat: compat.as_ref().map(settings::Compat::of),
            config_schema: config_schema.as_deref().and_then(super::form::raw),
        }
    }
}

/// Reads a descriptor that another server wrote, in the current form or in that of an earlier draft.
pub fn descriptor(text: &str) -> Result<Declaration, DescriptorError> {
    let written: DescriptorObject =
        serde_json::from_str(text).map_err(|error| DescriptorError::Shape(error.to_string()))?;
    let DescriptorObject {
        name,
        version,
        description,
        kind,
        hooks,
        hook,
        events,
        phase,
        mode,
        fail_open,
        priority_hint,
        compat,
        config_schema,
    } = written;
    let flat = events.map(|events| HookObject { events, phase });
    let mut read = Vec::new();
    for hook in hooks.into_iter().flatten().chain(hook).chain(flat) {
        read_hook(hook, &mut read)?;
    }
    let declaration = Declaration {
        name: InterceptorName::new(&name)?,
        version,
        description,
        kind: read_kind(kind)?,
        hooks: read,
        mode: mode.map(read_mode).transpose()?,
        fail_open,
        priority_hint: priority_hint.as_deref().map(read_hint).transpose()?,
        compat: compat.map(|CompatObject { min_protocol, max_protocol }| Compat { min_protocol, max_protocol }),
        config_schema: config_schema.map(|schema| schema.get().to_owned()).filter(|schema| schema != "null"),
    }
    .cut();
    declaration.check().map_err(DescriptorError::Declaration)?;
    Ok(declaration)
}

/// One hook in the form of any draft: `both` means two, and `*/request` means everything in that phase.
fn read_hook(hook: HookObject, read: &mut Vec<weir_core::Hook>) -> Result<(), DescriptorError> {
    let HookObject { events, phase } = hook;
    let phases: &[Phase] = match phase.as_deref() {
        Some("request") => &[Phase::Request],
        Some("response") => &[Phase::Response],
        Some("both") => &[Phase::Request, Phase::Response],
        None => &[],
        Some(_) => {
            let right = "it is one of request, response";
            return Err(DescriptorError::Word { member: "phase", found: phase.unwrap_or_default(), right });
        }
    };
    let names_phase = |event: &String| matches!(event.as_str(), "*/request" | "*/response");
    if phases.is_empty() && !events.iter().all(names_phase) {
        return Err(DescriptorError::NoPhase);
    }
    let (with_phase, plain): (Vec<String>, Vec<String>) = events.into_iter().partition(names_phase);
    if !plain.is_empty() || with_phase.is_empty() {
        read.extend(phases.iter().map(|phase| weir_core::Hook { events: plain.clone(), phase: *phase }));
    }
    read.extend(with_phase.iter().map(|event| {
        let phase = if event == "*/request" { Phase::Request } else { Phase::Response };
        weir_core::Hook { events: vec!["*".to_owned()], phase }
    }));
    Ok(())
}

fn read_kind(word: String) -> Result<Kind, DescriptorError> {
    match word.as_str() {
        "validation" => Ok(Kind::Validation),
        "mutation" => Ok(Kind::Mutation),
        _ => Err(DescriptorError::Word { member: "type", found: word, right: "it is one of validation, mutation" }),
    }
}

fn read_mode(word: String) -> Result<Mode, DescriptorError> {
    match word.as_str() {
        "active" | "enforce" | "on" => Ok(Mode::Active),
        "audit" => Ok(Mode::Audit),
        _ => Err(DescriptorError::Word { member: "mode", found: word, right: "it is one of active, audit" }),
    }
}

/// A number for both phases, or an object with one for each.
fn read_hint(raw: &RawValue) -> Result<PriorityHint, DescriptorError> {
    let shape = |error: serde_json::Error| DescriptorError::Shape(format!("priorityHint: {error}"));
    if raw.get().starts_with('{') {
        let PriorityObject { request, response } = serde_json::from_str(raw.get()).map_err(shape)?;
        return Ok(PriorityHint { request: request.unwrap_or(0), response: response.unwrap_or(0) });
    }
    let both: i32 = serde_json::from_str(raw.get()).map_err(shape)?;
    Ok(PriorityHint { request: both, response: both })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each case is read and written again, and compared with its expected output.
    #[test]
    fn every_draft_is_read_and_the_current_form_is_written() {
        let cases: Vec<serde_json::Value> =
            serde_json::from_str(include_str!("../../tests/data/descriptors.json")).unwrap();
        assert!(cases.len() > 10);
        for case in cases {
            let about = case["about"].as_str().unwrap();
            let outcome = descriptor(&case["read"].to_string());
            match (outcome, case.get("written"), case.get("error")) {
                (Ok(read), Some(expected), None) => {
                    let written = serde_json::to_value(Descriptor::of(&read)).unwrap();
                    assert_eq!(written, *expected, "{about}");
                }
                (Err(error), None, Some(part)) => {
                    assert!(error.to_string().contains(part.as_str().unwrap()), "{about}: {error}");
                }
                (outcome, ..) => panic!("{about}: {outcome:?}"),
            }
        }
    }
}
