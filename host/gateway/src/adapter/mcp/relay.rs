//! Relaying an answer that comes as server-sent events: each event goes out as soon as it is complete; the one
//! that holds the answer goes through the chain first.
//!
//! Invariant: what is not the answer keeps its bytes. Nothing of a stream that cannot be read any further goes
//! out: an error takes its place and the stream ends.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use hyper::body::Incoming;

use super::envelope::{self, Answer, Envelope};
use super::{Question, error};
use crate::body::BodyError;
use crate::call::Call;
use crate::sse::{Block, Scanner};
use crate::verdict::{Verdict, judge};
use weir_core::Payload;

/// A stream of events on its way to the caller.
pub(crate) struct Relay {
    body: Incoming,
    scanner: Scanner,
    call: Arc<Call>,
    question: Question,
    state: State,
}

/// The chain at work on the event that holds the answer.
type Judging = Pin<Box<dyn Future<Output = Bytes> + Send>>;

enum State {
    Reading,
    Judging(Judging),
    /// The upstream has ended; what is left is in the scanner.
    Draining,
    Ended,
}

impl Relay {
    pub(super) fn new(body: Incoming, call: Arc<Call>, question: Question) -> Self {
        let scanner = Scanner::new(call.route.route.max_body);
        Self { body, scanner, call, question, state: State::Reading }
    }

    /// The next bytes for the caller.
    pub(crate) fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Judging(judging) => {
                    let bytes = ready!(judging.as_mut().poll(context));
                    self.state = State::Reading;
                    return Poll::Ready(Some(Ok(bytes)));
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
                    if let Some(block) = self.scanner.next() {
                        if let Some(bytes) = self.take(block) {
                            return Poll::Ready(Some(Ok(bytes)));
                        }
                        continue;
                    }
                    if self.scanner.is_full() {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Ok(self.unreadable())));
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
        let Some(data) = block.data() else { return Some(block.into_bytes()) };
        match envelope::answer(data) {
            Answer::Other => Some(block.into_bytes()),
            Answer::Unreadable => {
                self.call.refused(error::UNREADABLE);
                Some(block.with_data(&error::unreadable(&self.question.id)))
            }
            Answer::Result(envelope, result) => {
                let (call, question) = (Arc::clone(&self.call), self.question.clone());
                self.state = State::Judging(Box::pin(judged(call, question, block, envelope, result)));
                None
            }
        }
    }

    fn unreadable(&self) -> Bytes {
        self.call.refused(error::UNREADABLE);
        Block::of(&error::unreadable(&self.question.id))
    }
}

async fn judged(call: Arc<Call>, question: Question, block: Block, envelope: Envelope, result: Payload) -> Bytes {
    match judge(&call, &question.answered(result)).await {
        Ok(Verdict::Unchanged) => block.into_bytes(),
        Ok(Verdict::Changed(result)) => block.with_data(&envelope.with_result(result.text())),
        Ok(Verdict::Denied(denial)) => block.with_data(&error::denied(&call, &question, denial)),
        Err(refusal) => {
            call.refused(refusal.urn());
            block.with_data(&error::internal(&question.id))
        }
    }
}
