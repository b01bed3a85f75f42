//! The list of policies of the admin surface.
//!
//! This crate does not know the engine; the crate that composes both fills in the engine's facts.

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
    /// The result of the last reload.
    pub reload: Reload,
}

/// The result of the last reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Reload {
    /// Increases with every running set.
    pub epoch: u64,
    /// When the current set took effect (RFC 3339).
    pub loaded_at: String,
    /// Why the current folder was rejected, if it was; the previous set then stays in effect.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
    /// When it was rejected (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<String>,
}

/// One loaded policy.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its settings.
    #[serde(flatten)]
    pub settings: Settings,
    /// The component's file, relative to the folder; absent for an interceptor on another server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// Its server, if it does not run here.
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
    /// Names of the routes that use it.
    pub routes: Vec<String>,
    /// How its component was loaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub load: Option<PolicyLoad>,
    /// Its statistics since then.
    pub stats: PolicyStats,
}

/// The server of a remote policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Remote {
    /// The server's endpoint.
    pub url: String,
    /// The MCP revision used with it.
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
    /// Initial memory of each instance, in bytes.
    pub initial_memory: u64,
    /// Size of the component.
    pub component_bytes: usize,
    /// Warnings for the operator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Statistics of a policy since it was loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyStats {
    /// Invocations.
    pub calls: u64,
    /// Failures by kind.
    pub faults: std::collections::BTreeMap<&'static str, u64>,
    /// Running invocations.
    pub in_flight: u32,
    /// Whether it is quarantined now.
    pub quarantined: bool,
    /// How often it was quarantined.
    pub quarantines: u64,
    /// Calls of capabilities that were not granted.
    pub denied_capabilities: u64,
    /// Log lines dropped by the rate limit.
    pub log_lines_dropped: u64,
}
