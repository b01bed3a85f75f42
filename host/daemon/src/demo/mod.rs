//! The servers inside `weir demo`: something for policies to stand in front of, with nothing to install.
//!
//! Invariants: they listen on the loopback only, on free ports; they touch no file, no network and no process; all
//! of their data is in the program and invented.

mod http_echo;
mod llm_echo;
mod mcp;
mod sql;
mod welcome;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use weir_http::listen::{Handler, HandlerBody, serve_handler};

use crate::config::resolved::DemoUpstream;
use crate::serve::ended;

pub use welcome::welcome;

/// A token that opens nothing, in two parts: tools that look for secrets in sources must not take it for one.
const SAMPLE_TOKEN: [&str; 2] = ["ghp_", "x7Kq2mVd9RtB4nWc8ZsY1pLf6HgJ3uEa5TQo"];

/// The servers, bound but not started.
pub struct DemoServers {
    mcp: TcpListener,
    http: TcpListener,
    llm: TcpListener,
    addresses: DemoAddresses,
}

/// Where the servers listen.
#[derive(Debug, Clone, Copy)]
pub struct DemoAddresses {
    mcp: SocketAddr,
    http: SocketAddr,
    llm: SocketAddr,
}

impl DemoServers {
    /// Takes a free port for each.
    pub async fn bind() -> std::io::Result<Self> {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        let (mcp, http, llm) =
            (TcpListener::bind(free).await?, TcpListener::bind(free).await?, TcpListener::bind(free).await?);
        let addresses = DemoAddresses { mcp: mcp.local_addr()?, http: http.local_addr()?, llm: llm.local_addr()? };
        Ok(Self { mcp, http, llm, addresses })
    }

    /// Where they listen.
    pub fn addresses(&self) -> DemoAddresses {
        self.addresses
    }

    /// Serves until the channel says to end.
    pub fn start(self, tasks: &mut JoinSet<()>, ending: &watch::Receiver<bool>) {
        let server = mcp::McpServer::new();
        tasks.spawn(serve_handler(self.mcp, handler(move |request| server.answer(&request)), ended(ending.clone())));
        tasks.spawn(serve_handler(self.http, handler(|request| http_echo::answer(&request)), ended(ending.clone())));
        tasks.spawn(serve_handler(self.llm, handler(|request| llm_echo::answer(&request)), ended(ending.clone())));
    }
}

impl DemoAddresses {
    /// The URL of one of them.
    pub fn uri(self, server: DemoUpstream) -> Result<Uri, http::uri::InvalidUri> {
        match server {
            DemoUpstream::Mcp => format!("http://{}/mcp", self.mcp).parse(),
            DemoUpstream::Http => format!("http://{}", self.http).parse(),
            DemoUpstream::Llm => format!("http://{}", self.llm).parse(),
        }
    }
}

/// A function of the request as a handler.
fn handler(answer: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static) -> Arc<Handler> {
    Arc::new(move |request| {
        let response = answer(request).map(HandlerBody::Whole);
        Box::pin(std::future::ready(response))
    })
}

/// An answer of JSON.
fn json(status: StatusCode, value: &serde_json::Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
