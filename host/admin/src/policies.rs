//! The list of policies of the admin surface.
//!
//! The engine's facts are not known to this crate; whoever composes both fills them in.

use serde::Serialize;
use weir_mcp::interceptors::Settings;

/// All loaded policies.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyList {
    /// In the order of the configuration.
    pub entries: Vec<Policy>,
    /// Always `null`: one page.
    pub next_cursor: Option<String>,
    /// How the last change of the folder went.
    pub reload: Reload,
}

/// How the last change of the folder went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reload {
    /// Grows with every set that was put to work.
    pub epoch: u64,
    /// When the present set was put to work (RFC 3339).
    pub loaded_at: String,
    /// Why the folder as it is now was refused, if it was; the present set then is the one before.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// When it was refused (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<String>,
}

/// One loaded policy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// What holds for it.
    #[serde(flatten)]
    pub settings: Settings,
    /// The component's file, relative to the folder; absent for an interceptor on another server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Where it runs, if that is not here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote: Option<Remote>,
    /// The policy's own version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// SHA-256 of the component in hex.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Names of the routes in whose chain it is.
    pub routes: Vec<String>,
    /// How its component was loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<PolicyLoad>,
    /// What it has done since.
    pub stats: PolicyStats,
}

/// Where a policy runs that does not run here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remote {
    /// The server's endpoint.
    pub url: String,
    /// The revision of MCP that is spoken with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
}

/// How a policy was loaded.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyLoad {
    /// `snapshot`, or `per-call` with the reason.
    pub configured: String,
    /// `cache` or `compiled`.
    pub code: String,
    /// How long it took.
    pub load_time_ms: f64,
    /// What it imports.
    pub imports: Vec<String>,
    /// Bytes of memory that every instance starts with.
    pub initial_memory: u64,
    /// Size of the component.
    pub component_bytes: usize,
    /// What the operator should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What a policy has done since it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyStats {
    /// Invocations.
    pub calls: u64,
    /// Failures by kind.
    pub faults: std::collections::BTreeMap<&'static str, u64>,
    /// Invocations that run now.
    pub in_flight: u32,
    /// Whether it is quarantined now.
    pub quarantined: bool,
    /// How often it was.
    pub quarantines: u64,
    /// Calls of capabilities that nobody granted.
    pub denied_capabilities: u64,
    /// Log lines beyond its rate.
    pub log_lines_dropped: u64,
}
