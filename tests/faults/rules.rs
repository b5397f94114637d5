//! What must come of each class of fault, by the README's tables and HTTP alone.
//!
//! Nothing here knows the guest: a row says what the server did and what anyone
//! could know of it, and the rule follows from that and from whether the
//! function may be sent twice.

use super::kinds::Kind;

/// What the server did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// It turned the request down, and would again.
    Refused(&'static str),
    /// It turned the request down for now.
    Throttled,
    /// It may or may not have acted, and the next try may succeed.
    Doubtful(&'static str),
    /// It succeeded, and its answer broke off behind the head.
    BrokenOff,
    /// It succeeded, and its answer is whole and no JSON.
    Unreadable(&'static str),
    /// It succeeded, and its answer is JSON in its envelope that it does not
    /// document.
    Undocumented,
    /// It answered 2xx and JSON that is not in its envelope.
    NoEnvelope,
    /// It answered 2xx and nothing.
    Empty,
    /// Something else answered in its place.
    NotLever,
    /// It succeeded with an answer that is odd and sound.
    Harmless,
}

/// What the caller must see.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    /// Kind and outcome of the error; None is success.
    pub error: Option<(&'static str, &'static str)>,
    /// How often the request that matters is sent.
    pub sent: usize,
    /// How often it may be, where the fault stays.
    pub most: usize,
}

/// What must come of it. `again` says that a second try would find the fault
/// gone and that there is time for it.
pub fn expected(kind: Kind, class: Class, again: bool) -> Expected {
    let is_read = kind.is_read();
    let repeatable = kind.method() != "POST";
    let is_needed = kind.needs_answer();
    let done = |sent| Expected { error: None, sent, most: sent };
    let fails = |error, outcome| Expected {
        error: Some((error, if is_read { "not-applied" } else { outcome })),
        sent: 1,
        most: 1,
    };
    let often = |expected| Expected { most: 9, ..expected };
    match class {
        Class::Refused(error) => fails(error, "not-applied"),
        Class::Throttled if again => done(2),
        Class::Throttled => often(fails("rate-limited", "not-applied")),
        Class::Doubtful(_) if again && repeatable => done(2),
        Class::Doubtful(error) if repeatable => often(fails(error, "unknown")),
        Class::Doubtful(error) => fails(error, "unknown"),
        // Success is in the head already, where no more is needed.
        Class::BrokenOff | Class::Unreadable(_) | Class::Undocumented if !is_needed => done(1),
        Class::BrokenOff if again && repeatable => done(2),
        Class::BrokenOff if repeatable => often(fails("connection", "applied")),
        Class::BrokenOff => fails("connection", "applied"),
        Class::Undocumented if kind == Kind::Raw => done(1),
        Class::Undocumented => fails("malformed-answer", "applied"),
        Class::Unreadable(error) => fails(error, "applied"),
        // Nothing is what a deletion is answered with.
        Class::Empty if kind == Kind::Delete => done(1),
        Class::NoEnvelope if kind == Kind::Raw => done(1),
        Class::NotLever | Class::NoEnvelope | Class::Empty => fails("malformed-answer", "unknown"),
        Class::Harmless => done(1),
    }
}
