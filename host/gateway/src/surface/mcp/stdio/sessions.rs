//! Sessions over Streamable HTTP in front of processes.
//!
//! Invariants: a session begins with an answered `initialize` and ends by DELETE, with its process, or by idle timeout;
//! a disconnect cancels nothing, and the client can request missed messages again; a refused message reaches neither
//! side.
//!
//! Not here: the process of a session (bridge), and the routing of its messages (link).

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;
use weir_http::Body;
use weir_mcp::headers::{self, SESSION_ID};
use weir_mcp::message::{Message, Sort};
use weir_mcp::revision::{Era, Revision};
use weir_mcp::{Envelope, Method, Rejection};
use weir_mcp::{rejection, rpc};

use super::answer;
use super::bridge::{Bridge, Handshake, InitializedProcess, Session, SharedProcess, held};
use super::link::{Link, Party, State};
use super::reply;
use super::streams::{GENERAL, Marks, Unreadable, position};
use super::table::{Carries, Untaken, Users};
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::command::Sharing;
use crate::surface::mcp::conversation::{Conversation, FromClient};
use crate::surface::mcp::post::Posted;

/// A message that a client posted in a session.
struct PostedMessage {
    headers: HeaderMap,
    envelope: Envelope,
    /// The same message, for routing.
    message: Message,
    /// The revision in the header.
    revision: Option<Revision>,
}

/// Answers a POST of the session era.
pub(super) async fn post(call: &Arc<McpCall>, bridge: &Bridge, posted: Posted) -> Result<Response<Body>, Refusal> {
    let Posted { parts, envelope, revision, era: _ } = posted;
    let message = Message::of(envelope.clone());
    let posted = PostedMessage { headers: parts.headers, envelope, message, revision };
    if posted.message.sort == Sort::Request && posted.message.method() == Method::Initialize {
        return initialize(call, bridge, posted).await;
    }
    let session = session(call, bridge, &posted.headers, posted.message.id())?;
    match posted.message.sort {
        Sort::Request => request(call, &session, posted).await,
        Sort::Notification => notification(call, &session, posted).await,
        Sort::Answer => answer_of_client(call, &session, posted).await,
    }
}

/// Answers a GET: the general stream, or a resumed one.
pub(super) fn listen(call: &McpCall, bridge: &Bridge, parts: &Parts) -> Result<Response<Body>, Refusal> {
    let named = revision(&parts.headers)?;
    if !reply::reads_events(&parts.headers) {
        let message = "Not acceptable: a GET is answered with text/event-stream";
        return Err(answer::refuse(StatusCode::NOT_ACCEPTABLE, "null", message).into());
    }
    let session = session(call, bridge, &parts.headers, "null")?;
    let marks = marks(&session, named);
    let streams = &session.party.streams;
    let read = match headers::last_event(&parts.headers)? {
        None => streams.read(GENERAL, marks),
        Some(last) => {
            let (stream, number) = position(last).ok_or_else(|| {
                answer::refuse(StatusCode::BAD_REQUEST, "null", "Last-Event-ID is not an event id of this session")
            })?;
            streams.resume(stream, number, marks)
        }
    };
    match read {
        Ok(reader) => {
            let mut response = reply::events(reader);
            name(&mut response, &session.id);
            Ok(response)
        }
        Err(Unreadable::InUse) => {
            // Not replaced: two listening clients would take the stream from each other forever. A client that lost its
            // connection resumes with Last-Event-ID.
            let message = "This session already has a listening stream; resume it with Last-Event-ID";
            Err(answer::refuse(StatusCode::CONFLICT, "null", message).into())
        }
        // Clients take this to mean that there is no stream, and do not ask again.
        Err(Unreadable::Over) => Err(Refusal::MethodNotAllowed("POST, DELETE")),
    }
}

