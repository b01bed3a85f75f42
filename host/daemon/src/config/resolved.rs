//! The effective configuration: every value checked, every default filled in.
//!
//! Invariant: each entry is valid by itself. The problems reported with it decide whether the whole can be served.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::Uri;
use weir_core::chain::Revalidation;
use weir_core::{InterceptorName, Overrides, Posture};
use weir_engine::{PolicyOptions, QuarantineOptions};
use weir_gateway::{GatewayOptions, Protocol, RouteOptions};
use weir_interceptors::Reach;
use weir_store::MemoryStateOptions;

use super::records::{RecordsConfig, TrustConfig};
use super::report::Location;
use super::secret::Secret;
use super::upstream::Upstream;

/// One folder's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The data plane.
    pub gateway: GatewayConfig,
    /// The admin listener.
    pub admin: AdminConfig,
    /// The sandboxes.
    pub engine: EngineConfig,
    /// The storage for policy state.
    pub state: MemoryStateOptions,
    /// The interceptor server, for remote chains.
    pub interceptors: InterceptorsConfig,
    /// What is recorded, and where it is stored.
    pub records: RecordsConfig,
    /// Whether calls inside a context are checked against the registry.
    pub trust: TrustConfig,
    /// The routes, in file order.
    pub routes: Vec<RouteConfig>,
    /// The policies, in file order.
    pub policies: Vec<PolicyConfig>,
}

/// The data plane. Only settings that routes also have can change at runtime.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// Its listen address.
    pub listen: SocketAddr,
    /// The chain timeout per phase, for routes that set none.
    pub chain_timeout: Duration,
    /// Maximum body size that policies read, for routes that set none.
    pub max_body: usize,
    /// Limits for callers and upstreams.
    pub options: GatewayOptions,
}

/// The admin listener.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminConfig {
    /// Its listen address.
    pub listen: SocketAddr,
    /// The token required from callers.
    pub token: Option<Secret>,
}

/// The sandboxes.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineConfig {
    /// Where compiled code is cached.
    pub cache: CodeCache,
    /// Maximum number of concurrent sandboxes.
    pub max_instances: u32,
    /// The host's limit on one invocation.
    pub call_cap: Duration,
    /// Timeout for policies without an override.
    pub policy_timeout: Option<Duration>,
    /// When a failing policy is quarantined.
    pub quarantine: QuarantineOptions,
}

/// The interceptor server, for remote chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterceptorsConfig {
    /// Who may use it.
    pub reach: Reach,
    /// Page size of the list; `None` for a single page.
    pub page_size: Option<usize>,
    /// Whether the chain of all policies can be run. No longer part of the protocol.
    pub execute_chain: bool,
}

/// Where compiled code is cached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCache {
    /// Nowhere: compile at every start.
    Off,
    /// In the default folder, if it is usable: the served folder may be read-only.
    Usual(PathBuf),
    /// In a folder that the operator chose; if it is unusable, the start fails.
    Chosen(PathBuf),
}

/// One route.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteConfig {
    /// Its unique name.
    pub name: String,
    /// Its unique path prefix.
    pub path: String,
    /// The protocol of its messages.
    pub protocol: Protocol,
    /// Its upstream.
    pub upstream: Upstream,
    /// The upstream's name, as policies see it.
    pub server: String,
    /// Which side the gateway is on.
    pub posture: Posture,
    /// Whether a mutated received payload is validated again.
    pub revalidation: Revalidation,
    /// Its settings in the gateway.
    pub options: RouteOptions,
}

/// One policy.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyConfig {
    /// What it is.
    pub source: SourceConfig,
    /// Where its source is written, for problems found later.
    pub location: Location,
    /// The routes it applies to; `None` for all.
    pub routes: Option<Vec<String>>,
    /// The operator's overrides.
    pub overrides: Overrides,
}

/// What a policy is.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceConfig {
    /// A component in the folder.
    Component {
        /// The file, relative to the folder, as written.
        file: String,
        /// Its load options.
        options: PolicyOptions,
    },
    /// An interceptor on another server.
    Remote(RemoteConfig),
}

/// An interceptor on another server.
#[derive(Debug, Clone, PartialEq)]
pub struct RemoteConfig {
    /// The server's endpoint.
    pub url: Uri,
    /// The token sent to the server.
    pub token: Option<Secret>,
    /// Its name, there and here.
    pub name: InterceptorName,
    /// Configuration as JSON text, sent with each call.
    pub config: Option<String>,
}

impl PolicyConfig {
    /// Its component file, if it has one.
    pub fn file(&self) -> Option<&str> {
        match &self.source {
            SourceConfig::Component { file, .. } => Some(file),
            SourceConfig::Remote(_) => None,
        }
    }

    /// The operator's name for it, if any.
    pub fn alias(&self) -> Option<&InterceptorName> {
        match &self.source {
            SourceConfig::Component { options, .. } => options.alias.as_ref(),
            SourceConfig::Remote(RemoteConfig { name, .. }) => Some(name),
        }
    }
}

impl fmt::Display for SourceConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component { file, .. } => f.write_str(file),
            Self::Remote(RemoteConfig { url, .. }) => url.fmt(f),
        }
    }
}
