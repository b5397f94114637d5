//! What a handler returns: a reply or a failure, and how a failure reads.
//!
//! Knows no route and no state; error bodies hold exactly `code` and `message`.

use serde_json::{Value, json};

use crate::http::cursor::Key;
use crate::http::response::Download;

/// What a handler replies with.
#[derive(Debug)]
pub(crate) enum Reply {
    /// `{"data": value}` with this status.
    Data(u16, Value),
    /// This body, for those with keys beside `data`.
    Body(u16, Value),
    /// One page of a list; `next` is the sort key of the first row of the following page.
    List { data: Vec<Value>, next: Option<Key> },
    /// 204 without a body.
    Empty,
    /// A file: from here, or from another server where it `is_redirected`.
    Download { file: Download, is_redirected: bool },
}

/// Why a request was refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A query parameter or a rule about the request as a whole.
    Query(String),
    /// A body field: message and JSON pointer.
    Field(String, String),
    Unauthorized,
    Confidential,
    /// What the credential, or every credential, may not do.
    Forbidden(String),
    /// The noun of the record that is not there.
    NoRecord(&'static str),
    /// The path as received.
    NoPath(String),
    Method(String),
    /// The body ended before its length.
    Incomplete,
    /// The body took too long.
    Slow,
    LengthRequired,
    /// The media type that would be accepted.
    MediaType(&'static str),
    TooLarge,
    /// A file that could not be processed.
    Unprocessable,
    Throttled,
}

impl Failure {
    /// A body field that must be given.
    pub fn missing(pointer: String) -> Self {
        Self::Field("Required field is missing.".to_owned(), pointer)
    }

    /// The status, the name in `code` and the sentence in `message`.
    pub fn parts(&self) -> (u16, &'static str, String) {
        match self {
            Self::Query(message) => (400, "BadRequestError", message.clone()),
            Self::Field(message, at) => (400, "BadRequestError", format!("{message} at {at}")),
            Self::Unauthorized => {
                (401, "UnauthorizedError", "The request requires authentication.".to_owned())
            }
            Self::Confidential => (
                403,
                "ForbiddenError",
                "The credential has no access to confidential data.".to_owned(),
            ),
            Self::Forbidden(message) => (403, "ForbiddenError", message.clone()),
            Self::NoRecord(noun) => (404, "ResourceNotFound", format!("{noun} was not found")),
            Self::NoPath(path) => (404, "ResourceNotFound", format!("{path} does not exist")),
            Self::Method(method) => (405, "MethodNotAllowed", format!("{method} is not allowed")),
            Self::Incomplete => {
                (400, "BadRequestError", "The request body is not complete.".to_owned())
            }
            Self::Slow => (408, "RequestTimeout", "File took too long to upload.".to_owned()),
            Self::LengthRequired => {
                (411, "LengthRequired", "A form needs a content-length.".to_owned())
            }
            Self::MediaType(kind) => {
                (415, "UnsupportedMediaType", format!("Only {kind} is accepted."))
            }
            Self::TooLarge => (413, "PayloadTooLarge", "The request body is too large.".to_owned()),
            Self::Unprocessable => {
                (422, "UnprocessableEntity", "The file could not be processed.".to_owned())
            }
            Self::Throttled => (429, "TooManyRequests", "The rate limit was exceeded.".to_owned()),
        }
    }

    /// The JSON body Lever sends with it.
    pub fn body(&self) -> Value {
        let (_, code, message) = self.parts();
        json!({"code": code, "message": message})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_lever_writes_it() {
        let rows = [
            (
                Failure::Query("Missing required parameter: perform_as".to_owned()),
                400,
                "BadRequestError",
                "Missing required parameter: perform_as",
            ),
            (
                Failure::missing("/stage".to_owned()),
                400,
                "BadRequestError",
                "Required field is missing. at /stage",
            ),
            (
                Failure::Unauthorized,
                401,
                "UnauthorizedError",
                "The request requires authentication.",
            ),
            (Failure::NoRecord("Stage"), 404, "ResourceNotFound", "Stage was not found"),
            (Failure::NoPath("/v1/x".to_owned()), 404, "ResourceNotFound", "/v1/x does not exist"),
        ];
        for (failure, status, code, message) in rows {
            assert_eq!(failure.parts(), (status, code, message.to_owned()));
            assert_eq!(failure.body(), json!({"code": code, "message": message}));
        }
    }
}
