//! Opening a listener, and a small HTTP server around one handler, for embedded upstreams and tests.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpSocket};

use crate::listener;
use crate::options::ListenerOptions;
use crate::read::{self, ReadError};

/// What a handler answers with.
pub enum HandlerBody {
    /// All at once.
    Whole(Bytes),
    /// Piece by piece, each flushed at once.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

/// A future that a handler answers with.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Answers a request whose body has been read.
pub type Handler = dyn Fn(Request<Bytes>) -> BoxFuture<Response<HandlerBody>> + Send + Sync;

/// Largest body that a handler is given.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// Connections waiting to be accepted. The usual 128 is fewer than agents may open at once, and the kernel resets the
/// rest.
const BACKLOG: u32 = 4096;

/// Opens a listener.
pub fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of a gateway that just exited may still be closing.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves the handler until the shutdown future ends. Bodies of more than 64 MiB get 413.
pub async fn serve_handler(listener: TcpListener, handler: Arc<Handler>, shutdown: impl Future<Output = ()>) {
    let options = ListenerOptions { drain_timeout: Duration::from_secs(2), ..ListenerOptions::default() };
    let answer = move |request| answer(Arc::clone(&handler), request);
    listener::serve(listener, &options, answer, shutdown).await;
}

async fn answer(handler: Arc<Handler>, request: Request<Incoming>) -> Response<HandlerBody> {
    let (parts, body) = request.into_parts();
    match read::whole(body, MAX_BODY, ListenerOptions::default().body_read_timeout).await {
        Ok(read) => handler(Request::from_parts(parts, read.data)).await,
        Err(error) => {
            let mut response = Response::new(HandlerBody::Whole(Bytes::new()));
            *response.status_mut() = match error {
                ReadError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                ReadError::Slow => StatusCode::REQUEST_TIMEOUT,
                ReadError::Broken(_) => StatusCode::BAD_REQUEST,
            };
            response
        }
    }
}

impl<T: Into<Bytes>> From<T> for HandlerBody {
    fn from(bytes: T) -> Self {
        Self::Whole(bytes.into())
    }
}

impl Body for HandlerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match self.get_mut() {
            Self::Whole(data) => Some(std::mem::take(data)).filter(|data| !data.is_empty()),
            Self::Stream(stream) => ready!(stream.as_mut().poll_next(context)),
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(data) => data.is_empty(),
            Self::Stream(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(data) => SizeHint::with_exact(data.len() as u64),
            Self::Stream(_) => SizeHint::default(),
        }
    }
}
