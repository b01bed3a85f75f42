//! Limits of listeners and clients for slow, broken or hostile peers.

use std::time::Duration;

/// Bounds of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerOptions {
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
}

/// Bounds of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// Time to open a connection.
    pub connect_timeout: Duration,
    /// Time from the last byte of a request that was sent to the head of the response.
    pub response_timeout: Duration,
    /// Time that an unused connection is kept.
    pub pool_idle_timeout: Duration,
    /// Most unused connections kept for one peer.
    pub pool_max_idle: usize,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            // Each takes about 20 KiB while idle. This is far below the usual limit of open files, even with one
            // upstream connection each.
            max_connections: 4096,
            // What common servers accept (8 to 64 KiB); cookies and tokens fit.
            max_header_bytes: 64 * 1024,
            max_headers: 128,
            header_read_timeout: Duration::from_secs(15),
            // Longer than common clients keep an idle connection (60 s), so they close first and no request meets our
            // close.
            idle_timeout: Duration::from_secs(75),
            body_read_timeout: Duration::from_secs(60),
            drain_timeout: Duration::from_secs(20),
        }
    }
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            // Tools and models answer slowly.
            response_timeout: Duration::from_secs(120),
            // Many servers (Node's, uvicorn) close an idle connection after five seconds. A request written at that
            // moment is lost, and it may not be sent again.
            pool_idle_timeout: Duration::from_secs(4),
            pool_max_idle: 256,
        }
    }
}
