//! One interceptor server: the link to it, and one exchange with it.
//!
//! Invariants: an answer is only accepted for the request that it answers; a request is sent once, and again only if
//! the server said that the session was lost; what is read is bounded.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::timeout;
use weir_http::Incoming;
use weir_http::ReadError;
use weir_http::sse::Scanner;
use weir_http::tasks::OwnedTasks;
use weir_http::{Client, Patience, SendError};
use weir_http::{HttpBody, RequestBody, Whole};
use weir_mcp::headers::{METHOD, PROTOCOL_VERSION, SESSION_ID};
use weir_mcp::revision::Revision;
use weir_mcp::{Envelope, Kind, rpc};

use super::RemoteAddress;
use super::list::CachedCatalogue;

/// Most bytes of one answer. It may contain a whole changed payload; this is twice the usual `max_body`.
const MAX_ANSWER: usize = 8 << 20;

/// Most concurrent calls of one server; more wait until their deadline.
const MAX_CALLS: usize = 256;

/// Timeout of an answer without a call deadline.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most bytes of a peer's text in a message.
const MAX_TEXT: usize = 512;

/// Timeout for ending a session. If it fails, the server's own timeout ends it later.
pub(super) const ENDING: Duration = Duration::from_secs(2);

/// What goes with every request of the stateless revision.
#[derive(Serialize)]
struct Meta {
    #[serde(rename = "io.modelcontextprotocol/protocolVersion")]
    version: &'static str,
    #[serde(rename = "io.modelcontextprotocol/clientInfo")]
    client: ClientInfo,
    #[serde(rename = "io.modelcontextprotocol/clientCapabilities")]
    capabilities: Nothing,
}

/// Who calls.
#[derive(Serialize)]
pub(super) struct ClientInfo {
    name: &'static str,
    version: &'static str,
}

/// An empty object.
#[derive(Serialize)]
pub(super) struct Nothing {}

/// Params with what the link adds to them.
#[derive(Serialize)]
struct Params<'a, P> {
    #[serde(flatten)]
    own: &'a P,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

impl ClientInfo {
    pub(super) const WEIR: Self = Self { name: "weir", version: env!("CARGO_PKG_VERSION") };
}

/// One server.
pub(crate) struct Server {
    upstream: Arc<Client>,
    address: RemoteAddress,
    ids: AtomicU64,
    calls: Semaphore,
    link: RwLock<Option<Arc<Link>>>,
    /// Held while a link is made, so only one is made.
    pub(super) linking: Mutex<()>,
    /// Its cached list.
    pub(super) cached: Mutex<Option<CachedCatalogue>>,
    /// Requests that end sessions; they outlive this value.
    endings: OwnedTasks,
}

/// How to talk to a server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Link {
    /// Every request is self-contained.
    Stateless,
    /// After a handshake, in its session if the server assigned one.
    Session { id: Option<HeaderValue>, revision: Revision },
}

/// Why a call has no result. For the operator: it contains the peer's text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// It could not be reached, or closed the connection, or did not answer in time.
    #[error("{0}")]
    Unreachable(String),
    /// It answered with an HTTP status without a message.
    #[error("it answered with HTTP status {0}")]
    Status(StatusCode),
    /// Its answer is not valid.
    #[error("its answer cannot be used: {0}")]
    Garbage(String),
    /// It answered with an error.
    #[error("it answered with error {code}: {message}")]
    Error { code: i64, message: String },
    /// It no longer knows the session.
    #[error("it lost the session")]
    SessionLost,
}

/// A result and the headers of its response.
pub(super) struct Answer {
    pub(super) headers: HeaderMap,
    /// JSON text.
    pub(super) result: String,
}

#[derive(Deserialize)]
struct ErrorObject {
    code: i64,
    message: String,
}

impl Server {
    pub(super) fn new(upstream: Arc<Client>, address: RemoteAddress, endings: OwnedTasks) -> Self {
        Self {
            upstream,
            address,
            ids: AtomicU64::new(1),
            calls: Semaphore::new(MAX_CALLS),
            link: RwLock::default(),
            linking: Mutex::default(),
            cached: Mutex::default(),
            endings,
        }
    }

    pub(super) fn address(&self) -> &RemoteAddress {
        &self.address
    }

    /// The link to it, if known.
    pub(super) fn known_link(&self) -> Option<Arc<Link>> {
        self.link.read().clone()
    }

