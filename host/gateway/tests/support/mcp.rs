//! An MCP server whose every answer the test gives, and clients of each revision.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body::Frame;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use weir_core::Phase;
use weir_gateway::Protocol;

use super::{Answer, Connection, Policy, Running, Upstream, body_of, full, respond, route, start, streamed};
use crate::support::upstream::Reply;

/// Longer than anything takes that works.
const PATIENCE: Duration = Duration::from_secs(10);

pub const BOTH: &[Phase] = &[Phase::Request, Phase::Response];
pub const REQUEST: &[Phase] = &[Phase::Request];
pub const RESPONSE: &[Phase] = &[Phase::Response];

pub const SESSIONS: [&str; 2] = ["2025-06-18", "2025-11-25"];
pub const STATELESS: &str = "2026-07-28";

/// A server that hands every request to the test.
pub struct Script {
    pub upstream: Upstream,
    heard: Mutex<mpsc::Receiver<Heard>>,
}

/// A request that waits for the test's answer.
pub struct Heard {
    pub method: Method,
    pub headers: HeaderMap,
    pub body: String,
    reply: oneshot::Sender<Reply>,
}

/// A stream of events that the test writes.
pub struct Events(mpsc::Sender<Frame<Bytes>>);

/// A client of one revision, in one session where there are any.
#[derive(Clone)]
pub struct Client {
    pub address: SocketAddr,
    pub revision: &'static str,
    pub session: String,
}

/// A response that is read event by event.
pub struct Stream {
    body: Incoming,
    held: String,
    _connection: Connection,
}

/// What a future comes to, which must not take for ever.
async fn within<T>(future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap()
}

/// A gateway in front of the server.
pub async fn gateway(script: &Script, policies: Vec<Policy>) -> Running {
    start(vec![route(Protocol::Mcp, script.upstream.address, policies)]).await
}

/// An answer with a result.
pub fn result(id: impl Into<Value>, result: Value) -> String {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": result}).to_string()
}

/// Tools of which two arguments are mirrored.
pub fn tools() -> Value {
    json!({"resultType": "complete", "ttlMs": 1, "cacheScope": "public", "tools": [
        {"name": "sql", "inputSchema": {"type": "object", "properties": {
            "region": {"type": "string", "x-mcp-header": "Region"},
            "limit": {"type": "object", "properties": {"rows": {"type": "integer", "x-mcp-header": "Rows"}}}}}},
        {"name": "plain", "inputSchema": {"type": "object"}}]})
}

impl Script {
    pub async fn start() -> Self {
        let (sender, heard) = mpsc::channel(1024);
        let sender = Arc::new(sender);
        let upstream = Upstream::start(move |request| {
            let sender = Arc::clone(&sender);
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                let (reply, answered) = oneshot::channel();
                let body = String::from_utf8(body.to_vec()).unwrap();
                sender.send(Heard { method: parts.method, headers: parts.headers, body, reply }).await.unwrap();
                answered.await.unwrap_or_else(|_| Response::builder().status(500).body(full("not answered")).unwrap())
            }
        })
        .await;
        Self { upstream, heard: Mutex::new(heard) }
    }

    /// The next request.
    pub async fn next(&self) -> Heard {
        within(self.heard.lock().await.recv()).await.unwrap()
    }

    /// Nothing is heard for a while.
    pub async fn hears_nothing(&self) {
        let heard = timeout(Duration::from_millis(150), self.heard.lock().await.recv()).await;
        if let Ok(Some(heard)) = heard {
            panic!("the server heard {} {}", heard.method, heard.body);
        }
    }
}

impl Heard {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn respond(self, reply: Reply) {
        // Whoever asked may have gone.
        let _ = self.reply.send(reply);
    }

    /// Answers with one message.
    pub fn answer(self, text: impl Into<String>) {
        self.respond(respond("application/json", text.into()));
    }

    pub fn accept(self) {
        self.respond(Response::builder().status(202).body(full("")).unwrap());
    }

    /// Answers with a stream.
    pub fn stream(self) -> Events {
        self.stream_in(None)
    }

    /// Answers with a stream that begins a session.
    pub fn stream_in(self, session: Option<&str>) -> Events {
        let (sender, frames) = mpsc::channel(64);
        let mut reply = streamed("text/event-stream", frames);
        if let Some(session) = session {
            reply.headers_mut().insert("mcp-session-id", session.parse().unwrap());
        }
        self.respond(reply);
        Events(sender)
    }

