//! Taps on the bodies of a recorded exchange: frames pass as they are, at the pace of whoever reads, and are noted.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::Notes;

/// The body of an upstream's answer.
pub(crate) struct AnswerBody {
    body: Incoming,
    notes: Option<Arc<Notes>>,
}

/// What notes the body of a request on its way out.
pub(crate) struct RequestTap {
    notes: Arc<Notes>,
}

impl AnswerBody {
    /// A body that is noted if there are notes.
    pub(crate) fn new(body: Incoming, notes: Option<Arc<Notes>>) -> Self {
        if let Some(notes) = notes.as_ref().filter(|_| body.is_end_stream()) {
            notes.came_all();
        }
        Self { body, notes }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        if let Some(notes) = &this.notes {
            match &frame {
                None => notes.came_all(),
                Some(Err(_)) => notes.broke_off(),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        notes.came(data);
                    }
                    // A body of known length is not asked for its end.
                    if this.body.is_end_stream() {
                        notes.came_all();
                    }
                }
            }
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

impl RequestTap {
    pub(crate) fn new(notes: Arc<Notes>) -> Self {
        Self { notes }
    }

    /// A piece goes out.
    pub(crate) fn passes(&self, data: &[u8]) {
        self.notes.sent(data);
    }

    /// Everything is out.
    pub(crate) fn ends(&self) {
        self.notes.sent_all();
    }
}
