//! What a route's policies see of the server's messages. Streams in which they see nothing pass untouched.

use weir_core::{Chain, Phase, catalogue};

/// What has to be inspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watched {
    /// Answers. If set, every answer is read: one that arrives in place of another must not pass unseen.
    pub(super) responses: bool,
    /// Requests of the server.
    pub(super) server_requests: bool,
    /// Anything at all, even if only client messages.
    pub(super) messages: bool,
}

/// Namespaces of client requests. A server may send whatever else a policy hooks.
const OF_CLIENTS: [&str; 7] =
    ["completion/", "logging/", "prompts/", "resources/", "server/", "subscriptions/", "tools/"];

impl Watched {
    /// What the policies of a chain see.
    pub(super) fn by(chain: &Chain) -> Self {
        let hooks = |wanted: Phase| {
            let entries = chain.entries().iter();
            entries.flat_map(|entry| &entry.settings.hooks.value).filter(move |hook| hook.phase == wanted)
        };
        let of_others = |pattern: &str| catalogue::EVENTS.iter().any(|row| row.surface != "mcp" && row.name == pattern);
        let of_servers = |pattern: &String| {
            !OF_CLIENTS.iter().any(|namespace| pattern.starts_with(namespace)) && !of_others(pattern)
        };
        Self {
            messages: !chain.entries().is_empty(),
            responses: hooks(Phase::Response).any(|hook| hook.events.iter().any(|pattern| !of_others(pattern))),
            server_requests: hooks(Phase::Request).any(|hook| hook.events.iter().any(of_servers)),
        }
    }

    /// Whether server messages must be inspected at all.
    pub(super) fn anything(self) -> bool {
        self.responses || self.server_requests
    }
}