    /// Waits until whoever asked has gone.
    pub async fn gone(mut self) {
        within(self.reply.closed()).await;
    }
}

impl Events {
    pub async fn push(&self, text: &str) {
        self.0.send(Frame::data(Bytes::copy_from_slice(text.as_bytes()))).await.unwrap();
    }

    /// Sends a message as an event.
    pub async fn message(&self, message: &Value) {
        self.push(&format!("data: {message}\n\n")).await;
    }

    /// Waits until whoever reads has gone.
    pub async fn gone(&self) {
        within(self.0.closed()).await;
    }
}

impl Client {
    pub fn new(address: SocketAddr, revision: &'static str) -> Self {
        Self { address, revision, session: "s1".to_owned() }
    }

    /// One of the revision without sessions.
    pub fn stateless(gateway: &Running) -> Self {
        Self::new(gateway.address, STATELESS)
    }

    pub fn is_stateless(&self) -> bool {
        self.revision == STATELESS
    }

    /// A request in the form of this revision.
    pub fn request(&self, id: impl Into<Value>, method: &str, mut params: Value) -> Value {
        if self.is_stateless() {
            params["_meta"]["io.modelcontextprotocol/protocolVersion"] = json!(STATELESS);
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
        json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
    }

    /// A POST in the form of this revision.
    pub fn post(&self, message: &Value) -> Request<String> {
        let mut request = Request::post("/r")
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", self.revision);
        if self.is_stateless() {
            if let Some(method) = message["method"].as_str() {
                request = request.header("mcp-method", method);
            }
            if let Some(name) = message["params"]["name"].as_str().or_else(|| message["params"]["uri"].as_str()) {
                request = request.header("mcp-name", name);
            }
        } else {
            request = request.header("mcp-session-id", &self.session);
        }
        request.body(message.to_string()).unwrap()
    }

    /// Sends a message, and reads the answer meanwhile.
    pub fn send(&self, message: &Value) -> JoinHandle<Answer> {
        let (address, request) = (self.address, self.post(message));
        tokio::spawn(async move { super::send(address, request).await })
    }

    /// Sends a message, and reads the answer event by event once it begins.
    pub fn open(&self, message: &Value) -> JoinHandle<Stream> {
        let (address, request) = (self.address, self.post(message));
        tokio::spawn(Stream::open(address, request))
    }

    /// Sends a message that belongs to no session yet.
    pub fn greet(&self, message: &Value) -> JoinHandle<Stream> {
        let mut request = self.post(message);
        request.headers_mut().remove("mcp-session-id");
        tokio::spawn(Stream::open(self.address, request))
    }

    /// Opens the session's own stream.
    pub fn listen(&self, last_event_id: Option<&str>) -> JoinHandle<Stream> {
        let mut request = Request::get("/r")
            .header("accept", "text/event-stream")
            .header("mcp-protocol-version", self.revision)
            .header("mcp-session-id", &self.session);
        if let Some(id) = last_event_id {
            request = request.header("last-event-id", id);
        }
        tokio::spawn(Stream::open(self.address, request.body(String::new()).unwrap()))
    }
}

impl Stream {
    async fn open(address: SocketAddr, request: Request<String>) -> Self {
        let mut connection = Connection::open(address, Version::HTTP_11).await;
        let response = connection.send(request.map(body_of)).await.unwrap();
        let body = response.into_body();
        Self { body, held: String::new(), _connection: connection }
    }

    /// The next event with its blank line; `None` at the end.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.held.find("\n\n") {
                let rest = self.held.split_off(end + 2);
                return Some(std::mem::replace(&mut self.held, rest));
            }
            let frame = within(self.body.frame()).await;
            match frame {
                Some(frame) => self.held.push_str(std::str::from_utf8(&frame.unwrap().into_data().unwrap()).unwrap()),
                None if self.held.is_empty() => return None,
                None => return Some(std::mem::take(&mut self.held)),
            }
        }
    }

    /// The message of the next event that has one.
    pub async fn message(&mut self) -> Value {
        loop {
            let event = self.next().await.unwrap();
            let data: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
            if !data.is_empty() {
                return serde_json::from_str(&data.join("\n")).unwrap();
            }
        }
    }
}
