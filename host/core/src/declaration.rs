//! What a component declares about itself, validated.
//!
//! Everything except name, kind and hooks is a default that the operator may override.

use crate::{EventName, InterceptorName, NameError, Phase};

/// Maximum number of hooks in a declaration, and of events in a hook. Hooks are matched on every call; use a wildcard
/// instead of a longer list.
pub const MAX_HOOKS: usize = 64;

/// Maximum length of the version and the description, in bytes. Longer ones are cut: they are only for display.
const MAX_VERSION: usize = 64;
const MAX_DESCRIPTION: usize = 1024;

/// What a policy may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Judges the payload.
    Validation,
    /// May change the payload.
    Mutation,
}

/// Whether a policy's answers take effect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Verdicts block and changes are applied.
    #[default]
    Active,
    /// Runs and is recorded, but has no effect.
    Audit,
}

/// The events of one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Names, `namespace/*` or `*`.
    pub events: Vec<String>,
    /// The phase in which they are seen.
    pub phase: Phase,
}

/// Priority per phase: ascending, ties broken by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PriorityHint {
    /// In the request phase.
    pub request: i32,
    /// In the response phase.
    pub response: i32,
}

/// The range of protocol revisions a policy supports, inclusive. Revisions are dates (`2025-11-25`) and compare as
/// text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compat {
    /// The first.
    pub min_protocol: String,
    /// The last; `None` for no upper bound.
    pub max_protocol: Option<String>,
}

/// What a component declares about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Unique among the policies of a gateway.
    pub name: InterceptorName,
    /// For display only.
    pub version: Option<String>,
    /// For display only.
    pub description: Option<String>,
    /// What it may do.
    pub kind: Kind,
    /// What it hooks.
    pub hooks: Vec<Hook>,
    /// Absent means active.
    pub mode: Option<Mode>,
    /// Absent means false.
    pub fail_open: Option<bool>,
    /// Absent means 0.
    pub priority_hint: Option<PriorityHint>,
    /// Absent means every revision.
    pub compat: Option<Compat>,
    /// JSON Schema text.
    pub config_schema: Option<String>,
}

/// Why a declaration is refused at load.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeclarationError {
    /// The name is not valid.
    #[error("declared name: {0}")]
    Name(NameError),
    /// The policy would never run.
    #[error("it declares no hooks, so it would never run; declare at least one event and phase")]
    NoHooks,
    /// More than [`MAX_HOOKS`].
    #[error("it declares {0} hooks or events in one hook; at most {MAX_HOOKS} are allowed (use `namespace/*` or `*`)")]
    TooManyHooks(usize),
    /// A hook without events.
    #[error("a hook of phase {0} names no events")]
    NoEvents(Phase),
    /// An event that is neither a name nor a wildcard.
    #[error("hook event {0:?}: {1}")]
    Event(String, String),
    /// A range of revisions that contains none.
    #[error("compat: min-protocol {0} is after max-protocol {1}")]
    Compat(String, String),
}

impl Kind {
    /// The word used in JSON (`type` of a descriptor) and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Mutation => "mutation",
        }
    }
}

impl Mode {
    /// The word used in JSON, configuration and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Audit => "audit",
        }
    }
}

impl PriorityHint {
    /// The priority in that phase.
    pub const fn of(self, phase: Phase) -> i32 {
        match phase {
            Phase::Request => self.request,
            Phase::Response => self.response,
        }
    }
}

impl Compat {
    /// Whether the revision is in the range.
    pub fn contains(&self, revision: &str) -> bool {
        revision >= self.min_protocol.as_str() && self.max_protocol.as_deref().is_none_or(|max| revision <= max)
    }
}

impl Declaration {
    /// The same, with display texts cut to their maximum length.
    pub fn cut(self) -> Self {
        let version = self.version.map(|text| cut(text, MAX_VERSION));
        let description = self.description.map(|text| cut(text, MAX_DESCRIPTION));
        Self { version, description, ..self }
    }

    /// Checks what the types cannot. Reports all problems at once.
    pub fn check(&self) -> Result<(), Vec<DeclarationError>> {
        let mut errors = check_hooks(&self.hooks);
        if self.hooks.is_empty() {
            errors.push(DeclarationError::NoHooks);
        }
        if let Some(Compat { min_protocol, max_protocol: Some(max) }) = &self.compat
            && min_protocol > max
        {
            errors.push(DeclarationError::Compat(min_protocol.clone(), max.clone()));
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }
}

fn cut(mut text: String, most: usize) -> String {
    text.truncate(text.floor_char_boundary(most.min(text.len())));
    text
}

/// Checks a list of hooks, declared or overridden. The caller decides whether it may be empty.
pub(crate) fn check_hooks(hooks: &[Hook]) -> Vec<DeclarationError> {
    let mut errors = Vec::new();
    if hooks.len() > MAX_HOOKS {
        errors.push(DeclarationError::TooManyHooks(hooks.len()));
    }
    for hook in hooks.iter().take(MAX_HOOKS) {
        if hook.events.is_empty() {
            errors.push(DeclarationError::NoEvents(hook.phase));
        }
        if hook.events.len() > MAX_HOOKS {
            errors.push(DeclarationError::TooManyHooks(hook.events.len()));
        }
        for event in hook.events.iter().take(MAX_HOOKS) {
            if let Err(reason) = check_pattern(event) {
                errors.push(DeclarationError::Event(event.chars().take(128).collect(), reason));
            }
        }
    }
    errors
}

fn check_pattern(pattern: &str) -> Result<(), String> {
    if pattern == "*" {
        return Ok(());
    }
    let name = pattern.strip_suffix("/*").unwrap_or(pattern);
    EventName::new(name).map(|_| ()).map_err(|error| format!("{error}; give an event name, `namespace/*` or `*`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declaration() -> Declaration {
        Declaration {
            name: InterceptorName::new("x").unwrap(),
            version: None,
            description: None,
            kind: Kind::Validation,
            hooks: vec![Hook { events: vec!["tools/*".into()], phase: Phase::Request }],
            mode: None,
            fail_open: None,
            priority_hint: None,
            compat: None,
            config_schema: None,
        }
    }

    #[test]
    fn every_fault_of_a_declaration_is_reported() {
        assert_eq!(declaration().check(), Ok(()));
        let mut bad = declaration();
        bad.hooks = vec![
            Hook { events: vec![], phase: Phase::Request },
            Hook { events: vec!["a b".into(), "**".into()], phase: Phase::Response },
        ];
        bad.compat = Some(Compat { min_protocol: "2026".into(), max_protocol: Some("2025".into()) });
        assert_eq!(bad.check().unwrap_err().len(), 4);
    }

    #[test]
    fn texts_for_people_are_cut() {
        let long = Some("é".repeat(1000));
        let cut = Declaration { version: long.clone(), description: long, ..declaration() }.cut();
        assert_eq!((cut.version.unwrap().len(), cut.description.unwrap().len()), (64, 1024));
        assert_eq!(declaration().cut(), declaration());
    }

    #[test]
    fn compat_is_inclusive() {
        let compat = Compat { min_protocol: "2025-06-18".into(), max_protocol: Some("2025-11-25".into()) };
        assert!(compat.contains("2025-06-18") && compat.contains("2025-11-25"));
        assert!(!compat.contains("2026-07-28") && !compat.contains("2025-03-26"));
    }
}
