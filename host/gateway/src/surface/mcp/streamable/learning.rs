//! A list of tools that is forwarded untouched and copied to learn from.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use weir_http::{AnswerBody, BodyError, Frame, HttpBody};

use crate::surface::mcp::call::McpCall;

/// A body that is forwarded unchanged.
pub(super) struct Learning {
    body: AnswerBody,
    call: Arc<McpCall>,
    /// `None` once it is too long, or learned from.
    copy: Option<BytesMut>,
}

impl Learning {
    pub(super) fn new(body: AnswerBody, call: Arc<McpCall>) -> Self {
        Self { body, call, copy: Some(BytesMut::new()) }
    }
}

impl Stream for Learning {
    type Item = Result<Frame<Bytes>, BodyError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let frame = ready!(Pin::new(&mut this.body).poll_frame(context));
        if let (Some(Ok(frame)), Some(copy)) = (&frame, &mut this.copy)
            && let Some(data) = frame.data_ref()
        {
            copy.extend_from_slice(data);
            if copy.len() > this.call.route.options.max_body {
                this.copy = None;
            }
        }
        // A body of known length is not polled for its end.
        if (frame.is_none() || this.body.is_end())
            && let Some(copy) = this.copy.take()
        {
            this.call.common.tools.learn_from_body(&this.call, copy.freeze());
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }
}
