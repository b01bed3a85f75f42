//! The messages for a client, in streams of server-sent events that it can resume.
//!
//! Invariants: an event is in one stream, and each stream has one reader at a time; events keep their order; the buffer
//! is bounded by count and bytes. Events are evicted in this order: delivered ones, then those without a reader; those
//! of a slow reader only after the writer's patience.
//!
//! Not here: the content of events.

mod reader;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

pub(super) use reader::{Reader, position};

/// The general stream, which belongs to no request.
pub(super) const GENERAL: u64 = 0;

/// Most buffered events of one client.
const MAX_EVENTS: usize = 1024;

/// All streams of one client.
pub(super) struct Streams {
    inner: Mutex<Inner>,
    /// Notified when events were delivered.
    room: Notify,
}

/// The marks of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marks {
    /// None: the stream cannot be resumed.
    None,
    /// An id for each event.
    Ids,
    /// An id for each event and one before the first, so a stream that broke before its first event can be resumed.
    Primed,
}

/// Why a stream cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It has a reader.
    InUse,
    /// It does not exist, or is over.
    Over,
}

struct Inner {
    streams: BTreeMap<u64, Events>,
    events: usize,
    bytes: usize,
    max_bytes: usize,
    order: u64,
    generation: u64,
    closed: bool,
    /// Whether a warning about dropped messages was already logged.
    complained: bool,
    last_read: Instant,
}

#[derive(Default)]
struct Events {
    held: VecDeque<Held>,
    /// The number of the next event; the first is 1.
    next: u64,
    /// The first event that was not delivered.
    undelivered: u64,
    reader: Option<(u64, Option<Waker>)>,
    finished: bool,
}

struct Held {
    number: u64,
    order: u64,
    text: Bytes,
}

impl Streams {
    /// Buffers at most this many bytes. `general` creates the general stream.
    pub(super) fn new(max_bytes: usize, general: bool) -> Arc<Self> {
        let mut streams = BTreeMap::new();
        if general {
            streams.insert(GENERAL, Events::new());
        }
        let inner = Inner {
            streams,
            events: 0,
            bytes: 0,
            max_bytes,
            order: 0,
            generation: 0,
            closed: false,
            complained: false,
            last_read: Instant::now(),
        };
        Arc::new(Self { inner: Mutex::new(inner), room: Notify::new() })
    }

    /// Opens the stream of a request.
    pub(super) fn open(&self, stream: u64) {
        self.lock().streams.insert(stream, Events::new());
    }

    /// Removes a stream that nobody has seen.
    pub(super) fn discard(&self, stream: u64) {
        let mut inner = self.lock();
        if let Some(events) = inner.streams.remove(&stream) {
            inner.events -= events.held.len();
            inner.bytes -= events.held.iter().map(|held| held.text.len()).sum::<usize>();
        }
    }

