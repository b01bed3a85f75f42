//! Which events a hook matches, and the rule that an override may only narrow.

use crate::{Hook, InterceptorName, Phase};

/// An override that would widen what a policy sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "interceptor {interceptor}: the hooks override names {event:?} in phase {phase}, which no declared hook of that \
     phase covers; overrides may only narrow (declared: {declared})"
)]
pub struct HookError {
    /// The interceptor whose hooks were overridden.
    pub interceptor: InterceptorName,
    /// The event or wildcard that is too wide.
    pub event: String,
    /// The phase it was named for.
    pub phase: Phase,
    /// What is declared for that phase, for the error message.
    pub declared: String,
}

/// Whether any of the hooks matches the event.
pub fn matches(hooks: &[Hook], event: &str, phase: Phase) -> bool {
    hooks.iter().any(|hook| hook.phase == phase && hook.events.iter().any(|pattern| pattern_matches(pattern, event)))
}

/// `*` matches everything, `namespace/*` everything in that namespace (at any depth), anything else only itself.
pub fn pattern_matches(pattern: &str, event: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(prefix) if prefix.ends_with('/') => event.len() > prefix.len() && event.starts_with(prefix),
        _ => pattern == event,
    }
}

/// Whether everything that `narrow` matches is also matched by `wide`.
fn pattern_covers(wide: &str, narrow: &str) -> bool {
    // A wildcard is covered by itself and by a shorter wildcard; its text without the star is a prefix of
    // every event it matches, so prefix order decides. `*` is covered by `*` alone.
    match (wide.strip_suffix('*'), narrow.strip_suffix('*')) {
        (Some(""), _) => true,
        (Some(wide), Some(narrow)) => narrow.starts_with(wide),
        (Some(_), None) => pattern_matches(wide, narrow),
        (None, Some(_)) => false,
        (None, None) => wide == narrow,
    }
}

/// Checks that every (event, phase) of `narrow` is covered by a declared hook of that phase, literally or by a
/// wildcard. Reports all violations at once.
pub fn covers(interceptor: &InterceptorName, declared: &[Hook], narrow: &[Hook]) -> Result<(), Vec<HookError>> {
    let offends = |hook: &Hook, event: &str| {
        !declared
            .iter()
            .filter(|wide| wide.phase == hook.phase)
            .any(|wide| wide.events.iter().any(|pattern| pattern_covers(pattern, event)))
    };
    let errors: Vec<_> = narrow
        .iter()
        .flat_map(|hook| hook.events.iter().filter(|event| offends(hook, event)).map(move |event| (hook, event)))
        .map(|(hook, event)| HookError {
            interceptor: interceptor.clone(),
            event: event.clone(),
            phase: hook.phase,
            declared: describe(declared, hook.phase),
        })
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

fn describe(hooks: &[Hook], phase: Phase) -> String {
    let events: Vec<&str> = hooks
        .iter()
        .filter(|hook| hook.phase == phase)
        .flat_map(|hook| hook.events.iter().map(String::as_str))
        .collect();
    if events.is_empty() { format!("nothing in phase {phase}") } else { events.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hook(phase: Phase, events: &[&str]) -> Hook {
        Hook { events: events.iter().map(|event| (*event).to_owned()).collect(), phase }
    }

    #[test]
    fn patterns_match_exactly_by_namespace_or_all() {
        for (pattern, event, expected) in [
            ("tools/call", "tools/call", true),
            ("tools/call", "tools/list", false),
            ("tools/*", "tools/call", true),
            ("tools/*", "tools/", false),
            ("tools/*", "toolsx/call", false),
            ("resources/*", "resources/templates/list", true),
            ("*", "anything", true),
        ] {
            assert_eq!(pattern_matches(pattern, event), expected, "{pattern} {event}");
        }
    }

    #[test]
    fn overrides_may_only_narrow() {
        let name = InterceptorName::new("p").unwrap();
        let declared = [hook(Phase::Request, &["tools/*", "prompts/get"])];
        let check = |hooks: &[Hook]| covers(&name, &declared, hooks).map_err(|errors| errors.len());
        assert_eq!(check(&[hook(Phase::Request, &["tools/call", "tools/*", "prompts/get"])]), Ok(()));
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&[hook(Phase::Request, &["*"])]), Err(1));
        assert_eq!(check(&[hook(Phase::Request, &["prompts/*"])]), Err(1));
        assert_eq!(check(&[hook(Phase::Response, &["tools/call", "prompts/get"])]), Err(2));
        assert_eq!(covers(&name, &[hook(Phase::Request, &["*"])], &[hook(Phase::Request, &["*", "a/*", "b"])]), Ok(()));
    }
}
