//! The bounds that the gateway keeps towards its callers and its upstreams.

use std::time::Duration;

use weir_http::origin::Admission;
use weir_http::{ClientOptions, ListenerOptions};

/// Bounds of a gateway. All of them are limits against peers that are slow, broken or hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayOptions {
    /// Most connections at a time; further ones wait in the listener's backlog.
    pub max_connections: usize,
    /// Most bytes of a request's head; longer ones are answered 431.
    pub max_header_bytes: usize,
    /// Most header fields of a request; more are answered 431.
    pub max_headers: usize,
    /// Time from opening a connection to the end of the first request's head, and for each later head.
    pub header_read_timeout: Duration,
    /// Time that a connection may be open without a request.
    pub idle_timeout: Duration,
    /// Time for the whole of a body that has to be read before it may go on.
    pub body_read_timeout: Duration,
    /// Time that exchanges in flight have to finish once the gateway shuts down.
    pub drain_timeout: Duration,
    /// Time to open a connection to an upstream.
    pub connect_timeout: Duration,
    /// Time from the last byte of a request that was sent to the head of the upstream's response.
    pub response_timeout: Duration,
    /// Time that an unused connection to an upstream is kept.
    pub pool_idle_timeout: Duration,
    /// Most unused connections kept for one upstream.
    pub pool_max_idle: usize,
    /// Under which names, and from which pages, surfaces are reached that guard their origin.
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
    /// The bounds of its listener.
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

    /// The bounds towards its upstreams.
    pub fn client(&self) -> ClientOptions {
        ClientOptions {
            connect_timeout: self.connect_timeout,
            response_timeout: self.response_timeout,
            pool_idle_timeout: self.pool_idle_timeout,
            pool_max_idle: self.pool_max_idle,
        }
    }
}
