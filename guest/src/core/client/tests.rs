//! What one call sends, and in which order.

use serde_json::json;

use super::*;
use crate::bindings::exports::ats::lever::opportunities::Opportunity;
use crate::core::error::ErrorKind;
use crate::core::send::scheduler::testing::{Answer, Fake, Hand, ok};
use crate::routes::opportunities;

type Tested<'a> = Client<'a, Fake, Hand>;

fn with<R>(
    answer: impl FnMut(&Request) -> Answer + 'static,
    act: impl FnOnce(&mut Tested<'_>) -> R,
) -> (R, Vec<String>) {
    with_settings(&Settings::default(), answer, act)
}

fn with_settings<R>(
    settings: &Settings,
    answer: impl FnMut(&Request) -> Answer + 'static,
    act: impl FnOnce(&mut Tested<'_>) -> R,
) -> (R, Vec<String>) {
    let mut fake = Fake::new(1, answer);
    let (clock, mut limiter) = (fake.clock.clone(), Limiter::default());
    let mut client =
        Client { transport: &mut fake, clock: &clock, limiter: &mut limiter, settings };
    (act(&mut client), fake.lines())
}

fn move_to_offer(client: &mut Tested<'_>) -> Result<Opportunity, Error> {
    let query = client.attributed(Some("u".into()))?;
    client.change_then_read(
        &opportunities::UPDATE_STAGE,
        &["o"],
        query,
        &json!({"stage": "offer"}),
        &opportunities::GET,
    )
}

#[test]
fn a_change_with_a_partial_answer_is_read_again() {
    let (result, sent) = with(
        |request| match request.method {
            Method::Put => ok(r#"{"data":{"id":"o","name":""}}"#),
            _ => ok(r#"{"data":{"id":"o","name":"Ana"}}"#),
        },
        move_to_offer,
    );
    assert_eq!(result.unwrap().name.as_deref(), Some("Ana"));
    assert_eq!(sent, ["Put /opportunities/o/stage?perform_as=u", "Get /opportunities/o"]);
}

#[test]
fn when_only_the_reading_fails_the_change_counts_as_applied() {
    for status in [404, 500, 403] {
        let (result, _) = with(
            move |request| match request.method {
                Method::Put => ok(r#"{"data":{}}"#),
                _ => Ok(Response { status, ..Response::default() }),
            },
            move_to_offer,
        );
        assert_eq!(result.unwrap_err().outcome, Outcome::Applied, "{status}");
    }
}

#[test]
fn a_change_that_fails_is_not_read() {
    let (result, sent) =
        with(|_| Ok(Response { status: 403, ..Response::default() }), move_to_offer);
    assert_eq!(result.unwrap_err().outcome, Outcome::NotApplied);
    assert_eq!(sent.len(), 1);
}

#[test]
fn a_raw_read_hands_the_json_on_as_it_came() {
    let (result, sent) = with(
        |_| ok(r#"{"data": [1,  2]}"#),
        |client| client.raw("/tags", vec![("limit".into(), "5".into())], "raw:read"),
    );
    assert_eq!(result.unwrap(), r#"{"data": [1,  2]}"#);
    assert_eq!(sent, ["Get /tags?limit=5"]);
    let (html, _) = with(|_| ok("<html>"), |client| client.raw("/tags", vec![], "raw:read"));
    assert_eq!(html.unwrap_err().kind, ErrorKind::MalformedAnswer);
}

#[test]
fn the_hosts_user_stands_in_where_the_caller_names_none() {
    let pair = |user: &str| vec![("perform_as".to_owned(), user.to_owned())];
    let ((), _) = with(|_| ok("{}"), |client| assert!(client.in_name_of(None).is_err()));
    let settings = Settings { perform_as: Some("host".into()), ..Settings::default() };
    let ((), _) = with_settings(
        &settings,
        |_| ok("{}"),
        |client| {
            assert_eq!(client.in_name_of(None).unwrap(), pair("host"));
            assert_eq!(client.attributed(Some("own".into())).unwrap(), pair("own"));
            for blank in ["", " "] {
                let error = client.in_name_of(Some(blank.into())).unwrap_err();
                assert!(error.message.contains("perform-as is"), "{}", error.message);
                assert!(client.attributed(Some(blank.into())).is_err());
            }
        },
    );
}