    pub(super) fn set_link(&self, link: Arc<Link>) {
        *self.link.write() = Some(link);
    }

    /// Drops the link. If it has a session, that is ended.
    pub(super) fn end(&self) {
        let link = self.link.write().take();
        if let Some(link) = link {
            self.end_session(&link);
        }
    }

    /// Ends a session, if the link has one.
    pub(super) fn end_session(&self, link: &Link) {
        // Without a runtime the process is exiting.
        let (Link::Session { id: Some(_), .. }, Ok(_)) = (link, Handle::try_current()) else { return };
        let Ok(request) = self.request(Method::DELETE, link, None, Whole::default()) else { return };
        let (upstream, url) = (Arc::clone(&self.upstream), self.address.url.clone());
        self.endings.spawn(async move {
            // Servers may refuse this; then their own timeout ends the session.
            let sent = timeout(ENDING, upstream.send(request, Patience::Limited)).await;
            let is_sent = matches!(sent, Ok(Ok(_)));
            tracing::debug!(server = %url, is_sent, "ended the session with an interceptor server");
        });
    }

    /// Drops a lost link, unless it was already replaced.
    pub(super) fn unlink(&self, lost: &Arc<Link>) {
        let mut link = self.link.write();
        if link.as_ref().is_some_and(|link| Arc::ptr_eq(link, lost)) {
            *link = None;
        }
    }

    /// Calls a method. A lost session is begun anew, once.
    pub(super) async fn call<P: Serialize + Sync>(&self, method: &str, params: &P) -> Result<String, CallError> {
        // Never closed, so this cannot fail.
        let _turn = self.calls.acquire().await.ok();
        let link = self.linked().await?;
        match self.exchange(&link, method, params).await {
            Err(CallError::SessionLost) => {
                self.unlink(&link);
                let link = self.linked().await?;
                Ok(self.exchange(&link, method, params).await?.result)
            }
            answer => Ok(answer?.result),
        }
    }

