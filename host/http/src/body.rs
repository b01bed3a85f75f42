//! Outgoing bodies: to an upstream and to a caller.
//!
//! Invariant: a body that nobody inspects is passed on frame by frame, trailers included, without a copy. The next
//! frame is only requested when the other side can take it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http::header::CONTENT_ENCODING;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

/// Why a body ended early.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A complete body: read from a peer or made here.
#[derive(Debug, Default)]
pub struct Whole {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

/// Sees the frames of a body as they pass.
pub trait Tap: Send + Sync {
    /// A piece of data passes.
    fn passes(&self, data: &[u8]);
    /// The body is complete.
    fn ends(&self);
    /// The body broke off.
    fn breaks(&self);
}

/// The body of a request to an upstream.
pub struct RequestBody {
    source: RequestSource,
    tap: Option<Box<dyn Tap>>,
}

enum RequestSource {
    Whole(Whole),
    /// Streamed from the caller; each frame counts as progress.
    Streamed(Incoming, Arc<Progress>),
}

/// The body of an upstream's response.
pub struct AnswerBody {
    body: Incoming,
    tap: Option<Box<dyn Tap>>,
}

/// Learns how a body sent to a caller ends. If it is dropped without a call, the caller did not take all of the body.
pub trait Observer: Send {
    /// The last frame is about to go out.
    fn last(&mut self);
    /// Everything went out.
    fn ended(self: Box<Self>);
    /// The source broke off.
    fn broken(self: Box<Self>, error: &BodyError);
}

/// The body of a reply to a caller.
pub struct Body {
    source: Source,
    observer: Option<Box<dyn Observer>>,
}

/// Where a caller's body comes from.
enum Source {
    Whole(Whole),
    /// As it comes from the upstream.
    Streamed(AnswerBody),
    /// Made or inspected here, frame by frame.
    Frames(Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, BodyError>> + Send>>),
}

/// When a request's body last made progress. While an upload progresses, the response is not late.
#[derive(Debug)]
pub struct Progress {
    since: Instant,
    moved: AtomicU64,
}

impl Whole {
    /// Data with the trailers that came after it.
    pub fn new(data: Bytes, trailers: Option<HeaderMap>) -> Self {
        Self { data: Some(data).filter(|data| !data.is_empty()), trailers }
    }

    fn next(&mut self) -> Option<Frame<Bytes>> {
        let data = self.data.take().map(Frame::data);
        data.or_else(|| self.trailers.take().map(Frame::trailers))
    }

    fn is_end(&self) -> bool {
        self.data.is_none() && self.trailers.is_none()
    }

    fn size(&self) -> SizeHint {
        // A length would leave no room for trailers in HTTP/1.1.
        match (&self.data, &self.trailers) {
            (data, None) => SizeHint::with_exact(data.as_ref().map_or(0, |data| data.len() as u64)),
            _ => SizeHint::default(),
        }
    }
}

impl RequestBody {
    /// All at once.
    pub fn whole(whole: Whole) -> Self {
        Self { source: RequestSource::Whole(whole), tap: None }
    }

    /// As it comes from the caller.
    pub fn streamed(body: Incoming) -> Self {
        if http_body::Body::is_end_stream(&body) {
            return Self::whole(Whole::default());
        }
        Self { source: RequestSource::Streamed(body, Progress::new()), tap: None }
    }

    /// The same body with a tap.
    pub fn tapped(mut self, tap: Box<dyn Tap>) -> Self {
        if let RequestSource::Whole(whole) = &self.source {
            if let Some(data) = &whole.data {
                tap.passes(data);
            }
            tap.ends();
        } else {
            self.tap = Some(tap);
        }
        self
    }

