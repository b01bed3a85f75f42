//! Whether a connection has requests in flight, and since when it is idle.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use crate::options::ListenerOptions;

/// The activity of one connection.
pub(super) struct Activity {
    opened: Instant,
    in_flight: AtomicUsize,
    /// Milliseconds from `opened` to the end of the last exchange, plus one; 0 before the first.
    idle_since: AtomicU64,
}

/// One request in flight.
pub(super) struct Busy(Arc<Activity>);

/// A body that keeps its request in flight until it is sent.
pub(super) struct Held<B> {
    body: B,
    _busy: Busy,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self { opened: Instant::now(), in_flight: AtomicUsize::new(0), idle_since: AtomicU64::new(0) }
    }

    pub(super) fn begin(self: &Arc<Self>) -> Busy {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }

    /// When the connection reaches its idle timeout if nothing more happens.
    pub(super) fn idle_until(&self, options: &ListenerOptions) -> Instant {
        if self.in_flight.load(Ordering::Relaxed) > 0 {
            return Instant::now() + options.idle_timeout;
        }
        match self.idle_since.load(Ordering::Relaxed) {
            0 => self.opened + options.header_read_timeout,
            since => self.opened + Duration::from_millis(since - 1) + options.idle_timeout,
        }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let since = u64::try_from(self.0.opened.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.0.idle_since.store(since + 1, Ordering::Relaxed);
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<B> Held<B> {
    pub(super) fn new(body: B, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl<B: Body + Unpin> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_is_idle_only_without_requests() {
        let options = ListenerOptions::default();
        let activity = Arc::new(Activity::new());
        assert_eq!(activity.idle_until(&options), activity.opened + options.header_read_timeout);
        let (first, second) = (activity.begin(), activity.begin());
        drop(first);
        assert!(activity.idle_until(&options) > activity.opened + options.idle_timeout - Duration::from_millis(1));
        drop(second);
        let until = activity.idle_until(&options);
        assert!(until >= activity.opened + options.idle_timeout && until <= Instant::now() + options.idle_timeout);
    }
}
