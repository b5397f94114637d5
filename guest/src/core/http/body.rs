//! What a request carries: a content type and bytes, in pieces that are never
//! copied together.

use std::rc::Rc;

/// The body of a request; cloning it shares the bytes.
#[derive(Clone)]
pub struct Body {
    /// The `Content-Type` header.
    pub content_type: String,
    /// The bytes, one piece after the other.
    pub pieces: Rc<Vec<Vec<u8>>>,
}

impl Body {
    /// Nothing, of no type.
    pub fn empty() -> Self {
        Body::of("", Vec::new())
    }

    /// JSON text.
    pub fn json(text: Vec<u8>) -> Self {
        Body::of("application/json", vec![text])
    }

    /// A filled form, encoded as a query is.
    pub fn form(text: String) -> Self {
        Body::of("application/x-www-form-urlencoded", vec![text.into_bytes()])
    }

    /// These pieces.
    pub fn of(content_type: impl Into<String>, pieces: Vec<Vec<u8>>) -> Self {
        Body { content_type: content_type.into(), pieces: Rc::new(pieces) }
    }

    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.pieces.iter().map(Vec::len).sum()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Says how much, never what: it may be a secret or a person's.
impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body")
            .field("content_type", &self.content_type)
            .field("bytes", &self.len())
            .finish()
    }
}
