//! Relaying server-sent events: each event goes out as soon as it is complete and its policies have decided.
//!
//! Invariants: what no policy changes keeps its bytes, comments, ids and pauses too, so that a reader can resume where
//! it was. Nothing of a stream that cannot be read any further goes out: it ends, with an error in place of the answer
//! that it is bound to.

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

/// A stream of events on its way to the caller.
pub(super) struct Relay {
    body: AnswerBody,
    scanner: Scanner,
    stream: Arc<Events>,
    /// Whether an event had an id, so that a reader may resume and get its answer again.
    can_resume: bool,
    state: State,
}

/// What the events of one stream have in common.
struct Events {
    conversation: Arc<Conversation>,
    call: Arc<McpCall>,
    reach: Reach,
    back: Option<Arc<Back>>,
}

/// What a stream is about.
enum Reach {
    /// One message of the client; its answer if it was a request.
    Message(Option<PendingQuestion>),
    /// The whole session, for as long as it lasts. It outlives reloads, so what is seen on it is judged by what is
    /// loaded then.
    Session,
}

/// The chain at work on an event. Nothing comes of it if nobody may see the event.
type Judging = Pin<Box<dyn Future<Output = Option<Bytes>> + Send>>;

enum State {
    Reading,
    Judging(Judging),
    /// The upstream has ended; what is left is in the scanner.
    Draining,
    Ended,
}

impl Relay {
    /// The stream that answers one message.
    pub(super) fn bound(
        body: AnswerBody,
        call: Arc<McpCall>,
        conversation: Arc<Conversation>,
        pending: Option<PendingQuestion>,
        back: Option<Arc<Back>>,
    ) -> Self {
        Self::new(body, Events { conversation, call, reach: Reach::Message(pending), back })
    }

    /// The stream of a session.
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
                        // Trailers say nothing to a reader of events.
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

    /// The bytes of a block that goes out now; `None` if the chain has to look at it first.
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
            // Comments, and events that only say where a reader would resume.
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
