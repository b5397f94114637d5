//! What is sent again, when, and how often.

use super::*;
use crate::core::SECOND;
use crate::routes::{notes, opportunities};

const MOMENT: Moment = Moment { wall_ms: 0, random: 7, max_wait: 30 * SECOND };

/// How a response of Lever's begins.
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
    let page = |body: &str| Ok(Response { status: 200, body: body.into(), ..Response::default() });
    for make in [put, post, delete] {
        let mut request = make();
        for needs_answer in [true, false] {
            request.needs_answer = needs_answer;
            for body in ["<html>", " \n<!doctype html>", "OK", "[]", "{", "{}", "{\"data\":7}"] {
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
        assert!(matches!(judge(&make(), &mut progress, status(401), MOMENT), Verdict::Failed(_)));
        let renewed =
            || Ok(Response { status: 401, retry_after: Some("0".into()), ..Response::default() });
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
