//! What the policies of a route want to see of what comes back, so that streams in which they see nothing pass
//! untouched.

use weir_core::{Chain, Phase, catalogue};

/// What has to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watched {
    /// Any answer. Then every answer is read: one that comes where another is expected must not pass unseen.
    pub(super) responses: bool,
    /// Requests of the server.
    pub(super) server_requests: bool,
    /// Anything at all, be it only what the client sends.
    pub(super) messages: bool,
}

/// Requests that a client sends. Whatever else a policy hooks, a server may send.
const OF_CLIENTS: [&str; 7] =
    ["completion/", "logging/", "prompts/", "resources/", "server/", "subscriptions/", "tools/"];

impl Watched {
    /// What the policies of a chain want to see.
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

    /// Whether the messages of the server have to be looked at at all.
    pub(super) fn anything(self) -> bool {
        self.responses || self.server_requests
    }
}