/// Answers a DELETE.
pub(super) fn end(call: &McpCall, bridge: &Bridge, headers: &HeaderMap) -> Result<Response<Body>, Refusal> {
    revision(headers)?;
    let session = session(call, bridge, headers, "null")?;
    bridge.end_session(&session.id);
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

async fn initialize(call: &Arc<McpCall>, bridge: &Bridge, posted: PostedMessage) -> Result<Response<Body>, Refusal> {
    // Twice the randomness of a UUID: it cannot be guessed.
    let id = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
    let owner = call.principal(&posted.headers);
    let asked = posted.message.id().to_owned();
    let join = |link: &Link| link.join(Conversation::new(call, Some(id.clone())), held(call));
    let (handshake, answer) = match bridge.command.sharing {
        Sharing::PerSession => {
            let link = bridge.start(call, &asked, Users::One)?;
            let party = join(&link);
            let answer = ask(call, &link, &party, posted).await?;
            let Some((_, revision)) = initialized(&answer) else { return Ok(reply::json(StatusCode::OK, answer)) };
            (Handshake { party, link, revision, is_first: true }, answer)
        }
        Sharing::Shared => {
            let capabilities = posted.message.capabilities();
            let mut shared = bridge.sessions_process.lock().await;
            match &*shared {
                Some(shared) if !shared.process.link.is_closed() => {
                    shared.compare(call, &capabilities);
                    let (link, revision) = (Arc::clone(&shared.process.link), shared.revision);
                    let answer = rpc::result(&asked, &shared.initialized);
                    (Handshake { party: join(&link), link, revision, is_first: false }, answer)
                }
                _ => {
                    *shared = None;
                    let link = bridge.start(call, &asked, Users::Sessions)?;
                    let process = SharedProcess::new(Arc::clone(&link));
                    let party = join(&link);
                    let answer = ask(call, &link, &party, posted).await?;
                    let Some((initialized, revision)) = initialized(&answer) else {
                        return Ok(reply::json(StatusCode::OK, answer));
                    };
                    *shared = Some(InitializedProcess { process, initialized, revision, capabilities });
                    (Handshake { party, link, revision, is_first: true }, answer)
                }
            }
        }
    };
    if let Some(revision) = handshake.revision {
        handshake.party.conversation.agree(revision);
    }
    if !bridge.begin(Session::new(id.clone(), owner, handshake)) {
        return Err(answer::refuse(StatusCode::SERVICE_UNAVAILABLE, &asked, "Too many sessions").into());
    }
    let mut response = reply::json(StatusCode::OK, answer);
    name(&mut response, &id);
    Ok(response)
}

/// The result of an answered `initialize` and the revision in it; `None` if it is an error.
fn initialized(answer: &bytes::Bytes) -> Option<(String, Option<Revision>)> {
    let message = Message::read(answer.clone())?;
    let revision = message.revision().as_deref().and_then(Revision::parse);
    Some((message.result()?.to_owned(), revision))
}

/// Sends an `initialize` to the process and waits for the answer.
async fn ask(
    call: &Arc<McpCall>,
    link: &Link,
    party: &Arc<Party>,
    posted: PostedMessage,
) -> Result<bytes::Bytes, Refusal> {
    let PostedMessage { headers, envelope, message, revision: _ } = posted;
    let number = link.open(party, &message, Carries::Answer, call).map_err(|untaken| refuse(untaken, &message))?;
    match party.conversation.from_client(call, &headers, envelope).await? {
        FromClient::Forward(envelope) => link.state().forward(number, envelope).await,
        FromClient::Answer(text) => return Ok(text),
        FromClient::Cancelled => return Err(Refusal::Internal),
    }
    let limit = call.shared.options.response_timeout;
    let mut reader = party.streams.read(number, Marks::None).map_err(|_| Refusal::Internal)?;
    match timeout(limit, reader.message()).await {
        Ok(Some(text)) => Ok(text),
        Ok(None) => Err(Refusal::Internal),
        Err(_) => {
            call.refused(Refusal::UpstreamTimeout.urn());
            Err(Rejection { status: StatusCode::GATEWAY_TIMEOUT, text: answer::late(message.id(), limit) }.into())
        }
    }
}

async fn request(call: &Arc<McpCall>, session: &Session, posted: PostedMessage) -> Result<Response<Body>, Refusal> {
    let PostedMessage { headers, envelope, message, revision: named } = posted;
    let (link, party) = (&session.link, &session.party);
    let carries = if reply::reads_events(&headers) { Carries::Messages } else { Carries::Answer };
    let number = link.open(party, &message, carries, call).map_err(|untaken| refuse(untaken, &message))?;
    let (tell, judged) = oneshot::channel();
    let judging = judge(Arc::clone(link.state()), Arc::clone(party), Arc::clone(call), headers, envelope, number);
    // It continues after a disconnect.
    link.run(async move {
        let _ = tell.send(judging.await);
    });
    match judged.await {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(answer))) => return Ok(reply::json(StatusCode::OK, answer)),
        Ok(Err(refusal)) => return Err(refusal),
        Err(_) => return Err(rejection::no_session(message.id()).into()),
    }
    let reader = party.streams.read(number, marks(session, named));
    match (carries, reader) {
        (Carries::Messages, Ok(reader)) => Ok(reply::events(reader)),
        // It was cancelled: there will be no answer, and a stream may end without one.
        (Carries::Messages, Err(_)) => Ok(reply::events(futures_util::stream::empty())),
        (Carries::Answer, Ok(mut reader)) => match reader.message().await {
            Some(answer) => Ok(reply::json(reply::status_of(call), answer)),
            None => Ok(reply::empty(StatusCode::ACCEPTED)),
        },
        (Carries::Answer, Err(_)) => Ok(reply::empty(StatusCode::ACCEPTED)),
    }
}

