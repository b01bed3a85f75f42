//! A client that opens one connection, in HTTP/1.1 or with prior knowledge in HTTP/2.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

pub type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// A connection that ends when it is dropped.
pub struct Connection {
    sender: Sender,
    authority: String,
    driving: JoinHandle<()>,
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

/// A response that was read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub trailers: HeaderMap,
    pub body: Bytes,
}

impl Connection {
    pub async fn open(address: SocketAddr, version: Version) -> Self {
        let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
        let authority = address.to_string();
        if version == Version::HTTP_2 {
            let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
            let driving = tokio::spawn(async move {
                let _ = connection.await;
            });
            return Self { sender: Sender::Http2(sender), authority, driving };
        }
        let (sender, connection) = http1::handshake(io).await.unwrap();
        let driving = tokio::spawn(async move {
            let _ = connection.await;
        });
        Self { sender: Sender::Http1(sender), authority, driving }
    }

    /// Sends a request and waits for the head of the response.
    pub async fn send(&mut self, mut request: Request<Body>) -> Result<Response<Incoming>, hyper::Error> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await?;
                request.headers_mut().entry("host").or_insert(self.authority.parse().unwrap());
                sender.send_request(request).await
            }
            Sender::Http2(sender) => {
                sender.ready().await?;
                let path = request.uri().path_and_query().unwrap().as_str();
                *request.uri_mut() = format!("http://{}{path}", self.authority).parse().unwrap();
                *request.version_mut() = Version::HTTP_2;
                sender.send_request(request).await
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driving.abort();
    }
}

pub fn body_of(text: impl Into<Bytes>) -> Body {
    Full::new(text.into()).map_err(std::io::Error::other).boxed_unsync()
}

/// Sends one request over a connection of its own.
pub async fn send(address: SocketAddr, request: Request<impl Into<Bytes>>) -> Answer {
    let mut connection = Connection::open(address, Version::HTTP_11).await;
    Answer::of(connection.send(request.map(body_of)).await.unwrap()).await
}

pub async fn get(address: SocketAddr, path: &str) -> Answer {
    send(address, Request::get(path).body("").unwrap()).await
}

pub async fn post(address: SocketAddr, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
    let request = Request::builder().method(Method::POST).uri(path).header("content-type", content_type);
    send(address, request.body(body).unwrap()).await
}

impl Answer {
    pub async fn of(response: Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        let collected = body.collect().await.unwrap();
        let trailers = collected.trailers().cloned().unwrap_or_default();
        Self { status: parts.status, headers: parts.headers, trailers, body: collected.to_bytes() }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The type of a problem.
    pub fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status.as_u16());
        assert_eq!(problem["callRef"], self.headers["weir-call-ref"].to_str().unwrap());
        assert!(problem["title"].is_string() && problem["detail"].is_string());
        problem["type"].as_str().unwrap().to_owned()
    }
}
