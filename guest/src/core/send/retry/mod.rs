//! Whether a request is sent again, and what the caller is told when not.
//!
//! Sent again is only what cannot have been applied, or what is the same when
//! applied twice. An error's outcome speaks for all attempts together.

use crate::core::error::{Error, ErrorKind, Outcome};
use crate::core::http::refusal::{is_foreign, refused};
use crate::core::http::request::{Effect, Method, Request, Target};
use crate::core::http::response::{Begun, Failure, Response};
use crate::core::http::success;
use crate::core::send::backoff;
use crate::core::{MILLISECOND, Nanos};

/// Times one request is sent at most. Seven fill the usual 30 seconds of waiting
/// on the average; only a server that asks for no wait comes near this.
const TRIES: u32 = 16;

/// How one request fared so far.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Times it was sent.
    pub tries: u32,
    /// Time spent waiting to send it again.
    pub waited: Nanos,
    /// An attempt ended such that the change may have been made.
    pub may_be_applied: bool,
    /// The host has renewed the credential once.
    pub renewed: bool,
}

/// What a decision depends on besides the request and its result.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Milliseconds since 1970, for dates in headers.
    pub wall_ms: u64,
    /// Any number, for the jitter.
    pub random: u64,
    /// The longest that one request may wait in all.
    pub max_wait: Nanos,
}

/// What to do next.
#[derive(Debug)]
pub enum Verdict {
    /// It succeeded.
    Done(Response),
    /// Send it again after this time.
    Again(Nanos),
    /// It failed for good.
    Failed(Error),
}

/// Judges the result of the latest attempt, already counted in `progress`.
pub fn judge(
    request: &Request,
    progress: &mut Progress,
    result: Result<Response, Failure>,
    moment: Moment,
) -> Verdict {
    let effect = request.effect;
    let settled = |begun: &Begun| is_made(begun, request) && !request.needs_answer;
    let (error, repeatable, asked) = match result {
        Ok(response) if is_success(response.status) => {
            return match success::doubt(&response, request).or_else(|| encoded(&response, request))
            {
                None => Verdict::Done(response),
                Some(error) => Verdict::Failed(explain(error, effect, progress)),
            };
        }
        Ok(response) if request.takes_redirection && (300..400).contains(&response.status) => {
            return Verdict::Done(response);
        }
        // What was to be removed is gone: the first attempt did it.
        Ok(ref response)
            if response.status == 404
                && request.method == Method::Delete
                && progress.may_be_applied
                && !is_foreign(response, &request.target) =>
        {
            return Verdict::Done(Response { status: 204, ..Response::default() });
        }
        Ok(response) => {
            let again = may_repeat(response.status, effect) || renewed(&response, progress);
            let wait = response.retry_after.as_deref();
            let asked = wait.and_then(|wait| backoff::asked(wait, moment.wall_ms));
            (refused(&response, request), again, asked)
        }
        Err(Failure::Broken(begun) | Failure::TooLarge(begun, _)) if settled(&begun) => {
            return Verdict::Done(Response { status: begun.status, ..Response::default() });
        }
        Err(failure) => {
            let (error, again) = failed(&failure, request);
            (error, again, None)
        }
    };
    if effect != Effect::Read && matches!(error.outcome, Outcome::Unknown | Outcome::Applied) {
        progress.may_be_applied = true;
    }
    let wait = asked.unwrap_or_else(|| backoff::delay(progress.tries, moment.random));
    let waited = progress.waited.saturating_add(wait);
    if repeatable && progress.tries < TRIES && waited <= moment.max_wait {
        progress.waited = waited;
        return Verdict::Again(wait);
    }
    let limited = error.kind == ErrorKind::RateLimited;
    let retry_after_ms = limited.then(|| wait.div_ceil(MILLISECOND));
    Verdict::Failed(explain(Error { retry_after_ms, ..error }, effect, progress))
}

/// Statuses that pass, for what may be sent again.
fn may_repeat(status: u16, effect: Effect) -> bool {
    match status {
        429 => true,
        408 | 500 | 502 | 503 | 504 => effect != Effect::Create,
        _ => false,
    }
}

/// A 401 that says when to try again comes from a host that has renewed the
/// credential since. Lever refused the request, so it did nothing; and a
/// credential that is still refused then is not a passing fault.
fn renewed(response: &Response, progress: &mut Progress) -> bool {
    let renewed = response.status == 401 && response.retry_after.is_some();
    renewed && !std::mem::replace(&mut progress.renewed, true)
}