    /// Adds a message to a stream. Waits up to `patience` for a slow reader.
    pub(super) async fn push(&self, stream: u64, text: Bytes, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let room = self.room.notified();
            let lost = {
                let mut inner = self.lock();
                if inner.make_room(text.len(), Instant::now() >= deadline) {
                    inner.put(stream, text);
                    return;
                }
                inner.closed
            };
            if lost {
                return;
            }
            // The loop checks again for room and for the deadline.
            let _ = timeout_at(deadline, room).await;
        }
    }

    /// Ends a stream after its buffered events.
    pub(super) fn finish(&self, stream: u64) {
        let mut inner = self.lock();
        if let Some(events) = inner.streams.get_mut(&stream) {
            events.finished = true;
            events.wake();
        }
        inner.tidy();
    }

    /// Ends all streams after their buffered events.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        for events in inner.streams.values_mut() {
            events.finished = true;
            events.wake();
        }
        drop(inner);
        self.room.notify_waiters();
    }

    /// Ends the reader of the general stream, which never ends by itself.
    pub(super) fn release(&self) {
        if let Some(events) = self.lock().streams.get_mut(&GENERAL)
            && let Some((generation, waker)) = &mut events.reader
        {
            *generation = u64::MAX;
            waker.take().map(Waker::wake).unwrap_or_default();
        }
    }

    /// Whether a stream has a reader.
    pub(super) fn is_read(&self, stream: u64) -> bool {
        self.lock().streams.get(&stream).is_some_and(|events| events.reader.is_some())
    }

    /// Since when no stream has a reader; `None` while one has.
    pub(super) fn unread_since(&self) -> Option<Instant> {
        let inner = self.lock();
        inner.streams.values().all(|events| events.reader.is_none()).then_some(inner.last_read)
    }

    /// Reads a stream from its first undelivered event.
    pub(super) fn read(self: &Arc<Self>, stream: u64, marks: Marks) -> Result<Reader, Unreadable> {
        let mut inner = self.lock();
        let events = inner.streams.get(&stream).ok_or(Unreadable::Over)?;
        if events.reader.is_some() {
            return Err(Unreadable::InUse);
        }
        let next = events.undelivered;
        Ok(self.attach(&mut inner, stream, next, marks))
    }

    /// Resumes a stream after the event of that number. This replaces its current reader: a client that resumes has
    /// lost its connection, even if that was not noticed yet.
    pub(super) fn resume(self: &Arc<Self>, stream: u64, after: u64, marks: Marks) -> Result<Reader, Unreadable> {
        let mut inner = self.lock();
        let events = inner.streams.get_mut(&stream).ok_or(Unreadable::Over)?;
        if events.finished && events.held.back().is_none_or(|last| last.number <= after) {
            return Err(Unreadable::Over);
        }
        if let Some((_, Some(waker))) = events.reader.take() {
            waker.wake();
        }
        let next = after.saturating_add(1).min(events.next);
        Ok(self.attach(&mut inner, stream, next, marks))
    }

    fn attach(self: &Arc<Self>, inner: &mut Inner, stream: u64, next: u64, marks: Marks) -> Reader {
        inner.generation += 1;
        inner.complained = false;
        let generation = inner.generation;
        if let Some(events) = inner.streams.get_mut(&stream) {
            events.reader = Some((generation, None));
        }
        Reader::new(Arc::clone(self), stream, generation, next, marks)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

impl Inner {
    fn put(&mut self, stream: u64, text: Bytes) {
        let order = self.order;
        let Some(events) = self.streams.get_mut(&stream).filter(|events| !events.finished) else { return };
        self.order += 1;
        self.events += 1;
        self.bytes += text.len();
        events.held.push_back(Held { number: events.next, order, text });
        events.next += 1;
        events.wake();
    }

    /// Makes room for a message of that length. With `must`, a slow reader may lose events.
    fn make_room(&mut self, length: usize, must: bool) -> bool {
        while self.events + 1 > MAX_EVENTS || (self.bytes + length > self.max_bytes && self.events > 0) {
            let fronts = || self.streams.iter().filter_map(|(id, events)| Some((*id, events, events.held.front()?)));
            let oldest = |wanted: &dyn Fn(&Events, &Held) -> bool| {
                let fitting = fronts().filter(|(_, events, front)| wanted(events, front));
                fitting.min_by_key(|(.., front)| front.order).map(|(id, ..)| id)
            };
            let delivered = oldest(&|events, front| front.number < events.undelivered);
            let unread = || oldest(&|events, _| events.reader.is_none());
            let any = || oldest(&|_, _| must);
            let Some(stream) = delivered.or_else(unread).or_else(any) else { return false };
            let is_loss = delivered.is_none();
            self.drop_front(stream);
            // Once per reader: a server that sends to nobody would flood the log.
            if is_loss && !std::mem::replace(&mut self.complained, true) {
                tracing::warn!(target: "weir::stdio", "dropping messages: their client does not read them");
            }
        }
        true
    }

    fn drop_front(&mut self, stream: u64) {
        let Some(events) = self.streams.get_mut(&stream) else { return };
        if let Some(front) = events.held.pop_front() {
            self.events -= 1;
            self.bytes -= front.text.len();
            events.undelivered = events.undelivered.max(front.number + 1);
        }
        self.tidy();
    }

    /// Removes finished streams without events and readers.
    fn tidy(&mut self) {
        self.streams.retain(|_, events| !(events.finished && events.held.is_empty() && events.reader.is_none()));
    }
}

impl Events {
    fn new() -> Self {
        Self { next: 1, undelivered: 1, ..Self::default() }
    }

    fn wake(&mut self) {
        if let Some((_, waker)) = &mut self.reader
            && let Some(waker) = waker.take()
        {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    const NOW: Duration = Duration::ZERO;

    async fn push(streams: &Streams, stream: u64, text: &str) {
        streams.push(stream, Bytes::copy_from_slice(text.as_bytes()), NOW).await;
    }

    fn next(reader: &mut Reader) -> Option<String> {
        let event = reader.next().now_or_never().unwrap_or_default()?;
        Some(String::from_utf8(event.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_stream_is_resumed_where_it_broke() {
        let streams = Streams::new(1000, true);
        streams.open(5);
        let mut reader = streams.read(5, Marks::Primed).unwrap();
        assert_eq!(next(&mut reader).unwrap(), "id: 5-0\nretry: 1000\ndata: \n\n");
        assert_eq!(next(&mut reader), None);
        for text in ["a", "b", "c"] {
            push(&streams, 5, text).await;
        }
        assert_eq!(next(&mut reader).unwrap(), "id: 5-1\ndata: a\n\n");
        assert_eq!(next(&mut reader).unwrap(), "id: 5-2\ndata: b\n\n");
        assert!(matches!(streams.read(5, Marks::Ids), Err(Unreadable::InUse)));
        // The client saw the first only; the second was on its way.
        let mut resumed = streams.resume(5, 1, Marks::Ids).unwrap();
        assert_eq!(next(&mut reader), None);
        streams.finish(5);
        let rest: Vec<_> = std::iter::from_fn(|| next(&mut resumed)).collect();
        assert_eq!(rest, ["id: 5-2\ndata: b\n\n", "id: 5-3\ndata: c\n\n"]);
        drop((reader, resumed));
        assert!(matches!(streams.resume(5, 3, Marks::Ids), Err(Unreadable::Over)));
        assert!(matches!(streams.resume(6, 0, Marks::Ids), Err(Unreadable::Over)));
        assert!(streams.resume(5, 0, Marks::Ids).is_ok());
    }

    #[tokio::test]
    async fn what_nobody_reads_is_held_within_bounds() {
        let streams = Streams::new(10, true);
        for text in ["aaaa", "bbbb", "cccc"] {
            push(&streams, GENERAL, text).await;
        }
        let mut reader = streams.read(GENERAL, Marks::None).unwrap();
        assert_eq!(next(&mut reader).unwrap(), "data: bbbb\n\n");
        // What was delivered makes room for what comes; what waits for its reader does not.
        push(&streams, GENERAL, "dddd").await;
        let full = streams.push(GENERAL, Bytes::from_static(b"eeee"), Duration::from_secs(60));
        let mut full = std::pin::pin!(full);
        assert!(full.as_mut().now_or_never().is_none());
        assert_eq!(next(&mut reader).unwrap(), "data: cccc\n\n");
        full.await;
        assert_eq!(next(&mut reader).unwrap(), "data: dddd\n\n");
        assert_eq!(next(&mut reader).unwrap(), "data: eeee\n\n");
        for _ in 0..5000 {
            push(&streams, GENERAL, "x").await;
        }
        assert!(streams.lock().bytes <= 10);
        assert_eq!(streams.unread_since(), None);
        streams.release();
        assert_eq!(next(&mut reader), None);
        drop(reader);
        assert!(streams.unread_since().is_some() && !streams.is_read(GENERAL));
    }

    #[test]
    fn ids_of_events_lead_back() {
        assert_eq!(position("5-12"), Some((5, 12)));
        for id in ["", "5", "-", "a-1", "1-b", "1--2"] {
            assert_eq!(position(id), None, "{id}");
        }
    }
}