/// Runs the policies on a request and forwards it. Returns an immediate answer, if any.
async fn judge(
    state: Arc<State>,
    party: Arc<Party>,
    call: Arc<McpCall>,
    headers: HeaderMap,
    envelope: Envelope,
    number: u64,
) -> Result<Option<bytes::Bytes>, Refusal> {
    match party.conversation.from_client(&call, &headers, envelope).await {
        Ok(FromClient::Forward(envelope)) => {
            noted(&call, &envelope);
            state.forward(number, envelope).await;
            Ok(None)
        }
        Ok(FromClient::Cancelled) => {
            state.withdraw(number);
            Ok(None)
        }
        Ok(FromClient::Answer(text)) => {
            state.withdraw(number);
            party.streams.discard(number);
            Ok(Some(text))
        }
        Err(refusal) => {
            state.withdraw(number);
            party.streams.discard(number);
            Err(refusal)
        }
    }
}

/// Records the message that goes to the process.
pub(super) fn noted(call: &McpCall, envelope: &Envelope) {
    if let Some(notes) = call.agent.notes() {
        notes.sending_message(envelope.text());
    }
}

async fn notification(
    call: &Arc<McpCall>,
    session: &Session,
    posted: PostedMessage,
) -> Result<Response<Body>, Refusal> {
    let PostedMessage { headers, envelope, message, revision: _ } = posted;
    let state = session.link.state();
    let forwarded = session.party.conversation.from_client(call, &headers, envelope).await?;
    if let FromClient::Forward(envelope) = forwarded {
        let text = match message.method() {
            Method::Cancelled => state.cancelled(&session.party, &Message::of(envelope)),
            // The process already got it for the first session.
            Method::Initialized if !session.is_first => None,
            _ => Some(envelope.in_one_line().into_text()),
        };
        if let Some(text) = text {
            state.send(text).await;
        }
    }
    Ok(reply::empty(StatusCode::ACCEPTED))
}

async fn answer_of_client(
    call: &Arc<McpCall>,
    session: &Session,
    posted: PostedMessage,
) -> Result<Response<Body>, Refusal> {
    let PostedMessage { headers, envelope, message, revision: _ } = posted;
    let state = session.link.state();
    if state.take_question(&session.party, message.id()) {
        if let FromClient::Forward(envelope) = session.party.conversation.from_client(call, &headers, envelope).await? {
            state.send(envelope.in_one_line().into_text()).await;
        }
    } else {
        // The question may have been withdrawn, or be another session's.
        tracing::debug!(target: "weir::stdio", call_ref = call.reference.as_str(), "an answer without an open question");
    }
    Ok(reply::empty(StatusCode::ACCEPTED))
}

/// The session that a request names, if it belongs to the caller.
fn session(call: &McpCall, bridge: &Bridge, headers: &HeaderMap, id: &str) -> Result<Arc<Session>, Refusal> {
    let Some(named) = headers::session(headers)? else {
        let message = "Bad request: Mcp-Session-Id is missing; start a session with initialize";
        return Err(answer::refuse(StatusCode::BAD_REQUEST, id, message).into());
    };
    bridge.session(named, &call.principal(headers)).ok_or_else(|| rejection::no_session(id).into())
}

/// The revision that a request without a body names.
fn revision(headers: &HeaderMap) -> Result<Option<Revision>, Refusal> {
    match headers::stated(headers)? {
        Some(revision) if revision.era() == Era::Stateless => Err(Refusal::MethodNotAllowed("POST")),
        revision => Ok(revision),
    }
}

/// The marks of events. An event without data is only for clients whose revision defines it.
fn marks(session: &Session, named: Option<Revision>) -> Marks {
    match named.or(session.revision) {
        Some(revision) if revision >= Revision::V2025_11_25 => Marks::Primed,
        _ => Marks::Ids,
    }
}

/// The reply to a request that is not accepted.
pub(super) fn refuse(untaken: Untaken, message: &Message) -> Rejection {
    let id = message.id();
    match untaken {
        Untaken::TooMany => {
            answer::refuse(StatusCode::TOO_MANY_REQUESTS, id, "This session has too many open requests")
        }
        Untaken::IdInUse => {
            answer::refuse(StatusCode::BAD_REQUEST, id, "Invalid request: a request with this id is still open")
        }
        Untaken::LongToken => {
            answer::refuse(StatusCode::BAD_REQUEST, id, "Invalid request: the progress token is too long")
        }
        Untaken::Gone => rejection::no_session(id),
    }
}

fn name(response: &mut Response<Body>, session: &str) {
    if let Ok(value) = HeaderValue::from_str(session) {
        response.headers_mut().insert(SESSION_ID, value);
    }
}
