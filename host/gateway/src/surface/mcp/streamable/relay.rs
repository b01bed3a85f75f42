//! Relays server-sent events: each event goes out once it is complete and its policies have decided.
//!
//! Invariants: unchanged events keep their bytes, including comments, ids and retry times, so a reader can resume.
//! After an unreadable event nothing more goes out: the stream ends, with an error in place of its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use weir_http::sse::{Block, Scanner, event};
use weir_http::{AnswerBody, BodyError, Frame, HttpBody};
use weir_mcp::{Envelope, Method};

use super::back::Back;
use crate::surface::mcp::call::McpCall;
use crate::surface::mcp::conversation::{Conversation, FromServer, PendingQuestion, Replay};
use crate::surface::mcp::refusals;

/// A stream of events to the caller.
pub(super) struct Relay {
    body: AnswerBody,
    scanner: Scanner,
    stream: Arc<Events>,
    /// Whether an event had an id: then a reader may resume and get its answer again.
    can_resume: bool,
    state: State,
}

/// What the events of one stream share.
struct Events {
    conversation: Arc<Conversation>,
    call: Arc<McpCall>,
    reach: Reach,
    back: Option<Arc<Back>>,
}

/// The scope of a stream.
enum Reach {
    /// One client message; if it was a request, its pending question.
    Message(Option<PendingQuestion>),
    /// The whole session. It outlives reloads, so its messages are judged by the current route.
    Session,
}

/// The policies judging an event. `None` if the event may not be forwarded.
type Judging = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;

enum State {
    Reading,
    Judging(Judging),
    /// The upstream has ended; the scanner may have more.
    Draining,
    Ended,
}

impl Relay {
    /// The response to one message.
    pub(super) fn bound(
        body: AnswerBody,
        call: Arc<McpCall>,
        conversation: Arc<Conversation>,
        pending: Option<PendingQuestion>,
        back: Option<Arc<Back>>,
    ) -> Self {
        Self::new(body, Events { conversation, call, reach: Reach::Message(pending), back })
    }

    /// A session's stream.
    pub(super) fn of_session(
        body: AnswerBody,
        call: Arc<McpCall>,
        conversation: Arc<Conversation>,
        back: Arc<Back>,
    ) -> Self {
        Self::new(body, Events { conversation, call, reach: Reach::Session, back: Some(back) })
    }

    fn new(body: AnswerBody, stream: Events) -> Self {
        let scanner = Scanner::new(stream.call.route.options.max_body);
        Self { body, scanner, stream: Arc::new(stream), can_resume: false, state: State::Reading }
    }

    /// The next bytes for the caller.
    fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Judging(judging) => {
                    let bytes = ready!(judging.as_mut().poll(context));
                    self.state = State::Reading;
                    if let Some(bytes) = bytes {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                State::Draining => match self.scanner.rest() {
                    Some(block) => {
                        if let Some(bytes) = self.take(block) {
                            return Poll::Ready(Some(Ok(bytes)));
                        }
                    }
                    None => self.state = State::Ended,
                },
                State::Reading => {
                    if let Some(block) = self.scanner.next_block() {
                        if let Some(bytes) = self.take(block) {
                            return Poll::Ready(Some(Ok(bytes)));
                        }
                        continue;
                    }
                    if self.scanner.is_full() {
                        self.state = State::Ended;
                        if let Some(bytes) = self.unreadable() {
                            return Poll::Ready(Some(Ok(bytes)));
                        }
                        continue;
                    }
                    match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                        // Trailers mean nothing to a reader of events.
                        Some(Ok(frame)) => {
                            if let Ok(data) = frame.into_data() {
                                self.scanner.push(data);
                            }
                        }
                        Some(Err(error)) => {
                            self.state = State::Ended;
                            return Poll::Ready(Some(Err(error.into())));
                        }
                        None => self.state = State::Draining,
                    }
                }
            }
        }
    }

    /// The bytes of a block to forward now; `None` if policies must judge it first.
    fn take(&mut self, block: Block) -> Option<Bytes> {
        self.can_resume |= block.has_id();
        match block.data() {
            Some(data) if !data.trim_ascii().is_empty() => {
                let replay = match self.stream.reach {
                    Reach::Message(_) if !self.can_resume => Replay::Never,
                    Reach::Message(_) | Reach::Session => Replay::Possible,
                };
                self.state = State::Judging(Box::pin(judged(Arc::clone(&self.stream), block, data, replay)));
                None
            }
            // Comments, and events that only mark a position to resume.
            _ => Some(block.into_bytes()),
        }
    }

    fn unreadable(&self) -> Option<Bytes> {
        self.stream.call.refused(refusals::UNREADABLE);
        match &self.stream.reach {
            Reach::Message(Some(pending)) => Some(event(&refusals::unreadable(&pending.question.id))),
            Reach::Message(None) | Reach::Session => None,
        }
    }
}

impl Stream for Relay {
    type Item = Result<Frame<Bytes>, BodyError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_bytes(context).map(|bytes| bytes.map(|bytes| bytes.map(Frame::data)))
    }
}

async fn judged(stream: Arc<Events>, block: Block, data: Bytes, replay: Replay) -> Option<Bytes> {
    let (call, pending) = match &stream.reach {
        Reach::Message(pending) => (Arc::clone(&stream.call), pending.as_ref()),
        Reach::Session => (stream.call.on_route_of_now(), None),
    };
    if !call.watched.anything() {
        return Some(block.into_bytes());
    }
    if pending.is_some_and(|pending| pending.question.method() == Method::ToolsList) {
        call.common.tools.learn_from(&call, data.clone());
    }
    match stream.conversation.receive(&call, pending, Envelope::received(data.clone()), replay).await {
        FromServer::Forward(envelope) if *envelope.text() == data => Some(block.into_bytes()),
        FromServer::Forward(envelope) => Some(block.with_data(envelope.text())),
        FromServer::Answer(answer) => {
            if let Some(back) = &stream.back {
                back.answer(&call, answer).await;
            }
            block.without_data()
        }
        FromServer::Nothing => block.without_data(),
    }
}
