//! The lifecycle events that Weir's surfaces emit, by name.
//!
//! The set is open: a policy may hook a name that is not here. The catalogue serves to tell an operator that
//! a hook names nothing that any surface of this version emits.

/// One known event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The event's name.
    pub name: &'static str,
    /// The surface that emits it.
    pub surface: &'static str,
}

const fn row(surface: &'static str, name: &'static str) -> Row {
    Row { name, surface }
}

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
    row("llm", "llm/completion"),
    row("http", "http/egress"),
    row("http", "http/ingress"),
    row("agent", "agent/prompt"),
    row("agent", "agent/session"),
    row("agent", "agent/tool"),
];

/// Whether any surface emits an event of that name, or one that the pattern (`*`, `namespace/*`) covers.
pub fn is_known(pattern: &str) -> bool {
    EVENTS.iter().any(|row| crate::hook::pattern_matches(pattern, row.name))
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
}
