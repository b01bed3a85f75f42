//! The servers: which exist, where they listen, and their handlers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::uri::InvalidUri;
use http::{Request, Response, Uri};
use tokio::net::TcpListener;

use crate::mcp::McpServer;
use crate::{http_echo, llm_echo};

/// Answers a request whose body has been read. Blocks only on the database, which has a time limit.
pub type Answer = Arc<dyn Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync>;

/// One of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoServer {
    /// Tools over sample data.
    Mcp,
    /// Answers with the request.
    Http,
    /// Answers like a model that repeats its prompt.
    Llm,
}

/// The servers, bound but not started.
pub struct DemoServers {
    listeners: [DemoListener; 3],
    addresses: DemoAddresses,
}

/// One server, bound but not started.
pub struct DemoListener {
    /// Its listener.
    pub listener: TcpListener,
    /// Its handler.
    pub answer: Answer,
}

/// Where the servers listen.
#[derive(Debug, Clone, Copy)]
pub struct DemoAddresses {
    mcp: SocketAddr,
    http: SocketAddr,
    llm: SocketAddr,
}

impl DemoServer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Mcp, Self::Http, Self::Llm];

    /// Its name in the key `demo` of a route.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mcp => "mcp",
            Self::Http => "http",
            Self::Llm => "llm",
        }
    }
}

impl DemoServers {
    /// Binds a free port for each and fills the tables.
    pub async fn bind() -> io::Result<Self> {
        let server = McpServer::new().map_err(io::Error::other)?;
        let mcp = DemoListener::bind(Arc::new(move |request| server.answer(&request))).await?;
        let http = DemoListener::bind(Arc::new(|request| http_echo::answer(&request))).await?;
        let llm = DemoListener::bind(Arc::new(|request| llm_echo::answer(&request))).await?;
        let addresses = DemoAddresses {
            mcp: mcp.listener.local_addr()?,
            http: http.listener.local_addr()?,
            llm: llm.listener.local_addr()?,
        };
        Ok(Self { listeners: [mcp, http, llm], addresses })
    }

    /// Where they listen.
    pub const fn addresses(&self) -> DemoAddresses {
        self.addresses
    }

    /// The listeners, to be served.
    pub fn into_listeners(self) -> [DemoListener; 3] {
        self.listeners
    }
}

impl DemoListener {
    async fn bind(answer: Answer) -> io::Result<Self> {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Self { listener: TcpListener::bind(free).await?, answer })
    }
}

impl DemoAddresses {
    /// The URL of one of them.
    pub fn uri(self, server: DemoServer) -> Result<Uri, InvalidUri> {
        match server {
            DemoServer::Mcp => format!("http://{}/mcp", self.mcp).parse(),
            DemoServer::Http => format!("http://{}", self.http).parse(),
            DemoServer::Llm => format!("http://{}", self.llm).parse(),
        }
    }
}
