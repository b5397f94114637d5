//! Bodies on their way in: read as they come, within a bound for each call, and
//! handed to the component when it asks.
//!
//! A component that leaves bodies unread would keep their connections, and the
//! windows of those. So the host reads for it, as far as [`READ_AHEAD`] goes,
//! and lets go of a body that nobody takes from for [`UNREAD`].

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use wasmtime_wasi::runtime::{AbortOnDropJoinHandle, spawn};
use wasmtime_wasi_http::{Error, WasiBody};

/// The largest answer, 128 MiB: above Lever's largest download, far below what
/// would hurt the host.
pub const INCOMING_CAP: u64 = 128 << 20;

/// Bytes that the host holds of one call's answers before the component has
/// asked for them, beside two pieces of each: a page of Lever's largest records
/// and some.
const READ_AHEAD: usize = 4 << 20;

/// What a piece counts for beside its bytes, for the cost of holding it.
const PIECE: usize = 256;

/// How long a body waits for the component to take anything of it. One that
/// waits for an answer polls all of its bodies.
const UNREAD: Duration = Duration::from_secs(30);

/// The room for what one call has not asked for yet.
#[derive(Clone, Debug)]
pub struct ReadAhead(Arc<Semaphore>);

impl Default for ReadAhead {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(READ_AHEAD)))
    }
}

impl ReadAhead {
    /// The server's body: at most `cap` bytes, no pause of the server longer
    /// than `pause`, and read ahead as far as there is room.
    ///
    /// `keep` is dropped when the component has it all or does not want it any
    /// more. Must be called within a Tokio runtime.
    pub fn body<B, K>(&self, body: B, cap: u64, pause: Duration, keep: K) -> WasiBody
    where
        B: Body<Data = Bytes> + Send + Unpin + 'static,
        K: Send + Unpin + 'static,
    {
        if body.is_end_stream() {
            return Empty::new().map_err(|never| match never {}).boxed_unsync();
        }
        // Bounded by the room that each piece in it holds.
        let (pieces, queue) = mpsc::unbounded_channel();
        let reading = Reading {
            body,
            left: cap,
            cap,
            pause,
            pieces,
            own: Arc::new(Semaphore::new(1)),
            shared: Arc::clone(&self.0),
        };
        Incoming { queue, kept: Some((spawn(reading.run()), keep)) }.boxed_unsync()
    }
}

/// A piece of a body, or its end, and the room that it holds.
struct Piece {
    content: Result<Option<Frame<Bytes>>, Error>,
    _room: Option<OwnedSemaphorePermit>,
}

/// The host's side: reads from the server.
struct Reading<B> {
    body: B,
    left: u64,
    cap: u64,
    pause: Duration,
    pieces: mpsc::UnboundedSender<Piece>,
    /// Each body has room for one piece whatever the others hold, or a component
    /// that reads them one by one would wait for ever.
    own: Arc<Semaphore>,
    shared: Arc<Semaphore>,
}

impl<B: Body<Data = Bytes> + Unpin> Reading<B> {
    async fn run(mut self) {
        loop {
            let content = self.next().await;
            let content = match content {
                Ok(Some(frame)) => match self.room(frame.data_ref().map_or(0, Bytes::len)).await {
                    Some(room) => {
                        let piece = Piece { content: Ok(Some(frame)), _room: Some(room) };
                        if self.pieces.send(piece).is_err() {
                            return;
                        }
                        continue;
                    }
                    None => Err(Error::HttpResponseTimeout),
                },
                end => end,
            };
            // An end takes no room.
            let _ = self.pieces.send(Piece { content, _room: None });
            return;
        }
    }

    async fn next(&mut self) -> Result<Option<Frame<Bytes>>, Error> {
        let frame = tokio::time::timeout(self.pause, self.body.frame()).await;
        let frame = match frame.map_err(|_| Error::ConnectionReadTimeout)? {
            None => return Ok(None),
            // The cause may quote what the server sent.
            Some(Err(_)) => return Err(Error::HttpResponseIncomplete),
            Some(Ok(frame)) => frame,
        };
        let size = frame.data_ref().map_or(0, |data| data.len() as u64);
        let over = || Error::HttpResponseBodySize(Some(self.cap));
        self.left = self.left.checked_sub(size).ok_or_else(over)?;
        Ok(Some(frame))
    }

    /// Room for a piece of so many bytes; `None` when nobody has taken any for
    /// too long.
    fn room(&self, bytes: usize) -> impl Future<Output = Option<OwnedSemaphorePermit>> + use<B> {
        let (own, shared) = (Arc::clone(&self.own), Arc::clone(&self.shared));
        let size = u32::try_from(bytes.saturating_add(PIECE).min(READ_AHEAD)).unwrap_or(u32::MAX);
        async move {
            tokio::select! {
                biased;
                room = own.acquire_owned() => room.ok(),
                room = shared.acquire_many_owned(size) => room.ok(),
                () = tokio::time::sleep(UNREAD) => None,
            }
        }
    }
}

