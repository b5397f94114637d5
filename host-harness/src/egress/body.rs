//! Outgoing bodies: capped in size, without trailers.
//!
//! They count; they never look at what they carry.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody};

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

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

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
