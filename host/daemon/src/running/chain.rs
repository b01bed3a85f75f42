//! Runs one chain of a set, outside of any exchange.

use std::sync::Arc;
use std::time::Instant;

use weir_admin::{ChainRequest, ChainRequestError, ChainResponse};
use weir_core::Event;
use weir_core::chain::ChainError;

use crate::load::LoadedSet;

/// Runs one chain of a set, outside of any exchange.
pub async fn run_chain(set: &LoadedSet, request: ChainRequest) -> Result<ChainResponse, ChainRequestError> {
    let ChainRequest { event, phase, payload, request, mut context, route, interceptors, timeout } = request;
    let (chain, default_timeout) = match &route {
        None => (&set.all, set.config.gateway.chain_timeout),
        Some(name) => {
            let found = set.routes.iter().find(|route| route.config.name == *name);
            let found = found.ok_or_else(|| ChainRequestError::UnknownRoute(name.clone()))?;
            context.route.get_or_insert_with(|| name.clone());
            context.server.get_or_insert_with(|| found.config.server.clone());
            (&found.chain, found.config.options.chain_timeout)
        }
    };
    let event = Event { name: event, phase, payload, request, context: Arc::new(context) };
    let start = Instant::now();
    let deadline = start + timeout.unwrap_or(default_timeout);
    let result = match interceptors {
        None => chain.run(&event, Some(deadline)).await,
        Some(names) => chain.run_only(&names, &event, Some(deadline)).await.map_err(|error| match error {
            ChainError::UnknownName(name) => ChainRequestError::UnknownInterceptor(name.to_string()),
            other @ ChainError::DuplicateName(_) => ChainRequestError::Malformed(other.to_string()),
        })?,
    };
    Ok(ChainResponse { result, elapsed: start.elapsed() })
}