    /// One request and its answer.
    pub(super) async fn exchange<P: Serialize + Sync>(
        &self,
        link: &Link,
        method: &str,
        params: &P,
    ) -> Result<Answer, CallError> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let meta = match link {
            Link::Stateless => Some(Meta {
                version: Revision::V2026_07_28.as_str(),
                client: ClientInfo::WEIR,
                capabilities: Nothing {},
            }),
            Link::Session { .. } => None,
        };
        let text = rpc::request(&id, method, &Params { own: params, meta });
        let id = id.to_string();
        let response = self.send(link, method, text).await?;
        let in_session = matches!(link, Link::Session { id: Some(_), .. });
        if in_session && response.status() == StatusCode::NOT_FOUND {
            return Err(CallError::SessionLost);
        }
        let (parts, body) = response.into_parts();
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_encoded = parts.headers.get_all(CONTENT_ENCODING).iter().any(|value| value != "identity");
        let envelope = match content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            _ if is_encoded => return Err(CallError::Garbage("it is compressed".to_owned())),
            "application/json" => whole(body, &id).await,
            "text/event-stream" if parts.status.is_success() => events(body, &id).await,
            _ if parts.status.is_success() => Err(CallError::Garbage("it is neither JSON nor events".to_owned())),
            _ => return Err(CallError::Status(parts.status)),
        };
        let envelope = match envelope {
            // The status is then more useful than the text.
            Err(CallError::Garbage(_)) if !parts.status.is_success() => return Err(CallError::Status(parts.status)),
            envelope => envelope?,
        };
        match (envelope.result(), envelope.error()) {
            (Some(result), _) => Ok(Answer { headers: parts.headers, result: result.to_owned() }),
            (None, Some(error)) => Err(read_error(error)),
            (None, None) => Err(CallError::Garbage("it has no result".to_owned())),
        }
    }

    /// Sends a notification.
    pub(super) async fn notify(&self, link: &Link, method: &str) -> Result<(), CallError> {
        let text = rpc::notification(method, None::<&Nothing>);
        let response = self.send(link, method, text).await?;
        if response.status().is_success() { Ok(()) } else { Err(CallError::Status(response.status())) }
    }

    async fn send(&self, link: &Link, method: &str, text: Bytes) -> Result<Response<Incoming>, CallError> {
        let request = self.request(Method::POST, link, Some(method), Whole::new(text, None))?;
        self.upstream.send(request, Patience::Limited).await.map_err(|error| match error {
            SendError::Unreachable(_) | SendError::Timeout => CallError::Unreachable(error.to_string()),
            SendError::Switched => CallError::Garbage(error.to_string()),
        })
    }

    /// A request over a link; `message` is the method of its message.
    fn request(
        &self,
        method: Method,
        link: &Link,
        message: Option<&str>,
        body: Whole,
    ) -> Result<Request<RequestBody>, CallError> {
        let url = &self.address.url;
        let host = url.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(url.clone())
            .header(HOST, host)
            .header(ACCEPT, "application/json, text/event-stream")
            .header(ACCEPT_ENCODING, "identity");
        if message.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        request = match link {
            Link::Stateless => {
                let request = request.header(PROTOCOL_VERSION, Revision::V2026_07_28.as_str());
                request.header(METHOD, message.unwrap_or_default())
            }
            // At the handshake nothing is agreed yet.
            Link::Session { .. } if message == Some("initialize") => request,
            Link::Session { id, revision } => {
                let request = request.header(PROTOCOL_VERSION, revision.as_str());
                match id {
                    Some(id) => request.header(SESSION_ID, id.clone()),
                    None => request,
                }
            }
        };
        if let Some(token) = &self.address.token {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| CallError::Unreachable("the token cannot be sent in a header".to_owned()))?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        request.body(RequestBody::whole(body)).map_err(|error| CallError::Unreachable(error.to_string()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

fn read_error(text: &str) -> CallError {
    match serde_json::from_str::<ErrorObject>(text) {
        Ok(ErrorObject { code, message }) => CallError::Error { code, message: shorten(&message) },
        Err(_) => CallError::Garbage("its error is malformed".to_owned()),
    }
}

/// A peer's text, truncated and without control characters.
pub(super) fn shorten(text: &str) -> String {
    let cut = &text[..text.floor_char_boundary(MAX_TEXT.min(text.len()))];
    cut.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

async fn whole(body: Incoming, id: &str) -> Result<Envelope, CallError> {
    let read = weir_http::whole(body, MAX_ANSWER, PATIENCE).await.map_err(|error| match error {
        ReadError::TooLarge => CallError::Garbage(format!("it has more than {MAX_ANSWER} bytes")),
        ReadError::Slow => CallError::Unreachable("it did not answer in time".to_owned()),
        ReadError::Broken(error) => CallError::Unreachable(weir_http::chain_of(error.as_ref())),
    })?;
    answer_in(read.data, id)?.ok_or_else(|| CallError::Garbage("it is not an answer".to_owned()))
}

/// The answer in a stream of events. Notifications before it are skipped: we did not ask for progress.
async fn events(mut body: Incoming, id: &str) -> Result<Envelope, CallError> {
    let mut scanner = Scanner::new(MAX_ANSWER);
    let mut total = 0;
    loop {
        while let Some(block) = scanner.next_block() {
            if let Some(answer) = block.data().map_or(Ok(None), |data| answer_in(data, id))? {
                return Ok(answer);
            }
        }
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else { break };
        let frame = frame.map_err(|error| CallError::Unreachable(weir_http::chain_of(&error)))?;
        let Ok(data) = frame.into_data() else { continue };
        total += data.len();
        if total > MAX_ANSWER {
            return Err(CallError::Garbage(format!("its events have more than {MAX_ANSWER} bytes")));
        }
        scanner.push(data);
    }
    let last = scanner.rest().and_then(|block| block.data());
    let answer = last.map_or(Ok(None), |data| answer_in(data, id))?;
    answer.ok_or_else(|| CallError::Garbage("the events ended without an answer".to_owned()))
}

/// The answer to this request; `None` for other messages.
fn answer_in(text: Bytes, id: &str) -> Result<Option<Envelope>, CallError> {
    if text.trim_ascii().is_empty() {
        return Ok(None);
    }
    let envelope =
        Envelope::received(text).map_err(|_| CallError::Garbage("it is not a message of JSON-RPC".to_owned()))?;
    match envelope.kind() {
        // An error from before the request was parsed has no id.
        Kind::Answer if envelope.id() == id || (envelope.id() == "null" && envelope.error().is_some()) => {
            Ok(Some(envelope))
        }
        Kind::Answer => Err(CallError::Garbage("it answers another request".to_owned())),
        _ => Ok(None),
    }
}
