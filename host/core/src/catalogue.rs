//! The lifecycle events that Weir's surfaces emit, by name.
//!
//! The set is open: a policy may hook a name that is not here. The catalogue serves to tell an operator that
//! a hook names nothing that any surface of this version emits. Rows that no surface emits yet say why.

/// One known event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The event's name.
    pub name: &'static str,
    /// The surface that emits it.
    pub surface: &'static str,
    /// Why no surface of this version emits it; `None` if one does.
    pub not_yet: Option<&'static str>,
}

const fn row(surface: &'static str, name: &'static str) -> Row {
    Row { name, surface, not_yet: None }
}

const fn not_yet(surface: &'static str, name: &'static str, why: &'static str) -> Row {
    Row { name, surface, not_yet: Some(why) }
}

const NO_MODELS: &str = "this version reads calls of models as plain HTTP";
const NO_WAY_OUT: &str = "this version stands only in front of servers";
const NO_AGENTS: &str = "this version sees what agents call, not the agents";

/// All known events, by surface.
pub const EVENTS: &[Row] = &[
    row("mcp", "completion/complete"),
    row("mcp", "elicitation/create"),
    row("mcp", "logging/setLevel"),
    row("mcp", "prompts/get"),
    row("mcp", "prompts/list"),
    row("mcp", "resources/list"),
    row("mcp", "resources/read"),
    row("mcp", "resources/subscribe"),
    row("mcp", "resources/templates/list"),
    row("mcp", "resources/unsubscribe"),
    row("mcp", "roots/list"),
    row("mcp", "sampling/createMessage"),
    row("mcp", "server/discover"),
    row("mcp", "subscriptions/listen"),
    row("mcp", "tasks/cancel"),
    row("mcp", "tasks/get"),
    row("mcp", "tasks/list"),
    row("mcp", "tasks/result"),
    row("mcp", "tools/call"),
    row("mcp", "tools/list"),
    not_yet("llm", "llm/completion", NO_MODELS),
    not_yet("http", "http/egress", NO_WAY_OUT),
    row("http", "http/ingress"),
    not_yet("agent", "agent/prompt", NO_AGENTS),
    not_yet("agent", "agent/session", NO_AGENTS),
    not_yet("agent", "agent/tool", NO_AGENTS),
];

/// The rows of that name, or those that the pattern (`*`, `namespace/*`) covers.
fn covered(pattern: &str) -> impl Iterator<Item = &'static Row> {
    EVENTS.iter().filter(move |row| crate::hook::pattern_matches(pattern, row.name))
}

/// Whether there is an event of that name, or one that the pattern covers.
pub fn is_known(pattern: &str) -> bool {
    covered(pattern).next().is_some()
}

/// Whether that surface emits an event of that name, or one that the pattern covers.
pub fn emits(surface: &str, pattern: &str) -> bool {
    covered(pattern).any(|row| row.surface == surface && row.not_yet.is_none())
}

/// Why nothing in this version emits any known event that the pattern covers; `None` if something does.
pub fn why_not_yet(pattern: &str) -> Option<&'static str> {
    let mut why = None;
    for row in covered(pattern) {
        why = Some(row.not_yet?);
    }
    why
}

/// Whether all that the pattern covers lies in a namespace of other surfaces alone.
pub fn is_of_another(surface: &str, pattern: &str) -> bool {
    let namespace = |name: &str| name.split_once('/').map(|(namespace, _)| namespace.to_owned());
    let Some(wanted) = namespace(pattern) else { return false };
    let mut rows = EVENTS.iter().filter(|row| namespace(row.name).as_ref() == Some(&wanted)).peekable();
    rows.peek().is_some() && rows.all(|row| row.surface != surface)
}

#[cfg(test)]
mod tests {
    #[test]
    fn patterns_are_known_when_they_cover_an_event() {
        assert!(super::is_known("tools/call"));
        assert!(super::is_known("tools/*"));
        assert!(super::is_known("*"));
        assert!(!super::is_known("tool/call"));
    }

    #[test]
    fn a_surface_emits_what_is_its_own_and_not_put_off() {
        for (surface, pattern, expected) in [
            ("mcp", "tools/call", true),
            ("mcp", "*", true),
            ("mcp", "http/ingress", false),
            ("http", "http/ingress", true),
            ("http", "http/*", true),
            ("http", "*", true),
            ("http", "http/egress", false),
            ("http", "tools/*", false),
            ("llm", "llm/completion", false),
            ("agent", "agent/*", false),
        ] {
            assert_eq!(super::emits(surface, pattern), expected, "{surface} {pattern}");
        }
    }

    #[test]
    fn what_nothing_emits_yet_says_why() {
        for pattern in ["llm/completion", "http/egress", "agent/tool", "agent/*"] {
            assert!(super::why_not_yet(pattern).is_some(), "{pattern}");
        }
        for pattern in ["*", "http/*", "tools/call", "tool/call"] {
            assert_eq!(super::why_not_yet(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn namespaces_belong_to_surfaces() {
        for (surface, pattern, expected) in [
            ("mcp", "agent/*", true),
            ("mcp", "agent/of-a-server", true),
            ("mcp", "http/ingress", true),
            ("mcp", "tools/of-a-server", false),
            ("mcp", "of-a-server/anything", false),
            ("mcp", "ping", false),
            ("mcp", "*", false),
            ("http", "http/*", false),
            ("http", "tools/call", true),
        ] {
            assert_eq!(super::is_of_another(surface, pattern), expected, "{surface} {pattern}");
        }
    }
}
