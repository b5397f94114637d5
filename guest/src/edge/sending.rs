//! A request's body on its way out, as the host takes it, so that a response
//! that comes early, or another request, need not wait for it.
//!
//! A failure shows in the response, or in its absence: Lever may answer before
//! it has read all.

use std::rc::Rc;

use wasi::http::types::OutgoingBody;
use wasi::io::poll::Pollable;
use wasi::io::streams::OutputStream;

use crate::core::http::body::Body;

/// What is left of a body. Fields are dropped in this order, children before
/// parents.
pub struct Sending {
    ready: Pollable,
    stream: OutputStream,
    body: OutgoingBody,
    pieces: Rc<Vec<Vec<u8>>>,
    /// The piece that goes out, and how much of it has gone.
    piece: usize,
    gone: usize,
    flushed: bool,
}

impl Sending {
    /// Begins with as much as the host takes at once.
    pub fn start(body: OutgoingBody, content: &Body) -> Option<Self> {
        let stream = body.write().ok()?;
        let sending = Sending {
            ready: stream.subscribe(),
            stream,
            body,
            pieces: Rc::clone(&content.pieces),
            piece: 0,
            gone: 0,
            flushed: false,
        };
        sending.advance()
    }

    /// Becomes ready when the host takes more.
    pub fn ready(&self) -> &Pollable {
        &self.ready
    }

    /// Hands over what the host takes; `None` when it has all, or takes none.
    pub fn advance(mut self) -> Option<Self> {
        loop {
            let room = match self.stream.check_write() {
                Ok(0) => return Some(self),
                Ok(room) => usize::try_from(room).unwrap_or(usize::MAX),
                Err(_) => return None,
            };
            if self.flushed {
                self.finish();
                return None;
            }
            let Some(piece) = self.pieces.get(self.piece) else {
                self.stream.flush().ok()?;
                self.flushed = true;
                continue;
            };
            let rest = piece.get(self.gone..).unwrap_or_default();
            let next = rest.get(..room).unwrap_or(rest);
            self.stream.write(next).ok()?;
            self.gone = self.gone.saturating_add(next.len());
            if self.gone >= piece.len() {
                self.piece = self.piece.saturating_add(1);
                self.gone = 0;
            }
        }
    }

    fn finish(self) {
        let Sending { ready, stream, body, .. } = self;
        drop(ready);
        drop(stream);
        let _ = OutgoingBody::finish(body, None);
    }
}
