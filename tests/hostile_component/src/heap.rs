//! Bodies that are written and never finished, many at once.

use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{FutureIncomingResponse, OutgoingBody};
use wasi::io::poll::poll;
use wasi::io::streams::OutputStream;

use crate::bindings::exports::hostile::probe::attack::Message;
use crate::wire;

/// One request that goes on and on. Fields are dropped in this order, children
/// before parents.
struct Heap {
    stream: OutputStream,
    _body: OutgoingBody,
    _future: FutureIncomingResponse,
    left: u64,
}

/// Writes what the host takes until the time is over, and says how much it was
/// in all.
pub fn heap(message: &Message, times: u32, bytes: u64, milliseconds: u64) -> String {
    let end = monotonic_clock::now().saturating_add(milliseconds.saturating_mul(1_000_000));
    let mut heaps: Vec<Heap> = (0..times).filter_map(|_| start(message, bytes)).collect();
    let started = heaps.len();
    let piece = vec![b'x'; 64 << 10];
    let (mut taken, mut broken) = (0_u64, 0);
    while monotonic_clock::now() < end && !heaps.is_empty() {
        let mut ready: Vec<_> = heaps.iter().map(|heap| heap.stream.subscribe()).collect();
        ready.push(monotonic_clock::subscribe_instant(end));
        poll(&ready.iter().collect::<Vec<_>>());
        drop(ready);
        heaps.retain_mut(|heap| match heap.stream.check_write() {
            Ok(0) => true,
            Ok(room) => {
                let size = room.min(heap.left).min(piece.len() as u64);
                let written = heap.stream.write(&piece[..size as usize]);
                let _ = heap.stream.flush();
                heap.left -= size;
                taken += size;
                written.is_ok() && heap.left > 0
            }
            Err(_) => {
                broken += 1;
                false
            }
        });
    }
    format!("{started} started, {taken} bytes taken, {broken} broken off")
}

fn start(message: &Message, bytes: u64) -> Option<Heap> {
    let (_, request) = wire::prepare(message).ok()?;
    let body = request.body().ok()?;
    let future = outgoing_handler::handle(request, None).ok()?;
    let stream = body.write().ok()?;
    Some(Heap { stream, _body: body, _future: future, left: bytes })
}
