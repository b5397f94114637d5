//! What a handler gives back: an answer or a failure, and how each reads on the wire.
//!
//! Knows no route and no state; error bodies hold exactly `code` and `message`.

use serde_json::{Value, json};

use super::page::Key;

/// A successful answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// `{"data": value}` with this status.
    Data(u16, Value),
    /// The whole body as given, for the answers that carry keys beside `data`.
    Whole(u16, Value),
    /// One page of a list; `next` is the sort key of the first row of the following page.
    List { data: Vec<Value>, next: Option<Key> },
    /// 204 without a body.
    Empty,
}

/// Why a request was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A query parameter or a rule about the request as a whole.
    Query(String),
    /// A body field: message and JSON pointer.
    Field(String, String),
    Unauthorized,
    Confidential,
    NotMadeByApi,
    /// The noun of the record that is not there.
    NoRecord(&'static str),
    /// The path as received.
    NoPath(String),
    Method(String),
    MediaType,
    TooLarge,
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
            Self::NotMadeByApi => (
                403,
                "ForbiddenError",
                "Only notes created through the API can be changed.".to_owned(),
            ),
            Self::NoRecord(noun) => (404, "ResourceNotFound", format!("{noun} was not found")),
            Self::NoPath(path) => (404, "ResourceNotFound", format!("{path} does not exist")),
            Self::Method(method) => (405, "MethodNotAllowed", format!("{method} is not allowed")),
            Self::MediaType => {
                (415, "UnsupportedMediaType", "Only application/json is accepted.".to_owned())
            }
            Self::TooLarge => (413, "PayloadTooLarge", "The request body is too large.".to_owned()),
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
