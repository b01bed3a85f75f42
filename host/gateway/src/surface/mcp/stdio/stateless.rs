//! Exchanges without sessions, in front of one process that they all share.
//!
//! Invariants: an exchange lives while its caller listens; a disconnect cancels it, also at the process; no message of
//! one exchange reaches another.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{Response, StatusCode};
use tokio::time::timeout;
use weir_http::Body;
use weir_mcp::message::{Message, Sort};
use weir_mcp::{Envelope, Method, Rejection, rpc};

use super::answer;
use super::bridge::{Bridge, held};
use super::link::{Link, Party};
use super::reply;
use super::sessions::{noted, refuse};
use super::streams::{Marks, Reader};
use super::table::Carries;
use crate::refusal::Refusal;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::conversation::{Conversation, FromClient};
use crate::surface::mcp::post::Posted;

/// How long a reply waits for its first message, to see whether it is the answer. Then it starts as a stream: callers
/// give up if the head does not arrive.
const UNDECIDED: Duration = Duration::from_secs(10);

/// One exchange. If it is dropped before its answer, the process gets a cancellation.
struct Exchange {
    link: Arc<Link>,
    party: Arc<Party>,
}

/// The rest of an exchange as events.
struct Rest {
    reader: Reader,
    _exchange: Exchange,
}

/// Answers a POST of the stateless era.
pub(super) async fn post(call: &Arc<McpCall>, bridge: &Bridge, posted: Posted) -> Result<Response<Body>, Refusal> {
    let Posted { parts, envelope, revision: _, era: _ } = posted;
    let message = Message::of(envelope.clone());
    if message.sort == Sort::Answer {
        let text = "Invalid request: servers send no requests in this revision, so there is nothing to answer";
        return Err(answer::refuse(StatusCode::BAD_REQUEST, message.id(), text).into());
    }
    let link = bridge.stateless(call, message.id()).await?;
    let party = link.join(Conversation::new(call, None), held(call));
    let exchange = Exchange { link, party };
    if message.sort == Sort::Notification {
        return notification(call, &exchange, &parts.headers, envelope, &message).await;
    }
    let Exchange { link, party } = &exchange;
    let carries = if reply::reads_events(&parts.headers) { Carries::Messages } else { Carries::Answer };
    let number = link.open(party, &message, carries, call).map_err(|untaken| match untaken {
        // The process has just ended; the next exchange starts another.
        super::table::Untaken::Gone => {
            Rejection { status: StatusCode::SERVICE_UNAVAILABLE, text: answer::lost(message.id()) }
        }
        untaken => refuse(untaken, &message),
    })?;
    match party.conversation.from_client(call, &parts.headers, envelope).await? {
        FromClient::Forward(envelope) => {
            noted(call, &envelope);
            link.state().forward(number, envelope).await;
        }
        FromClient::Answer(text) => return Ok(whole(call, text)),
        FromClient::Cancelled => return Ok(reply::empty(StatusCode::ACCEPTED)),
    }
    let mut reader = party.streams.read(number, Marks::None).map_err(|_| Refusal::Internal)?;
    let first = match carries {
        Carries::Answer => Ok(reader.message().await),
        Carries::Messages => timeout(UNDECIDED, reader.message()).await,
    };
    match first {
        Ok(Some(text)) if is_answer(&text) => Ok(whole(call, text)),
        Ok(Some(_)) => {
            reader.again();
            Ok(reply::events(Rest { reader, _exchange: exchange }))
        }
        Ok(None) => Ok(reply::events(futures_util::stream::empty())),
        Err(_) => Ok(reply::events(Rest { reader, _exchange: exchange })),
    }
}

async fn notification(
    call: &Arc<McpCall>,
    exchange: &Exchange,
    headers: &http::HeaderMap,
    envelope: Envelope,
    message: &Message,
) -> Result<Response<Body>, Refusal> {
    // Over HTTP a request is cancelled by closing its stream. An id is useless here: each caller numbers its own.
    if message.method() != Method::Cancelled
        && let FromClient::Forward(envelope) = exchange.party.conversation.from_client(call, headers, envelope).await?
    {
        exchange.link.state().send(envelope.in_one_line().into_text()).await;
    }
    Ok(reply::empty(StatusCode::ACCEPTED))
}

fn is_answer(text: &Bytes) -> bool {
    Message::read(text.clone()).is_some_and(|message| message.sort == Sort::Answer)
}

/// A single answer, with the status that the revision defines for some errors.
fn whole(call: &McpCall, text: Bytes) -> Response<Body> {
    let status = match Message::read(text.clone()).and_then(|message| message.code()) {
        Some(rpc::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(-32022..=-32020) => StatusCode::BAD_REQUEST,
        _ => reply::status_of(call),
    };
    reply::json(status, text)
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.link.state().leave(&self.party);
    }
}

impl Stream for Rest {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        Pin::new(&mut self.get_mut().reader).poll_next(context)
    }
}
