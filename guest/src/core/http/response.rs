//! What comes back from the edge: a response, or the way it failed.
//!
//! A failure says how far the request may have got, as far as that can be
//! proved; what follows from it is decided in `retry`.

use crate::core::http::success;

/// One answer, its body read to the end.
#[derive(Clone, Debug, Default)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Length` header: the bytes the body must have.
    pub length: Option<usize>,
    /// The `Retry-After` header as it came.
    pub retry_after: Option<String>,
    /// The `Date` header as it came: when the server answered by its clock.
    pub date: Option<String>,
    /// The `Content-Encoding` header as it came.
    pub encoding: Option<String>,
    /// The `Content-Type` header as it came.
    pub content_type: Option<String>,
    /// The `Content-Disposition` header as it came.
    pub disposition: Option<String>,
    /// The `Location` header as it came.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Response {
    /// Whether the body is packed, though it was asked for as it is.
    pub fn is_packed(&self) -> bool {
        self.encoding.as_deref().is_some_and(|it| !it.eq_ignore_ascii_case("identity"))
    }

    /// The response, taken out, if its body has the length that its head names;
    /// not every host compares them.
    ///
    /// # Errors
    ///
    /// A body that broke off.
    pub fn take_whole(&mut self) -> Result<Response, Failure> {
        match self.length {
            // Of a packed body the head names the packed length.
            Some(length) if length != self.body.len() && self.encoding.is_none() => {
                Err(Failure::Broken(Begun::of(self.status, &self.body)))
            }
            _ => Ok(std::mem::take(self)),
        }
    }
}

/// Why there is no whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host's policy did not let the request out.
    Refused,
    /// It provably never left: no connection was made.
    NotSent(&'static str),
    /// The same, and trying again would not help.
    NeverSent(&'static str),
    /// It may have been received: the connection broke before a response.
    Lost(&'static str),
    /// It may have been received: no response came in time.
    TimedOut(&'static str),
    /// The response began like this, and its body broke off.
    Broken(Begun),
    /// The response began like this, and its body is larger than this many bytes.
    TooLarge(Begun, usize),
}

/// How a response began that was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The HTTP status.
    pub status: u16,
    /// Whether as much of the body as came is Lever's envelope.
    pub is_envelope: bool,
}

impl Begun {
    /// A response of this status, and the bytes that came of its body.
    pub fn of(status: u16, body: &[u8]) -> Self {
        Begun { status, is_envelope: success::is_envelope(body) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response { status, body: body.into(), ..Response::default() }
    }

    #[test]
    fn a_body_is_as_long_as_its_head_says() {
        for (length, whole) in [(None, true), (Some(2), true), (Some(3), false), (Some(1), false)] {
            let mut response = Response { length, ..answer(200, "{}") };
            assert_eq!(response.take_whole().is_ok(), whole, "{length:?}");
        }
    }
}
