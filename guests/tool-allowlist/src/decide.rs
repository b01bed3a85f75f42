//! Decides on one tool: deny wins; if anything is allowed explicitly, everything else is denied.
//!
//! Invariant: adding `deny` never allows more; adding `allow` to matching rules never denies more, except that the
//! first `allow` denies everything else.

use weir_glob::{Glob, Globs};

use crate::caller::Attributes;
use crate::config::Config;
use crate::names;

/// The decision on a call.
#[derive(Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// It may pass.
    Allowed,
    /// It may not pass.
    Denied {
        /// The reason, for display.
        message: String,
        /// Similar tools that would be allowed.
        instead: Vec<&'a str>,
    },
}

/// Decides on a tool.
pub fn decide<'a>(config: &'a Config, name: &str, attributes: Attributes<'_>) -> Decision<'a> {
    let rules: Vec<_> = config.rules.iter().filter(|rule| rule.when.holds(attributes)).collect();
    let deny = || std::iter::once(&config.deny).chain(rules.iter().map(|rule| &rule.deny));
    let allow = || config.allow.iter().chain(rules.iter().filter_map(|rule| rule.allow.as_ref()));
    let denied = |reason: String| {
        let open = |glob: &&Glob| glob.literal().is_some_and(|tool| !deny().any(|globs| globs.matches(tool)));
        let instead = names::close(name, allow().flat_map(Globs::iter).filter(open));
        Decision::Denied { message: format!("tool `{}` {reason}", clipped(name)), instead }
    };

    if let Some(glob) = deny().find_map(|globs| globs.find(name)) {
        return denied(format!("is denied by `{glob}`"));
    }
    let explicit = allow().any(|globs| globs.matches(name));
    if explicit {
        return Decision::Allowed;
    }
    if allow().next().is_some() {
        return denied("is not on the list of allowed tools".to_owned());
    }
    match names::dangerous(name).filter(|_| config.builtin_deny) {
        Some(words) => denied(format!("is denied by the built-in list (`{words}`); allow it by name if it is wanted")),
        None => Decision::Allowed,
    }
}

/// The start of a caller-supplied name.
fn clipped(name: &str) -> String {
    const MOST: usize = 80;
    let shown = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    let mut text: String = name.chars().take(MOST).map(shown).collect();
    if name.chars().nth(MOST).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(config: &str, attributes: &[(&str, &str)], name: &str) -> Result<(), String> {
        let config: Config = serde_json::from_str(config).unwrap();
        let lookup =
            |wanted: &str| attributes.iter().find(|(key, _)| *key == wanted).map(|(_, value)| value.to_string());
        match decide(&config, name, &lookup) {
            Decision::Allowed => Ok(()),
            Decision::Denied { message, .. } => Err(message),
        }
    }

    #[test]
    fn deny_wins_over_allow() {
        let config = r#"{"allow":["fs_*"],"deny":["*_delete"]}"#;
        assert_eq!(verdict(config, &[], "fs_read"), Ok(()));
        assert!(verdict(config, &[], "fs_delete").unwrap_err().contains("`*_delete`"));
        assert!(verdict(config, &[], "web_get").unwrap_err().contains("not on the list"));
    }

    #[test]
    fn an_explicit_allow_opens_the_builtin_list() {
        assert!(verdict("{}", &[], "drop_table").is_err());
        assert_eq!(verdict(r#"{"allow":["*"]}"#, &[], "drop_table"), Ok(()));
        assert_eq!(verdict(r#"{"builtin_deny":false}"#, &[], "drop_table"), Ok(()));
    }

    #[test]
    fn rules_hold_for_their_callers_only() {
        let config = r#"{"allow":["read_*"],"rules":[
            {"when":{"claim":{"pointer":"/groups","value":"admins"}},"allow":["*"]},
            {"when":{"claim":{"pointer":"/scope","value":"tools:write"}},"allow":["write_*"]},
            {"when":{"kind":"service","id":"ci-*"},"allow":["deploy"],"deny":["read_secrets"]}]}"#;
        let admin = [("principal.claims", r#"{"groups":["staff","admins"]}"#)];
        assert_eq!(verdict(config, &admin, "anything"), Ok(()));
        let writer = [("principal.claims", r#"{"scope":"tools:read tools:write"}"#)];
        assert_eq!(verdict(config, &writer, "write_file"), Ok(()));
        assert!(verdict(config, &writer, "deploy").is_err());
        let robot = [("principal.kind", "service"), ("principal.id", "ci-7")];
        assert_eq!(verdict(config, &robot, "deploy"), Ok(()));
        assert!(verdict(config, &robot, "read_secrets").is_err());
        assert!(verdict(config, &[], "deploy").is_err());
    }

    #[test]
    fn messages_do_not_carry_control_characters_or_novels() {
        let name = format!("evil\n{}", "x".repeat(5_000));
        let message = verdict(r#"{"deny":["*"]}"#, &[], &name).unwrap_err();
        assert!(message.len() < 200 && !message.contains('\n'), "{message}");
    }
}
