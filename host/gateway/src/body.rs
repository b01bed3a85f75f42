//! The bodies that the gateway sends: towards the upstream and towards the caller.
//!
//! Invariant: what nobody looks at is handed on frame by frame, trailers included, without a copy; the next
//! frame is only asked for when the other side can take it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::Stream;
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use crate::call::Watch;
use crate::mcp::{Learning, Relay};
use crate::records::{AnswerBody, Recording, RequestTap};
use crate::upstream::Progress;

/// Why a body ended early.
pub(crate) type BodyError = Box<dyn std::error::Error + Send + Sync>;

/// A body that has been read, or was made here.
#[derive(Debug, Default)]
pub(crate) struct Whole {
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

/// What goes to the upstream.
pub(crate) enum RequestBody {
    /// All at once.
    Whole(Whole),
    /// As it comes from the caller; each frame counts as progress.
    Streamed(Incoming, Arc<Progress>),
    /// The same, noted on its way.
    Noted(Incoming, Arc<Progress>, RequestTap),
}

/// What goes to the caller.
pub(crate) struct ReplyBody {
    source: Source,
    watch: Option<Watch>,
    recording: Option<Recording>,
}

/// Where a reply's body comes from.
pub(crate) enum Source {
    /// All at once.
    Whole(Whole),
    /// As it comes from the upstream.
    Streamed(AnswerBody),
    /// Server-sent events, each of them looked at.
    Events(Box<Relay>),
    /// As it comes from the upstream, with a copy to learn from.
    Learning(Box<Learning>),
    /// Made here, piece by piece; each is flushed at once.
    Pieces(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Whole {
    /// Data with the trailers that came after it.
    pub(crate) fn new(data: Bytes, trailers: Option<HeaderMap>) -> Self {
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
    /// The same body, noted on its way.
    pub(crate) fn noted(self, tap: RequestTap) -> Self {
        match self {
            Self::Whole(whole) => {
                if let Some(data) = &whole.data {
                    tap.passes(data);
                }
                tap.ends();
                Self::Whole(whole)
            }
            Self::Streamed(body, progress) | Self::Noted(body, progress, _) => Self::Noted(body, progress, tap),
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Whole(whole) => Poll::Ready(whole.next().map(Ok)),
            Self::Streamed(body, progress) => {
                let frame = ready!(Pin::new(body).poll_frame(context));
                progress.mark();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Self::Noted(body, progress, tap) => {
                let frame = ready!(Pin::new(&mut *body).poll_frame(context));
                progress.mark();
                if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
                    tap.passes(data);
                }
                if frame.is_none() || body.is_end_stream() {
                    tap.ends();
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end(),
            Self::Streamed(body, _) | Self::Noted(body, ..) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(whole) => whole.size(),
            Self::Streamed(body, _) | Self::Noted(body, ..) => body.size_hint(),
        }
    }
}

impl ReplyBody {
    /// All at once.
    pub(crate) fn whole(data: impl Into<Bytes>) -> Self {
        Source::Whole(Whole::new(data.into(), None)).into()
    }

    /// Has the exchange reported when this body ends.
    pub(crate) fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// Has the row of the exchange made when this body ends.
    pub(crate) fn recorded(mut self, recording: Recording) -> Self {
        self.recording = Some(recording);
        self
    }

    fn ended(&mut self) {
        if let Some(recording) = self.recording.take() {
            recording.complete();
        }
        if let Some(watch) = self.watch.take() {
            watch.finished();
        }
    }
}

impl From<Source> for ReplyBody {
    fn from(source: Source) -> Self {
        Self { source, watch: None, recording: None }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let frame = match &mut this.source {
            Source::Whole(whole) => whole.next().map(Ok),
            Source::Streamed(body) => ready!(Pin::new(body).poll_frame(context)).map(|frame| frame.map_err(Into::into)),
            Source::Events(relay) => ready!(relay.poll_frame(context)).map(|data| data.map(Frame::data)),
            Source::Learning(learning) => ready!(learning.poll_frame(context)),
            Source::Pieces(pieces) => ready!(pieces.as_mut().poll_next(context)).map(|data| Ok(Frame::data(data))),
        };
        match &frame {
            // The row is made before the last piece goes out; whether that arrives changes nothing in it.
            Some(Ok(_)) if this.source.is_end() => {
                if let Some(recording) = this.recording.take() {
                    recording.complete();
                }
            }
            Some(Ok(_)) => {}
            None => this.ended(),
            Some(Err(error)) => {
                drop(this.recording.take());
                if let Some(watch) = this.watch.take() {
                    watch.broken(error.as_ref());
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
            Source::Events(_) | Source::Learning(_) | Source::Pieces(_) => SizeHint::default(),
        }
    }
}

impl Source {
    fn is_end(&self) -> bool {
        match self {
            Self::Whole(whole) => whole.is_end(),
            Self::Streamed(body) => body.is_end_stream(),
            Self::Events(_) | Self::Learning(_) | Self::Pieces(_) => false,
        }
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        // A body of known length is not asked for its end: it is complete when nothing is left of it.
        if self.is_end_stream() {
            self.ended();
        }
    }
}
