//! Bodies on their way: capped in size, without trailers going out, and coming
//! in within a time between bytes.
//!
//! They count and time; they never look at what they carry.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::{Error, WasiBody};

/// The largest answer, 128 MiB: above Lever's largest download, far below what
/// would hurt the host.
pub const INCOMING_CAP: u64 = 128 << 20;

/// The largest request, 64 MiB: twice Lever's largest upload of 30 MB.
pub const OUTGOING_CAP: u64 = 64 << 20;

/// The guest's body, without trailers: they are headers that nobody vetted.
pub fn outgoing(body: WasiBody) -> WasiBody {
    Outgoing { body, sent: 0 }.boxed_unsync()
}

struct Outgoing {
    body: WasiBody,
    sent: u64,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    self.sent = self.sent.saturating_add(data.len() as u64);
                    if self.sent > OUTGOING_CAP {
                        return Poll::Ready(Some(Err(Error::HttpRequestBodySize(Some(
                            OUTGOING_CAP,
                        )))));
                    }
                    Poll::Ready(Some(Ok(Frame::data(data))))
                }
                Err(_trailers) => Poll::Ready(None),
            },
            other => Poll::Ready(other),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The server's body: at most `cap` bytes, and no pause longer than `pause`.
///
/// `keep` is dropped when the body has ended or nobody wants it any more.
pub fn incoming<B, K>(body: B, cap: u64, pause: Duration, keep: K) -> WasiBody
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    K: Send + Unpin + 'static,
{
    Incoming {
        body: Some(body),
        left: cap,
        cap,
        pause,
        alarm: Box::pin(tokio::time::sleep(pause)),
        armed: false,
        keep: Some(keep),
    }
    .boxed_unsync()
}

struct Incoming<B, K> {
    body: Option<B>,
    left: u64,
    cap: u64,
    pause: Duration,
    alarm: Pin<Box<Sleep>>,
    /// The time runs only while someone waits for bytes: a guest that reads
    /// slowly is no fault of the server.
    armed: bool,
    keep: Option<K>,
}

impl<B, K> Body for Incoming<B, K>
where
    B: Body<Data = Bytes> + Unpin,
    K: Unpin,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        let outcome = match Pin::new(body).poll_frame(cx) {
            Poll::Pending => {
                if !this.armed {
                    this.armed = true;
                    this.alarm.as_mut().reset(Instant::now() + this.pause);
                }
                ready!(this.alarm.as_mut().poll(cx));
                Some(Err(Error::ConnectionReadTimeout))
            }
            Poll::Ready(None) => None,
            // The cause may quote what the server sent.
            Poll::Ready(Some(Err(_))) => Some(Err(Error::HttpResponseIncomplete)),
            Poll::Ready(Some(Ok(frame))) => {
                this.armed = false;
                let size = frame.data_ref().map_or(0, |data| data.len() as u64);
                match this.left.checked_sub(size) {
                    Some(left) => {
                        this.left = left;
                        return Poll::Ready(Some(Ok(frame)));
                    }
                    None => Some(Err(Error::HttpResponseBodySize(Some(this.cap)))),
                }
            }
        };
        this.body = None;
        this.keep = None;
        Poll::Ready(outcome)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::{Full, StreamBody};
    use std::sync::Arc;

    fn chunks(sizes: &[usize]) -> WasiBody {
        let frames: Vec<_> = sizes
            .iter()
            .map(|size| Ok::<_, Error>(Frame::data(Bytes::from(vec![b'x'; *size]))))
            .collect();
        StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync()
    }

    #[tokio::test]
    async fn an_answer_up_to_the_cap_passes_and_one_byte_more_fails() {
        let pause = Duration::from_secs(1);
        let fits = incoming(chunks(&[4, 6]), 10, pause, ());
        assert_eq!(fits.collect().await.unwrap().to_bytes().len(), 10);
        let over = incoming(chunks(&[4, 7]), 10, pause, ());
        assert!(matches!(over.collect().await, Err(Error::HttpResponseBodySize(Some(10)))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_pauses_too_long_ends_and_frees_its_slot() {
        let kept = Arc::new(());
        let endless = StreamBody::new(futures_util::stream::pending::<Result<_, Error>>());
        let body = incoming(endless, 10, Duration::from_secs(5), Arc::clone(&kept));
        let start = Instant::now();
        assert!(matches!(body.collect().await, Err(Error::ConnectionReadTimeout)));
        assert_eq!(start.elapsed(), Duration::from_secs(5));
        assert_eq!(Arc::strong_count(&kept), 1);
    }

    #[tokio::test]
    async fn trailers_of_the_guest_are_dropped() {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("authorization", "Basic x".parse().unwrap());
        let body = Full::new(Bytes::from_static(b"{}"))
            .with_trailers(async move { Some(Ok(trailers)) })
            .map_err(|never: std::convert::Infallible| match never {});
        let collected = outgoing(body.boxed_unsync()).collect().await.unwrap();
        assert!(collected.trailers().is_none());
        assert_eq!(collected.to_bytes(), "{}");
    }
}
