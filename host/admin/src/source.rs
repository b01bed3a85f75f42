//! The port to the data of the admin surface.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use weir_gateway::contexts::Contexts;

use crate::chain_request::ChainRequest;
use crate::policies::PolicyList;
use crate::record_source::RecordSource;
use crate::routes::RouteList;

/// The data of the admin surface. The daemon implements it.
#[async_trait]
pub trait AdminSource: Send + Sync {
    /// Whether all policies are loaded and the gateway serves; the reason if not.
    fn ready(&self) -> Result<(), String>;
    /// The metrics in the OpenMetrics text format.
    fn metrics(&self) -> String;
    /// The loaded policies.
    fn policies(&self) -> PolicyList;
    /// The routes.
    fn routes(&self) -> RouteList;
    /// The contexts that are opened by tokens.
    fn contexts(&self) -> Arc<Contexts>;
    /// The records, if they are kept.
    fn records(&self) -> Option<Arc<dyn RecordSource>>;
    /// Runs a chain.
    async fn run_chain(&self, request: ChainRequest) -> Result<ChainResponse, ChainRequestError>;
}

/// The outcome of a chain.
#[derive(Debug, Clone)]
pub struct ChainResponse {
    /// The result.
    pub result: weir_core::ChainResult,
    /// Total wall time.
    pub elapsed: Duration,
}

/// Why a chain could not be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainRequestError {
    /// No such route.
    #[error("no route is named {0:?}; GET /v1/routes lists them")]
    UnknownRoute(String),
    /// No such policy in the chain.
    #[error("no policy in this chain is named {0:?}; GET /v1/policies lists them")]
    UnknownInterceptor(String),
    /// The request is not valid.
    #[error("{0}")]
    Malformed(String),
}
