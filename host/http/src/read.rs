//! Reading a body as a whole, within a limit and a time.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::Body;

/// A body that was read to its end.
#[derive(Debug, Default)]
pub struct Read {
    /// The data.
    pub data: Bytes,
    /// The trailers that came after it.
    pub trailers: Option<HeaderMap>,
}

/// Why a body was not read.
#[derive(Debug)]
pub enum ReadError {
    /// More than the limit.
    TooLarge,
    /// It did not end in time.
    Slow,
    /// The connection broke.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// Most bytes reserved up front on a peer's declared length; more is reserved as data arrives.
const TRUSTED_LENGTH: usize = 256 * 1024;

/// Reads the body, if it ends in time and is not larger than the limit.
pub async fn whole<B>(body: B, limit: usize, time: Duration) -> Result<Read, ReadError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.is_end_stream() {
        return Ok(Read::default());
    }
    if body.size_hint().lower() > limit as u64 {
        return Err(ReadError::TooLarge);
    }
    tokio::time::timeout(time, collect(body, limit)).await.unwrap_or(Err(ReadError::Slow))
}

async fn collect<B>(mut body: B, limit: usize) -> Result<Read, ReadError>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let expected = usize::try_from(body.size_hint().lower()).unwrap_or(limit).min(TRUSTED_LENGTH);
    let mut first = Bytes::new();
    let mut gathered = BytesMut::new();
    let mut trailers = None;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|error| ReadError::Broken(error.into()))?;
        match frame.into_data() {
            Ok(data) if first.len() + gathered.len() + data.len() > limit => return Err(ReadError::TooLarge),
            // Most bodies arrive in one frame, which is then used without a copy.
            Ok(data) if first.is_empty() && gathered.is_empty() => first = data,
            Ok(data) => {
                if !first.is_empty() {
                    gathered.reserve(expected.max(first.len() + data.len()));
                    gathered.extend_from_slice(&std::mem::take(&mut first));
                }
                gathered.extend_from_slice(&data);
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let data = if gathered.is_empty() { first } else { gathered.freeze() };
    Ok(Read { data, trailers })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::convert::Infallible;
    use std::task::{Context, Poll};

    use http_body::Frame;

    use super::*;

    struct Pieces(VecDeque<Frame<Bytes>>);

    impl Body for Pieces {
        type Data = Bytes;
        type Error = Infallible;
        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            Poll::Ready(self.0.pop_front().map(Ok))
        }
    }

    fn pieces(texts: &[&'static str]) -> Pieces {
        Pieces(texts.iter().map(|text| Frame::data(Bytes::from_static(text.as_bytes()))).collect())
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit() {
        let second = Duration::from_secs(1);
        let mut body = pieces(&["ab", "", "cde", "f"]);
        body.0.push_back(Frame::trailers(HeaderMap::from_iter([(
            http::header::ETAG,
            http::HeaderValue::from_static("x"),
        )])));
        let read = whole(body, 6, second).await.unwrap();
        assert_eq!((&read.data[..], read.trailers.unwrap().len()), (&b"abcdef"[..], 1));
        assert_eq!(whole(pieces(&["abc"]), 3, second).await.unwrap().data, "abc");
        assert_eq!(whole(pieces(&[]), 0, second).await.unwrap().data, "");
        assert!(matches!(whole(pieces(&["abc"]), 2, second).await, Err(ReadError::TooLarge)));
        assert!(matches!(whole(pieces(&["ab", "c"]), 2, second).await, Err(ReadError::TooLarge)));
    }
}