/// The component's side. Dropping it ends the reading.
struct Incoming<K> {
    queue: mpsc::UnboundedReceiver<Piece>,
    /// Absent once the body has ended.
    kept: Option<(AbortOnDropJoinHandle<()>, K)>,
}

impl<K: Unpin> Body for Incoming<K> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        if this.kept.is_none() {
            return Poll::Ready(None);
        }
        let end = match ready!(this.queue.poll_recv(cx)).map(|piece| piece.content) {
            Some(Ok(Some(frame))) => return Poll::Ready(Some(Ok(frame))),
            Some(Ok(None)) => None,
            Some(Err(error)) => Some(Err(error)),
            // The reading came to no end of its own: what is there is not all.
            None => Some(Err(Error::HttpResponseIncomplete)),
        };
        this.kept = None;
        Poll::Ready(end)
    }

    fn is_end_stream(&self) -> bool {
        self.kept.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::StreamBody;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::time::Instant;

    const PAUSE: Duration = Duration::from_secs(5);

    /// Chunks of these sizes, and how many have been read.
    fn chunks(sizes: &'static [usize]) -> (WasiBody, Arc<AtomicUsize>) {
        let read = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&read);
        let frames = sizes.iter().map(move |size| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Error>(Frame::data(Bytes::from(vec![b'x'; *size])))
        });
        (StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync(), read)
    }

    /// Lets the tasks go on until all of them wait.
    async fn settle() {
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn an_answer_up_to_the_cap_passes_and_one_byte_more_fails() {
        let room = ReadAhead::default();
        let fits = room.body(chunks(&[4, 6]).0, 10, PAUSE, ());
        assert_eq!(fits.collect().await.unwrap().to_bytes().len(), 10);
        let over = room.body(chunks(&[4, 7]).0, 10, PAUSE, ());
        assert!(matches!(over.collect().await, Err(Error::HttpResponseBodySize(Some(10)))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_pauses_too_long_ends_and_frees_its_slot() {
        let kept = Arc::new(());
        let endless = StreamBody::new(futures_util::stream::pending::<Result<_, Error>>());
        let body = ReadAhead::default().body(endless, 10, PAUSE, Arc::clone(&kept));
        let start = Instant::now();
        assert!(matches!(body.collect().await, Err(Error::ConnectionReadTimeout)));
        assert_eq!(start.elapsed(), PAUSE);
        assert_eq!(Arc::strong_count(&kept), 1);
    }

    #[tokio::test]
    async fn a_body_is_read_before_anybody_asks_and_keeps_its_slot_until_it_is_taken() {
        let kept = Arc::new(());
        let (body, read) = chunks(&[1000; 50]);
        let body = ReadAhead::default().body(body, INCOMING_CAP, PAUSE, Arc::clone(&kept));
        settle().await;
        assert_eq!(read.load(Ordering::SeqCst), 50);
        assert_eq!(Arc::strong_count(&kept), 2);
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 50_000);
        assert_eq!(Arc::strong_count(&kept), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_reads_ahead_within_its_bound_and_lets_go_of_what_nobody_takes() {
        const SIZE: usize = 64 << 10;
        let room = ReadAhead::default();
        let mut bodies = Vec::new();
        let mut counts = Vec::new();
        for _ in 0..40 {
            let (body, read) = chunks(&[SIZE; 64]);
            bodies.push(room.body(body, INCOMING_CAP, PAUSE, ()));
            counts.push(read);
        }
        settle().await;
        let read: usize = counts.iter().map(|count| count.load(Ordering::SeqCst)).sum();
        // What there is room for, and for each one that is its own and one in hand.
        assert!(read * SIZE <= READ_AHEAD + 2 * 40 * SIZE, "{read}");
        assert!(read * SIZE >= READ_AHEAD, "{read}");
        // Each can still be read to its end, in whatever order.
        let last = bodies.pop().expect("there are forty");
        assert_eq!(last.collect().await.unwrap().to_bytes().len(), 64 * SIZE);
        // The first ones took what room there was; this one has waited since.
        let unread = bodies.pop().expect("there are more");
        tokio::time::sleep(UNREAD + PAUSE).await;
        assert!(matches!(unread.collect().await, Err(Error::HttpResponseTimeout)));
    }

    #[tokio::test]
    async fn a_body_that_is_let_go_of_is_not_read_on() {
        let kept = Arc::new(());
        let held = Arc::clone(&kept);
        let frames = futures_util::stream::pending::<Result<Frame<Bytes>, Error>>();
        let frames = futures_util::StreamExt::inspect(frames, move |_| drop(Arc::clone(&held)));
        let body = ReadAhead::default().body(StreamBody::new(frames), 10, PAUSE, ());
        settle().await;
        assert_eq!(Arc::strong_count(&kept), 2);
        drop(body);
        settle().await;
        assert_eq!(Arc::strong_count(&kept), 1);
    }
}
