//! What holds: every value checked, every default filled in.
//!
//! Invariant: each entry is right by itself. Whether the whole can be served is said by the problems that come with
//! it.

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
use super::report::Place;
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
    /// The buckets that policies keep state in.
    pub state: MemoryStateOptions,
    /// The policies for chains elsewhere.
    pub interceptors: InterceptorsConfig,
    /// What is recorded, and where it is kept.
    pub records: RecordsConfig,
    /// Whether calls inside a context are checked against the registry.
    pub trust: TrustConfig,
    /// The routes, as written.
    pub routes: Vec<RouteConfig>,
    /// The policies, as written.
    pub policies: Vec<PolicyConfig>,
}

/// The data plane. Only what stands in routes, too, can change while the gateway runs.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// Where calls come in.
    pub listen: SocketAddr,
    /// How long the chain of one phase may take, where the route says nothing.
    pub chain_timeout: Duration,
    /// Most bytes of a body that a policy reads, where the route says nothing.
    pub max_body: usize,
    /// Bounds towards callers and upstreams.
    pub options: GatewayOptions,
}

/// The admin listener.
#[derive(Debug, Clone, PartialEq)]
pub struct AdminConfig {
    /// Where it listens.
    pub listen: SocketAddr,
    /// What a caller must show.
    pub token: Option<Secret>,
}

/// The sandboxes.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineConfig {
    /// Where compiled code is kept.
    pub cache: CodeCache,
    /// Most sandboxes at one time.
    pub max_instances: u32,
    /// The host's cap for one invocation.
    pub call_cap: Duration,
    /// Timeout of a policy for which no override gives one.
    pub policy_timeout: Option<Duration>,
    /// When a failing policy is set aside.
    pub quarantine: QuarantineOptions,
}

/// The policies for chains elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InterceptorsConfig {
    /// Who is served.
    pub reach: Reach,
    /// Most entries of one page of the list; `None` for one page.
    pub page_size: Option<usize>,
    /// Whether the chain of all policies can be run, which is no part of the protocol any more.
    pub execute_chain: bool,
}

/// Where compiled code is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CodeCache {
    /// Nowhere: it is compiled at every start.
    Off,
    /// In the usual place, if that can be had: a folder may be mounted read-only.
    Usual(PathBuf),
    /// In a place that the operator chose; if that cannot be had, the start fails.
    Chosen(PathBuf),
}

/// One route.
#[derive(Debug, Clone, PartialEq)]
pub struct RouteConfig {
    /// Its name, unique.
    pub name: String,
    /// The prefix under which it is reached, unique.
    pub path: String,
    /// How its messages are read.
    pub protocol: Protocol,
    /// Where it leads.
    pub upstream: Upstream,
    /// Name of the upstream for policies.
    pub server: String,
    /// Which side the gateway stands on.
    pub posture: Posture,
    /// Whether a mutated received payload is judged again.
    pub revalidation: Revalidation,
    /// What the gateway itself has to know about it.
    pub options: RouteOptions,
}

/// One policy.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyConfig {
    /// What it is.
    pub source: SourceConfig,
    /// Where the source stands, for what is found out about it later.
    pub place: Place,
    /// The routes it applies to; `None` for all.
    pub routes: Option<Vec<String>>,
    /// What the operator says instead of what it declares.
    pub overrides: Overrides,
}

/// What a policy is.
#[derive(Debug, Clone, PartialEq)]
pub enum SourceConfig {
    /// A component in the folder.
    Component {
        /// The file, relative to the folder, as written.
        file: String,
        /// What it is loaded with.
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
    /// What the server is shown.
    pub token: Option<Secret>,
    /// Its name there and here.
    pub name: InterceptorName,
    /// Configuration as JSON text, sent with each call.
    pub config: Option<String>,
}

impl PolicyConfig {
    /// The file of its component, if it is one.
    pub fn file(&self) -> Option<&str> {
        match &self.source {
            SourceConfig::Component { file, .. } => Some(file),
            SourceConfig::Remote(_) => None,
        }
    }

    /// The operator's name for it, if one was given.
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
