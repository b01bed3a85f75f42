//! The gateway's limits for callers and upstreams.

use std::time::Duration;

use weir_http::origin::Admission;
use weir_http::{ClientOptions, ListenerOptions};

/// Limits of a gateway, against slow, broken or hostile peers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayOptions {
    /// Most concurrent connections; more wait in the listener's backlog.
    pub max_connections: usize,
    /// Most bytes of a request's head; longer ones get 431.
    pub max_header_bytes: usize,
    /// Most header fields of a request; more get 431.
    pub max_headers: usize,
    /// Time from opening a connection to the end of the first request's head, and for each later head.
    pub header_read_timeout: Duration,
    /// Time that a connection may be open without a request.
    pub idle_timeout: Duration,
    /// Time to read a body that must be complete before it is processed.
    pub body_read_timeout: Duration,
    /// Time for in-flight exchanges to finish on shutdown.
    pub drain_timeout: Duration,
    /// Time to open a connection to an upstream.
    pub connect_timeout: Duration,
    /// Time from the last byte of a request that was sent to the head of the upstream's response.
    pub response_timeout: Duration,
    /// Time that an unused connection to an upstream is kept.
    pub pool_idle_timeout: Duration,
    /// Most unused connections kept for one upstream.
    pub pool_max_idle: usize,
    /// Allowed hosts and origins of surfaces that check the origin.
    pub admission: Admission,
}

impl Default for GatewayOptions {
    fn default() -> Self {
        let ListenerOptions {
            max_connections,
            max_header_bytes,
            max_headers,
            header_read_timeout,
            idle_timeout,
            body_read_timeout,
            drain_timeout,
        } = ListenerOptions::default();
        let ClientOptions { connect_timeout, response_timeout, pool_idle_timeout, pool_max_idle } =
            ClientOptions::default();
        Self {
            max_connections,
            max_header_bytes,
            max_headers,
            header_read_timeout,
            idle_timeout,
            body_read_timeout,
            drain_timeout,
            connect_timeout,
            response_timeout,
            pool_idle_timeout,
            pool_max_idle,
            admission: Admission::default(),
        }
    }
}

impl GatewayOptions {
    /// The limits of its listener.
    pub fn listener(&self) -> ListenerOptions {
        ListenerOptions {
            max_connections: self.max_connections,
            max_header_bytes: self.max_header_bytes,
            max_headers: self.max_headers,
            header_read_timeout: self.header_read_timeout,
            idle_timeout: self.idle_timeout,
            body_read_timeout: self.body_read_timeout,
            drain_timeout: self.drain_timeout,
        }
    }

    /// The limits for its upstreams.
    pub fn client(&self) -> ClientOptions {
        ClientOptions {
            connect_timeout: self.connect_timeout,
            response_timeout: self.response_timeout,
            pool_idle_timeout: self.pool_idle_timeout,
            pool_max_idle: self.pool_max_idle,
        }
    }
}
