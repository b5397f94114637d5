//! What comes back from the edge: an answer, or the way it failed.
//!
//! A failure says how far the request may have got, as far as that can be
//! proved; what follows from it is decided in `retry`.

use super::error::{Error, ErrorKind, Outcome, quote};
use super::record;
use super::request::Effect;
use super::success;

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

    /// The answer, taken out, if its body has the length that its head names;
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

/// Why there is no whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host's policy did not let the request out.
    Refused,
    /// It provably never left: no connection was made.
    NotSent(&'static str),
    /// It may have been received: the connection broke before an answer.
    Lost(&'static str),
    /// It may have been received: no answer came in time.
    TimedOut(&'static str),
    /// The answer began like this, and its body broke off.
    Broken(Begun),
    /// The answer began like this, and its body is larger than this many bytes.
    TooLarge(Begun, usize),
}

/// How an answer began that was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The HTTP status.
    pub status: u16,
    /// Whether as much of the body as came is Lever's envelope.
    pub is_envelope: bool,
}

impl Begun {
    /// An answer of this status, and the bytes that came of its body.
    pub fn of(status: u16, body: &[u8]) -> Self {
        Begun { status, is_envelope: success::is_envelope(body) }
    }
}

/// Lever's error body, or that of its authorization server.
struct Refusal {
    code: Option<String>,
    message: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

record::record!(Refusal {
    0 code "code" plain,
    1 message "message" plain,
    2 error "error" plain,
    3 error_description "error_description" plain,
});

/// The error for an answer that is no success.
///
/// The outcome is that of this one answer; earlier attempts are for `retry`.
pub fn refused(response: &Response, effect: Effect, scope: &str) -> Error {
    let status = response.status;
    // An HTML page or an empty body simply has no code and no message.
    let refusal: Refusal = record::read(&response.body).unwrap_or_default();
    let code = refusal.code.or(refusal.error);
    let code = code.map(|code| quote(&code)).filter(|code| !code.is_empty());
    let said = refusal.message.or(refusal.error_description);
    let said = match said.as_deref().map(quote) {
        Some(message) if !message.is_empty() => format!(": {message}"),
        _ => String::new(),
    };
    let (kind, next) = advice(status, scope);
    let name = code.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
    let full = if said.ends_with(['.', '!', '?']) { "" } else { "." };
    let message = format!("Lever answered {status}{name}{said}{full} {next}");
    Error {
        status: Some(status),
        code,
        outcome: outcome_of(status, effect),
        ..Error::new(kind, message)
    }
}

/// Whether a change may have happened, going by the status alone.
///
/// Below 500 Lever has refused, save that 408 ends a request it may have acted
/// upon and that a redirection says nothing.
fn outcome_of(status: u16, effect: Effect) -> Outcome {
    match (status, effect) {
        (_, Effect::Read) => Outcome::NotApplied,
        (408, _) => Outcome::Unknown,
        (400..=499, _) => Outcome::NotApplied,
        _ => Outcome::Unknown,
    }
}

fn advice(status: u16, scope: &str) -> (ErrorKind, String) {
    let fixed = |kind, text: &str| (kind, text.to_owned());
    match status {
        400 | 422 => fixed(ErrorKind::Rejected, "Correct what the message names."),
        401 => {
            fixed(ErrorKind::Unauthorized, "Check the credential that the host adds to requests.")
        }
        403 => (
            ErrorKind::Forbidden,
            format!(
                "The credential needs the permission {scope}, or confidential access; sandbox and production credentials do not mix."
            ),
        ),
        404 => fixed(
            ErrorKind::NotFound,
            "Check the id; it may be deleted, confidential, or of another account.",
        ),
        408 => fixed(ErrorKind::Timeout, "The request took Lever too long to receive."),
        429 => fixed(ErrorKind::RateLimited, "Wait, then try again."),
        400..=499 => fixed(ErrorKind::Rejected, "Lever does not take this request."),
        500..=599 => fixed(ErrorKind::Unavailable, "The fault is Lever's; try later."),
        300..=399 => {
            fixed(ErrorKind::MalformedAnswer, "Redirections are not followed; check the base URL.")
        }
        _ => fixed(ErrorKind::MalformedAnswer, "That is no status of Lever's."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Response {
        Response { status, body: body.into(), ..Response::default() }
    }

    #[test]
    fn every_status_of_the_reference_has_its_error() {
        use ErrorKind as K;
        use Outcome::{NotApplied, Unknown};
        let rows = [
            (400, K::Rejected, NotApplied),
            (401, K::Unauthorized, NotApplied),
            (403, K::Forbidden, NotApplied),
            (404, K::NotFound, NotApplied),
            (408, K::Timeout, Unknown),
            (409, K::Rejected, NotApplied),
            (422, K::Rejected, NotApplied),
            (429, K::RateLimited, NotApplied),
            (500, K::Unavailable, Unknown),
            (503, K::Unavailable, Unknown),
            (301, K::MalformedAnswer, Unknown),
        ];
        for (status, kind, outcome) in rows {
            let error = refused(
                &answer(status, r#"{"code":"SomeError","message":"why"}"#),
                Effect::Create,
                "x:write",
            );
            assert_eq!((error.kind, error.outcome), (kind, outcome), "{status}");
            assert_eq!(error.status, Some(status));
            assert_eq!(error.code.as_deref(), Some("SomeError"));
            assert!(
                error.message.starts_with(&format!("Lever answered {status} SomeError: why. "))
            );
            let read = refused(&answer(status, ""), Effect::Read, "x:read");
            assert_eq!(read.outcome, NotApplied);
        }
    }

    #[test]
    fn a_body_is_as_long_as_its_head_says() {
        for (length, whole) in [(None, true), (Some(2), true), (Some(3), false), (Some(1), false)] {
            let mut response = Response { length, ..answer(200, "{}") };
            assert_eq!(response.take_whole().is_ok(), whole, "{length:?}");
        }
    }

    #[test]
    fn an_authorization_server_names_its_errors_differently() {
        let body =
            r#"{"error":"invalid_grant","error_description":"Unknown or invalid refresh token."}"#;
        let error = refused(&answer(403, body), Effect::Create, "oauth:write");
        assert_eq!(error.code.as_deref(), Some("invalid_grant"));
        assert!(error.message.contains("invalid refresh token."), "{}", error.message);
    }

    #[test]
    fn html_and_empty_pages_leave_no_trace_in_the_message() {
        for body in ["<html><h1>502 Bad Gateway</h1></html>", "", "null", "[1]", "{\"code\":7}"] {
            let error = refused(&answer(502, body), Effect::Read, "x:read");
            assert_eq!(error.code, None);
            assert_eq!(error.message, "Lever answered 502. The fault is Lever's; try later.");
        }
    }

    #[test]
    fn a_403_names_the_permission_that_is_missing() {
        let error = refused(&answer(403, ""), Effect::Create, "notes:write");
        assert!(error.message.contains("notes:write"));
    }
}
