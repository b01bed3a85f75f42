//! HTTP replies with messages and streams of them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::time::{Sleep, sleep};
use weir_http::Body;

use crate::surface::mcp::call::McpCall;

/// Longest silence of a stream. Then a comment is sent, which readers skip: proxies see that the stream is alive, and a
/// client that vanished is noticed.
const SILENCE: Duration = Duration::from_secs(25);

/// A stream with keep-alive comments.
struct KeepAlive<S> {
    events: Pin<Box<S>>,
    silence: Pin<Box<Sleep>>,
    longest: Duration,
}

/// One message.
pub(super) fn json(status: StatusCode, text: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::whole(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// The status of a single answer.
pub(super) fn status_of(call: &McpCall) -> StatusCode {
    if call.is_late() { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::OK }
}

/// Messages as events.
pub(super) fn events(stream: impl Stream<Item = Bytes> + Send + 'static) -> Response<Body> {
    let mut response = Response::new(Body::pieces(KeepAlive::new(stream, SILENCE)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    response
}

/// Nothing but a status.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::whole(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// Whether a caller accepts events. Otherwise it only gets the answer.
pub(super) fn reads_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|range| {
        let essence = range.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("text/event-stream")
    })
}

impl<S: Stream<Item = Bytes>> KeepAlive<S> {
    fn new(events: S, longest: Duration) -> Self {
        Self { events: Box::pin(events), silence: Box::pin(sleep(longest)), longest }
    }
}

impl<S: Stream<Item = Bytes>> Stream for KeepAlive<S> {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.get_mut();
        let next = match this.events.as_mut().poll_next(context) {
            Poll::Pending if this.silence.as_mut().poll(context).is_pending() => return Poll::Pending,
            Poll::Pending => Some(Bytes::from_static(b":\n\n")),
            Poll::Ready(next) => next,
        };
        this.silence.as_mut().reset(tokio::time::Instant::now() + this.longest);
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    #[tokio::test]
    async fn silence_is_broken_by_comments() {
        let mut silent = KeepAlive::new(futures_util::stream::pending::<Bytes>(), Duration::from_millis(20));
        for _ in 0..3 {
            assert_eq!(silent.next().await.unwrap(), ":\n\n");
            assert!(silent.next().now_or_never().is_none());
        }
        let talking = futures_util::stream::iter([Bytes::from_static(b"data: x\n\n")]);
        let all: Vec<Bytes> = KeepAlive::new(talking, Duration::from_millis(20)).collect().await;
        assert_eq!(all, ["data: x\n\n"]);
    }

    #[test]
    fn events_are_for_those_who_name_them() {
        let reads = |accept: &str| {
            let value = HeaderValue::from_str(accept).unwrap();
            reads_events(&HeaderMap::from_iter([(ACCEPT, value)]))
        };
        assert!(reads("application/json, text/event-stream") && reads("Text/Event-Stream;q=0.9"));
        assert!(!reads("application/json") && !reads("*/*") && !reads("text/event-streams"));
        assert!(!reads_events(&HeaderMap::new()));
    }
}