fn failed(failure: &Failure, request: &Request) -> (Error, bool) {
    let effect = request.effect;
    let absolute = effect != Effect::Create;
    let server = request.target.name();
    let unknown = match effect {
        Effect::Read => Outcome::NotApplied,
        _ => Outcome::Unknown,
    };
    match failure {
        Failure::Refused => {
            let message = "The host's policy does not let this request out. Ask for the grant that the host names.";
            (Error::new(ErrorKind::RefusedByHost, message), false)
        }
        Failure::NotSent(why) | Failure::NeverSent(why) => {
            let message = format!("No connection to {server}: {why}.");
            let is_final = matches!(failure, Failure::NeverSent(_));
            (Error::new(ErrorKind::Connection, message), !is_final)
        }
        Failure::Lost(why) => {
            let message = format!("The connection to {server} broke before its answer: {why}.");
            (Error::new(ErrorKind::Connection, message).with_outcome(unknown), absolute)
        }
        Failure::TimedOut(why) => {
            let message = format!("There was no answer of {server} in time: {why}.");
            (Error::new(ErrorKind::Timeout, message).with_outcome(unknown), absolute)
        }
        Failure::Broken(begun) => {
            let status = begun.status;
            let message = format!("The answer of {server} broke off after its status {status}.");
            let error = Error {
                status: Some(status),
                outcome: answered(begun, request),
                ..Error::new(ErrorKind::Connection, message)
            };
            (error, absolute || status == 429)
        }
        Failure::TooLarge(begun, bytes) => {
            let less = match request.takes_redirection || request.target != Target::Api {
                true => "The host can allow more in LEVER_MAX_ANSWER_BYTES.",
                false => "Ask for less, with a smaller limit or fewer fields.",
            };
            let message = format!("The answer of {server} is larger than {bytes} bytes. {less}");
            let error = Error {
                status: Some(begun.status),
                outcome: answered(begun, request),
                ..Error::new(ErrorKind::TooLarge, message)
            };
            (error, false)
        }
    }
}

fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}

/// Whether the beginning of a response says already that the change was made. A
/// 204, which Lever answers to a deletion, has nothing that could break off.
fn is_made(begun: &Begun, request: &Request) -> bool {
    let is_deletion = request.method == Method::Delete && begun.status == 204;
    is_success(begun.status) && (begun.is_envelope || is_deletion)
}

/// What the beginning of a response says of the change.
fn answered(begun: &Begun, request: &Request) -> Outcome {
    match request.effect {
        Effect::Read => Outcome::NotApplied,
        _ if is_made(begun, request) => Outcome::Applied,
        _ if is_success(begun.status) => Outcome::Unknown,
        _ => {
            let head = Response { status: begun.status, ..Response::default() };
            refused(&head, request).outcome
        }
    }
}

/// A success whose body is packed in a way nobody asked for cannot be read.
fn encoded(response: &Response, request: &Request) -> Option<Error> {
    if request.effect != Effect::Read || !response.is_packed() {
        return None;
    }
    let message = "Lever's answer has a content-encoding, which was not asked for. Check what stands between host and Lever.";
    Some(Error {
        status: Some(response.status),
        outcome: Outcome::NotApplied,
        ..Error::new(ErrorKind::MalformedAnswer, message)
    })
}

/// The error of the last attempt, with what all attempts mean for the caller.
fn explain(error: Error, effect: Effect, progress: &Progress) -> Error {
    let error = match progress.tries {
        0 | 1 => error,
        tries => error.adding(&format!("Tried {tries} times.")),
    };
    let harmless = matches!(error.outcome, Outcome::NotSent | Outcome::NotApplied);
    let outcome = match effect {
        Effect::Read if progress.tries > 1 => Outcome::NotApplied,
        Effect::Read => error.outcome,
        _ if harmless && progress.may_be_applied => Outcome::Unknown,
        _ => error.outcome,
    };
    let error = error.with_outcome(outcome);
    match (effect, outcome) {
        (Effect::Read, _) => error,
        (_, Outcome::Unknown) => {
            error.adding("The change may have been made: read the record before trying again.")
        }
        (_, Outcome::Applied) => error.adding("Lever made the change; do not repeat it."),
        _ => error,
    }
}

#[cfg(test)]
mod tests;
