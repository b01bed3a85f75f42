//! Reads one stream, as messages or as server-sent events.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use tokio::time::Instant;
use weir_http::sse::event;

use super::{Marks, Streams};

/// Milliseconds before a client reconnects.
const RETRY_MS: u32 = 1000;

/// Reads one stream from a position on.
pub(crate) struct Reader {
    streams: Arc<Streams>,
    stream: u64,
    generation: u64,
    next: u64,
    marks: Marks,
    first: bool,
}

impl Reader {
    pub(super) fn new(streams: Arc<Streams>, stream: u64, generation: u64, next: u64, marks: Marks) -> Self {
        Self { streams, stream, generation, next, marks, first: marks == Marks::Primed }
    }

    /// The next message, without event framing.
    pub(crate) async fn message(&mut self) -> Option<Bytes> {
        std::future::poll_fn(|context| self.poll(context)).await.map(|(_, text)| text)
    }

    /// Puts back a message that was taken but not sent.
    pub(crate) fn again(&mut self) {
        self.next -= 1;
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<(u64, Bytes)>> {
        let mut inner = self.streams.lock();
        inner.last_read = Instant::now();
        let Some(events) = inner.streams.get_mut(&self.stream) else { return Poll::Ready(None) };
        let Some((_, waker)) = events.reader.as_mut().filter(|(generation, _)| *generation == self.generation) else {
            return Poll::Ready(None);
        };
        let Some(held) = events.held.iter().find(|held| held.number >= self.next) else {
            if events.finished {
                return Poll::Ready(None);
            }
            *waker = Some(context.waker().clone());
            return Poll::Pending;
        };
        let (number, text) = (held.number, held.text.clone());
        self.next = number + 1;
        events.undelivered = events.undelivered.max(self.next);
        drop(inner);
        self.streams.room.notify_waiters();
        Poll::Ready(Some((number, text)))
    }

    fn event(&self, number: u64, text: &[u8]) -> Bytes {
        let data = event(text);
        if self.marks == Marks::None {
            return data;
        }
        let mut event = BytesMut::from(format!("id: {}-{number}\n", self.stream).as_bytes());
        event.extend_from_slice(&data);
        event.freeze()
    }
}

impl Stream for Reader {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        if std::mem::take(&mut this.first) {
            let prime = format!("id: {}-{}\nretry: {RETRY_MS}\ndata: \n\n", this.stream, this.next - 1);
            return Poll::Ready(Some(prime.into()));
        }
        this.poll(context).map(|event| event.map(|(number, text)| this.event(number, &text)))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut inner = self.streams.lock();
        inner.last_read = Instant::now();
        if let Some(events) = inner.streams.get_mut(&self.stream)
            && events
                .reader
                .as_ref()
                .is_some_and(|(generation, _)| *generation == self.generation || *generation == u64::MAX)
        {
            events.reader = None;
        }
        inner.tidy();
        drop(inner);
        self.streams.room.notify_waiters();
    }
}

/// The stream and the number in an event's id.
pub(crate) fn position(id: &str) -> Option<(u64, u64)> {
    let (stream, number) = id.split_once('-')?;
    Some((stream.parse().ok()?, number.parse().ok()?))
}
