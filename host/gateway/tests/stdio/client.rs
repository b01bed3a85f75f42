//! A client of sessions over Streamable HTTP.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{Answer, Connection, body_of, send};

/// Longer than anything takes: a test fails instead of hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// One session.
pub struct Session {
    pub address: SocketAddr,
    pub id: String,
    pub revision: &'static str,
    /// The result of `initialize`.
    pub result: Value,
}

/// A reply that is read event by event.
pub struct Events {
    _connection: Connection,
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Incoming,
    held: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: Option<String>,
    /// `None` where the event has no data.
    pub data: Option<Value>,
}

pub fn call(id: impl Into<Value>, tool: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

pub fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

/// The text of a tool's result.
pub fn text(answer: &Value) -> &str {
    answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"))
}

pub fn initialize(revision: &str) -> Value {
    let params = json!({"protocolVersion": revision, "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": params})
}

pub fn post(session: Option<&str>, revision: Option<&str>, message: &Value) -> Request<String> {
    let mut request = Request::post("/r").header("accept", "application/json, text/event-stream");
    for (name, value) in [("mcp-session-id", session), ("mcp-protocol-version", revision)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    request.body(message.to_string()).unwrap()
}

impl Session {
    pub async fn begin(address: SocketAddr, revision: &'static str) -> Self {
        let answer = send(address, post(None, None, &initialize(revision))).await;
        Self::of(address, revision, answer).await
    }

    /// The session that this answer begins.
    pub async fn of(address: SocketAddr, revision: &'static str, answer: Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.text());
        let id = answer.headers["mcp-session-id"].to_str().unwrap().to_owned();
        assert!(id.len() >= 32 && id.chars().all(|c| c.is_ascii_graphic()), "{id}");
        let session = Self { address, id, revision, result: answer.json()["result"].clone() };
        session.say(&notification("notifications/initialized", json!({}))).await;
        session
    }

    pub fn post(&self, message: &Value) -> Request<String> {
        post(Some(&self.id), Some(self.revision), message)
    }

    /// Posts a notification or an answer.
    pub async fn say(&self, message: &Value) {
        let answer = send(self.address, self.post(message)).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
    }

    /// Posts a request and reads its stream.
    pub async fn open(&self, message: &Value) -> Events {
        Events::of(self.address, self.post(message)).await
    }

    /// Posts a request and reads its stream to the end; the last message is the answer.
    pub async fn ask(&self, message: &Value) -> Value {
        self.open(message).await.messages().await.pop().unwrap()
    }

    /// Calls a tool.
    pub async fn call(&self, tool: &str, arguments: Value) -> Value {
        self.ask(&call(1, tool, arguments)).await
    }

    /// The number of its process.
    pub async fn pid(&self) -> u32 {
        text(&self.call("pid", json!({})).await).parse().unwrap()
    }

    pub async fn listen(&self, last: Option<&str>) -> Events {
        Events::of(self.address, self.get(last)).await
    }

    pub fn get(&self, last: Option<&str>) -> Request<String> {
        let mut request = Request::get("/r")
            .header("accept", "text/event-stream")
            .header("mcp-session-id", &self.id)
            .header("mcp-protocol-version", self.revision);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        request.body(String::new()).unwrap()
    }

    pub async fn end(&self) -> Answer {
        send(self.address, Request::delete("/r").header("mcp-session-id", &self.id).body("").unwrap()).await
    }
}

impl Events {
    pub async fn of(address: SocketAddr, request: Request<String>) -> Self {
        let mut connection = Connection::open(address, Version::HTTP_11).await;
        let response = timeout(PATIENCE, connection.send(request.map(body_of))).await.unwrap().unwrap();
        let (parts, body) = response.into_parts();
        Self { _connection: connection, status: parts.status, headers: parts.headers, body, held: String::new() }
    }

    /// The next event; `None` at the end.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.held.split_once("\n\n") {
                let event = Event::of(block);
                self.held = rest.to_owned();
                return Some(event);
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.unwrap()?.unwrap();
            self.held.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }

    /// The next message.
    pub async fn message(&mut self) -> Value {
        loop {
            let event = self.next().await.unwrap();
            if let Some(data) = event.data {
                return data;
            }
        }
    }

    /// All messages to the end.
    pub async fn messages(&mut self) -> Vec<Value> {
        assert_eq!(self.status, 200);
        let mut messages = Vec::new();
        if self.headers["content-type"] == "application/json" {
            let body = std::mem::take(&mut self.held).into_bytes();
            let mut body = bytes::BytesMut::from(&body[..]);
            while let Some(frame) = timeout(PATIENCE, self.body.frame()).await.unwrap() {
                body.extend_from_slice(&frame.unwrap().into_data().unwrap());
            }
            return vec![serde_json::from_slice(&body).unwrap()];
        }
        while let Some(event) = self.next().await {
            messages.extend(event.data);
        }
        messages
    }
}

impl Event {
    fn of(block: &str) -> Self {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let data = field("data:").filter(|data| !data.is_empty());
        Self { id: field("id:").map(str::to_owned), data: data.map(|data| serde_json::from_str(data).unwrap()) }
    }
}
