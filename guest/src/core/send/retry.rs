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
/// credential that is still refused then is no passing fault.
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
        Failure::NotSent(why) => {
            let message = format!("No connection to {server}: {why}.");
            (Error::new(ErrorKind::Connection, message), true)
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

/// Whether the beginning of an answer says already that the change was made. A
/// 204, which Lever answers to a deletion, has nothing that could break off.
fn is_made(begun: &Begun, request: &Request) -> bool {
    let is_deletion = request.method == Method::Delete && begun.status == 204;
    is_success(begun.status) && (begun.is_envelope || is_deletion)
}

/// What the beginning of an answer says of the change.
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
mod tests {
    use super::*;
    use crate::core::SECOND;
    use crate::routes::{notes, opportunities};

    const MOMENT: Moment = Moment { wall_ms: 0, random: 7, max_wait: 30 * SECOND };

    /// How an answer of Lever's begins.
    const LEVERS: &[u8] = b"{\"data\":{";

    fn get() -> Request {
        opportunities::GET.request(&["o"]).unwrap()
    }
    fn put() -> Request {
        opportunities::UPDATE_STAGE.request(&["o"]).unwrap()
    }
    fn post() -> Request {
        notes::CREATE.request(&["o"]).unwrap()
    }
    fn delete() -> Request {
        notes::DELETE.request(&["o", "n"]).unwrap()
    }

    fn status(status: u16) -> Result<Response, Failure> {
        Ok(Response { status, ..Response::default() })
    }

    fn first(request: &Request, result: Result<Response, Failure>) -> Verdict {
        judge(request, &mut Progress { tries: 1, ..Progress::default() }, result, MOMENT)
    }

    fn error(verdict: Verdict) -> Error {
        match verdict {
            Verdict::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_may_be_repeated_is_sent_again() {
        let lost = || Err(Failure::Lost("reset"));
        let late = || Err(Failure::TimedOut("30 s"));
        let refused = || Err(Failure::NotSent("refused"));
        let broken = || Err(Failure::Broken(Begun::of(200, b"")));
        type Make = fn() -> Request;
        let all: [Make; 4] = [get, put, delete, post];
        // For each result: may GET, PUT, DELETE and POST be sent again?
        let rows: [(Result<Response, Failure>, [bool; 4]); 14] = [
            (status(429), [true, true, true, true]),
            (refused(), [true, true, true, true]),
            (status(500), [true, true, true, false]),
            (status(502), [true, true, true, false]),
            (status(503), [true, true, true, false]),
            (status(504), [true, true, true, false]),
            (status(408), [true, true, true, false]),
            (lost(), [true, true, true, false]),
            (late(), [true, true, true, false]),
            (broken(), [true, true, true, false]),
            (status(400), [false; 4]),
            (status(404), [false; 4]),
            (Err(Failure::Refused), [false; 4]),
            (Err(Failure::TooLarge(Begun::of(200, LEVERS), 9)), [false; 4]),
        ];
        for (result, expected) in rows {
            for (make, again) in all.iter().zip(expected) {
                let verdict = first(&make(), result.clone());
                assert_eq!(
                    matches!(verdict, Verdict::Again(_)),
                    again,
                    "{:?} {result:?} {verdict:?}",
                    make().method
                );
            }
        }
    }

    #[test]
    fn the_outcome_of_a_create_is_true() {
        use Outcome::{Applied, NotApplied, NotSent, Unknown};
        let rows = [
            (status(400), NotApplied),
            (status(500), Unknown),
            (status(408), Unknown),
            (Err(Failure::Refused), NotSent),
            (Err(Failure::Lost("reset")), Unknown),
            (Err(Failure::TimedOut("late")), Unknown),
            (Err(Failure::Broken(Begun::of(201, LEVERS))), Applied),
            (Err(Failure::Broken(Begun::of(201, b"{\"ok\":"))), Unknown),
            (Err(Failure::Broken(Begun::of(500, LEVERS))), Unknown),
            (Err(Failure::Broken(Begun::of(400, b""))), NotApplied),
            (Err(Failure::TooLarge(Begun::of(201, LEVERS), 9)), Applied),
            (Err(Failure::TooLarge(Begun::of(201, b"<"), 9)), Unknown),
            (status(204), Unknown),
        ];
        for (result, outcome) in rows {
            assert_eq!(error(first(&post(), result.clone())).outcome, outcome, "{result:?}");
        }
    }

    #[test]
    fn an_earlier_doubt_stays() {
        let mut progress = Progress { tries: 1, ..Progress::default() };
        assert!(matches!(
            judge(&put(), &mut progress, Err(Failure::Lost("reset")), MOMENT),
            Verdict::Again(_)
        ));
        progress.tries = 2;
        let refused = error(judge(&put(), &mut progress, status(400), MOMENT));
        assert_eq!(refused.outcome, Outcome::Unknown);
        assert!(refused.message.contains("Tried 2 times."), "{}", refused.message);
    }

    #[test]
    fn a_404_after_a_doubtful_delete_is_success_and_a_first_one_is_not() {
        assert_eq!(error(first(&delete(), status(404))).kind, ErrorKind::NotFound);
        let mut progress = Progress { tries: 2, may_be_applied: true, ..Progress::default() };
        assert!(matches!(judge(&delete(), &mut progress, status(404), MOMENT), Verdict::Done(_)));
        let limited = Progress { tries: 2, ..Progress::default() };
        assert!(matches!(
            judge(&delete(), &mut limited.clone(), status(404), MOMENT),
            Verdict::Failed(_)
        ));
    }

    #[test]
    fn waiting_is_bounded_in_all() {
        let mut progress = Progress { tries: 1, ..Progress::default() };
        let slow = Moment { random: u64::MAX, ..MOMENT };
        let mut tries = 0;
        let last = loop {
            match judge(&post(), &mut progress, status(429), slow) {
                Verdict::Again(wait) => assert!(wait > 0),
                other => break error(other),
            }
            progress.tries += 1;
            tries += 1;
        };
        assert!(tries > 0 && progress.waited <= 30 * SECOND);
        assert_eq!((last.kind, last.outcome), (ErrorKind::RateLimited, Outcome::NotApplied));
        assert!(last.retry_after_ms.is_some_and(|ms| ms > 0));
    }

    #[test]
    fn a_wait_that_is_asked_for_is_kept_to_or_handed_on() {
        let ask = |wait: &str| {
            Ok(Response { status: 429, retry_after: Some(wait.into()), ..Response::default() })
        };
        assert!(matches!(first(&post(), ask("3")), Verdict::Again(wait) if wait == 3 * SECOND));
        let long = error(first(&post(), ask("120")));
        assert_eq!(long.retry_after_ms, Some(120_000));
    }

    #[test]
    fn a_change_whose_answer_is_not_needed_is_done_at_its_status() {
        let mut request = put();
        request.needs_answer = false;
        let (begun, failed) = (Begun::of(201, LEVERS), Begun::of(500, LEVERS));
        for result in [Err(Failure::Broken(begun)), Err(Failure::TooLarge(begun, 1))] {
            assert!(matches!(first(&request, result), Verdict::Done(_)));
        }
        let empty = Begun::of(204, b"");
        assert!(matches!(first(&delete(), Err(Failure::Broken(empty))), Verdict::Again(_)));
        let deletion = Request { needs_answer: false, ..delete() };
        assert!(matches!(first(&deletion, Err(Failure::Broken(empty))), Verdict::Done(_)));
        for begun in [failed, empty, Begun::of(200, b""), Begun::of(200, b"<html>")] {
            let verdict = first(&request, Err(Failure::Broken(begun)));
            assert!(matches!(verdict, Verdict::Again(_)), "{begun:?}");
        }
    }

    #[test]
    fn a_success_of_somebody_else_leaves_a_change_in_doubt() {
        let page =
            |body: &str| Ok(Response { status: 200, body: body.into(), ..Response::default() });
        for make in [put, post, delete] {
            let mut request = make();
            for needs_answer in [true, false] {
                request.needs_answer = needs_answer;
                for body in ["<html>", " \n<!doctype html>", "OK", "[]", "{", "{}", "{\"data\":7}"]
                {
                    let error = error(first(&request, page(body)));
                    let told = (error.kind, error.outcome);
                    assert_eq!(told, (ErrorKind::MalformedAnswer, Outcome::Unknown), "{body}");
                }
                for body in ["{\"data\":{", " {\"data\":[]}"] {
                    assert!(matches!(first(&request, page(body)), Verdict::Done(_)), "{body}");
                }
            }
        }
        assert!(matches!(first(&get(), page("<html>")), Verdict::Done(_)));
    }

    #[test]
    fn a_401_is_sent_again_once_and_only_if_the_host_has_renewed_the_credential() {
        for make in [get, put, post, delete] {
            let mut progress = Progress { tries: 1, ..Progress::default() };
            assert!(matches!(
                judge(&make(), &mut progress, status(401), MOMENT),
                Verdict::Failed(_)
            ));
            let renewed = || {
                Ok(Response { status: 401, retry_after: Some("0".into()), ..Response::default() })
            };
            let verdict = judge(&make(), &mut progress, renewed(), MOMENT);
            assert!(matches!(verdict, Verdict::Again(_)), "{verdict:?}");
            progress.tries = 2;
            let again = error(judge(&make(), &mut progress, renewed(), MOMENT));
            assert_eq!((again.kind, again.outcome), (ErrorKind::Unauthorized, Outcome::NotApplied));
        }
    }

    #[test]
    fn a_redirection_is_an_answer_where_it_is_asked_for() {
        let mut request = get();
        assert_eq!(error(first(&request, status(302))).kind, ErrorKind::MalformedAnswer);
        request.takes_redirection = true;
        assert!(matches!(first(&request, status(302)), Verdict::Done(_)));
        assert!(matches!(first(&request, status(404)), Verdict::Failed(_)));
    }

    #[test]
    fn a_packed_answer_is_refused() {
        let packed = Response { status: 200, encoding: Some("gzip".into()), ..Response::default() };
        let refused = error(first(&get(), Ok(packed.clone())));
        assert_eq!(refused.kind, ErrorKind::MalformedAnswer);
        assert_eq!(error(first(&post(), Ok(packed))).outcome, Outcome::Unknown);
    }
}