    pub(crate) fn progress(&self) -> Option<Arc<Progress>> {
        match &self.source {
            RequestSource::Whole(_) => None,
            RequestSource::Streamed(_, progress) => Some(Arc::clone(progress)),
        }
    }
}

impl http_body::Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let (body, progress) = match &mut this.source {
            RequestSource::Whole(whole) => return Poll::Ready(whole.next().map(Ok)),
            RequestSource::Streamed(body, progress) => (body, progress),
        };
        let frame = ready!(Pin::new(&mut *body).poll_frame(context));
        progress.mark();
        if let Some(tap) = &this.tap {
            see(&**tap, frame.as_ref(), body.is_end_stream());
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.source {
            RequestSource::Whole(whole) => whole.is_end(),
            RequestSource::Streamed(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            RequestSource::Whole(whole) => whole.size(),
            RequestSource::Streamed(body, _) => body.size_hint(),
        }
    }
}

/// Reports a frame to a tap. A body of known length is not polled for its end, so its last frame counts as the end.
fn see<E>(tap: &dyn Tap, frame: Option<&Result<Frame<Bytes>, E>>, is_end: bool) {
    match frame {
        None => tap.ends(),
        Some(Err(_)) => tap.breaks(),
        Some(Ok(frame)) => {
            if let Some(data) = frame.data_ref() {
                tap.passes(data);
            }
            if is_end {
                tap.ends();
            }
        }
    }
}

impl AnswerBody {
    /// A body, with a tap if there is one.
    pub fn new(body: Incoming, tap: Option<Box<dyn Tap>>) -> Self {
        if let Some(tap) = tap.as_ref().filter(|_| http_body::Body::is_end_stream(&body)) {
            tap.ends();
        }
        Self { body, tap }
    }

    /// Whether it is at its end.
    pub fn is_end(&self) -> bool {
        http_body::Body::is_end_stream(&self.body)
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        if let Some(tap) = &this.tap {
            see(&**tap, frame.as_ref(), this.body.is_end_stream());
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Body {
    /// All at once.
    pub fn whole(data: impl Into<Bytes>) -> Self {
        Self::read(Whole::new(data.into(), None))
    }

    /// All at once, with its trailers.
    pub fn read(whole: Whole) -> Self {
        Source::Whole(whole).into()
    }

    /// As it comes from the upstream.
    pub fn streamed(body: AnswerBody) -> Self {
        Source::Streamed(body).into()
    }

    /// Frame by frame.
    pub fn frames(frames: impl Stream<Item = Result<Frame<Bytes>, BodyError>> + Send + 'static) -> Self {
        Source::Frames(Box::pin(frames)).into()
    }

    /// Piece by piece; each is flushed at once.
    pub fn pieces(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        use futures_util::StreamExt;
        Self::frames(pieces.map(|data| Ok(Frame::data(data))))
    }

    /// The same body with an observer of how it ends.
    pub fn observed(mut self, observer: Box<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    fn ended(&mut self) {
        if let Some(observer) = self.observer.take() {
            observer.ended();
        }
    }
}

impl From<Source> for Body {
    fn from(source: Source) -> Self {
        Self { source, observer: None }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = match &mut this.source {
            Source::Whole(whole) => whole.next().map(Ok),
            Source::Streamed(body) => ready!(Pin::new(body).poll_frame(context)).map(|frame| frame.map_err(Into::into)),
            Source::Frames(frames) => ready!(frames.as_mut().poll_next(context)),
        };
        match &frame {
            Some(Ok(_)) if this.source.is_end() => {
                if let Some(observer) = &mut this.observer {
                    observer.last();
                }
            }
            Some(Ok(_)) => {}
            None => this.ended(),
            Some(Err(error)) => {
                if let Some(observer) = this.observer.take() {
                    observer.broken(error);
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.source.is_end()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Whole(whole) => whole.size(),
            Source::Streamed(body) => body.size_hint(),
            Source::Frames(_) => SizeHint::default(),
        }
    }
}

impl Source {
    fn is_end(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end(),
            Self::Streamed(body) => body.is_end(),
            Self::Frames(_) => false,
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // A body of known length is not polled for its end: it is complete when nothing is left.
        if self.source.is_end() {
            self.ended();
        }
    }
}

impl Progress {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { since: Instant::now(), moved: AtomicU64::new(0) })
    }

    pub(crate) fn mark(&self) {
        let moved = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(moved, Ordering::Relaxed);
    }

    pub(crate) fn last(&self) -> Instant {
        self.since + Duration::from_millis(self.moved.load(Ordering::Relaxed))
    }
}

/// Whether a body is compressed.
pub fn is_encoded(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}
