//! Plain HTTP: one event `http/ingress` per exchange.
//!
//! Invariants: a body that no policy of its phase needs streams through, with its trailers; an unchanged payload
//! forwards the exact original bytes.
//!
//! A response with a policy is read completely first, server-sent events too. The trailers of a body that was read are
//! forwarded unless the body was changed; they are not part of the payload.

mod apply;
mod body;
mod exchange;
mod fields;
mod form;
mod payload;

use std::sync::Arc;

use async_trait::async_trait;
use http::Request;
use weir_http::Incoming;

use super::{Exchange, Protocol, Surface};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::routes::Route;
use exchange::HttpExchange;

/// The event of this protocol.
pub(crate) const EVENT: &str = "http/ingress";

/// Plain HTTP on a route.
#[derive(Debug, Clone, Copy, Default)]
pub struct Http;

#[async_trait]
impl Surface for Http {
    fn protocol(&self) -> &'static str {
        Protocol::Http.as_str()
    }

    async fn read(&self, _: &Arc<Call>, request: Request<Incoming>) -> Result<Box<dyn Exchange>, Refusal> {
        Ok(Box::new(HttpExchange::new(request)))
    }

    fn check(&self, route: &Route) -> Result<(), &'static str> {
        match route.upstream {
            Some(_) => Ok(()),
            None => Err("a command is only for routes with protocol mcp"),
        }
    }
}
