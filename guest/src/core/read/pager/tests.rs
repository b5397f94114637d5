//! Lists followed to their end, and those that have none.

use super::*;
use crate::bindings::exports::ats::lever::stages::StagePage;
use crate::core::read::replace::Object;
use crate::core::send::limiter::Limiter;
use crate::core::send::scheduler::run;
use crate::core::send::scheduler::testing::{Fake, ok};
use crate::core::settings::Settings;
use crate::routes::stages;

fn read(
    query: Pairs,
    cursor: Option<&str>,
    limit: Limit,
    answers: &[&str],
) -> (Result<StagePage, Error>, Vec<String>) {
    let mut answers: Vec<String> = answers.iter().rev().map(ToString::to_string).collect();
    let mut fake = Fake::new(1, move |_| ok(&answers.pop().unwrap_or_default()));
    let clock = fake.clock.clone();
    let route = &stages::LIST_PAGE;
    let query: Object = query.into_iter().map(|(n, v)| (n, v.into())).collect();
    let cursor = cursor.map(str::to_owned);
    let result = PageRequests::new(route, &[], &query, cursor, limit).and_then(|requests| {
        let mut page = StagePage::default();
        let (rows, skipped) = (&mut page.items, &mut page.skipped);
        let mut plan = Paging { pager: Pager::new(requests), rows, skipped };
        run(&mut fake, &clock, &mut Limiter::default(), &Settings::default(), &mut plan)?;
        page.next = plan.pager.cursor();
        Ok(page)
    });
    (result, fake.lines())
}

fn ids(page: &StagePage) -> Vec<&str> {
    page.items.iter().map(|item| item.id.as_str()).collect()
}

const ALL: Limit = Limit::Items(None);

#[test]
fn a_list_is_followed_to_its_end_and_repeats_are_dropped() {
    let answers = [
        r#"{"data":[{"id":"a"},{"id":"b"}],"hasNext":true,"next":"%5B1%5D"}"#,
        r#"{"data":[{"id":"b"},{"id":"c"}],"hasNext":false,"next":"%5B2%5D"}"#,
        r#"{"data":[{"id":"d"}],"hasNext":false}"#,
    ];
    let (page, sent) = read(vec![], None, ALL, &answers);
    let page = page.unwrap();
    assert_eq!(ids(&page), ["a", "b", "c", "d"]);
    assert_eq!(page.next, None);
    assert_eq!(
        sent,
        [
            "Get /stages?limit=100",
            "Get /stages?limit=100&offset=%255B1%255D",
            "Get /stages?limit=100&offset=%255B2%255D"
        ]
    );
}

#[test]
fn the_last_page_is_asked_for_short_so_that_nothing_is_lost_behind_it() {
    let answers =
        [r#"{"data":[{"id":"a"},{"id":"b"}],"next":"n1"}"#, r#"{"data":[{"id":"c"}],"next":"n2"}"#];
    let query = vec![("limit".to_owned(), "2".to_owned())];
    let (page, sent) = read(query.clone(), None, Limit::Items(Some(3)), &answers);
    let page = page.unwrap();
    assert_eq!(ids(&page), ["a", "b", "c"]);
    assert_eq!(sent, ["Get /stages?limit=2", "Get /stages?limit=1&offset=n1"]);
    let rest = [r#"{"data":[{"id":"d"}]}"#];
    let (page, sent) = read(vec![], page.next.as_deref(), Limit::Page, &rest);
    assert_eq!(ids(&page.unwrap()), ["d"]);
    assert_eq!(sent, ["Get /stages?limit=100&offset=n2"]);
}

#[test]
fn what_cannot_be_read_of_a_list_is_named_and_does_not_count() {
    let answers = [
        r#"{"data":[{"id":"a"},{"text":"x"},{"id":"b"}],"next":"n1"}"#,
        r#"{"data":[null,{"id":{}}],"next":"n2"}"#,
        r#"{"data":[{"id":"c"}],"next":"n3"}"#,
    ];
    let (page, sent) = read(vec![], None, Limit::Items(Some(3)), &answers);
    let page = page.unwrap();
    assert_eq!((ids(&page), sent.len()), (vec!["a", "b", "c"], 3));
    let paths: Vec<&str> = page.skipped.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["data[1].id", "data[1].id"]);
}

#[test]
fn a_record_whose_id_is_blank_is_named_and_none_is_taken_for_another() {
    let answer = r#"{"data":[{"id":""},{"text":"x"},{"id":" "},{"id":"a"}],"hasNext":false}"#;
    let (page, _) = read(vec![], None, ALL, &[answer]);
    let page = page.unwrap();
    assert_eq!(ids(&page), ["a"]);
    let paths: Vec<&str> = page.skipped.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths, ["data[0].id", "data[1].id", "data[2].id"]);
}

#[test]
fn one_page_stops_after_one_page() {
    let (page, sent) = read(vec![], None, Limit::Page, &[r#"{"data":[{"id":"a"}],"next":"n"}"#]);
    assert!(page.unwrap().next.is_some());
    assert_eq!(sent.len(), 1);
}

#[test]
fn a_repeated_cursor_is_an_error_and_no_loop() {
    let same = r#"{"data":[{"id":"a"}],"next":"n"}"#;
    let (page, sent) = read(vec![], None, ALL, &[same, same, same]);
    assert_eq!(page.unwrap_err().kind, ErrorKind::MalformedAnswer);
    assert_eq!(sent.len(), 2);
}

#[test]
fn a_page_that_does_not_say_how_the_list_goes_on_is_read_once_more() {
    let first = r#"{"data":[{"id":"a"}],"hasNext":true,"next":"n"}"#;
    let odd = [
        r#"{"data":[{"id":"b"}],"hasNext":true}"#,
        r#"{"data":[{"id":"b"}],"hasNext":true,"next":null}"#,
        r#"{"data":[],"hasNext":true,"next":""}"#,
    ];
    for odd in odd {
        let (page, sent) =
            read(vec![], None, ALL, &[first, odd, r#"{"data":[{"id":"b"},{"id":"c"}]}"#]);
        assert_eq!(ids(&page.unwrap()), ["a", "b", "c"], "{odd}");
        assert_eq!(sent[1..], ["Get /stages?limit=100&offset=n"; 2], "{odd}");

        let (page, sent) = read(vec![], None, ALL, &[first, odd, odd, first]);
        let error = page.unwrap_err();
        assert_eq!((error.kind, sent.len()), (ErrorKind::MalformedAnswer, 3), "{odd}");
        assert!(error.message.contains("hasNext"), "{}", error.message);

        let (page, sent) = read(vec![], None, Limit::Page, &[odd, odd]);
        assert_eq!(page.unwrap_err().kind, ErrorKind::MalformedAnswer, "one page alone");
        assert_eq!(sent.len(), 2);
    }
    // Each page may be so once.
    let cursor = |n: u8| format!(r#"{{"data":[{{"id":"{n}"}}],"hasNext":true,"next":"n{n}"}}"#);
    let (one, two) = (cursor(1), cursor(2));
    let answers = [odd[0], &one, odd[0], &two, odd[0], r#"{"data":[]}"#];
    let (page, sent) = read(vec![], None, ALL, &answers);
    assert_eq!((ids(&page.unwrap()), sent.len()), (vec!["1", "2"], 6));
}

#[test]
fn of_a_page_that_is_read_once_more_nothing_counts() {
    let query = vec![("limit".to_owned(), "2".to_owned())];
    let answers = [
        r#"{"data":[{"id":"a"},{"id":"b"}],"hasNext":true}"#,
        r#"{"data":[{"id":"x"},{"id":"a"}],"next":"n1"}"#,
        r#"{"data":[{"id":"b"}],"next":"n2"}"#,
    ];
    let (page, sent) = read(query, None, Limit::Items(Some(3)), &answers);
    assert_eq!(ids(&page.unwrap()), ["x", "a", "b"]);
    let expected = ["Get /stages?limit=2", "Get /stages?limit=2", "Get /stages?limit=1&offset=n1"];
    assert_eq!(sent, expected);
}

#[test]
fn a_page_without_records_is_no_end_where_there_is_a_cursor() {
    let answers = [
        r#"{"data":[],"hasNext":true,"next":"n1"}"#,
        r#"{"data":[],"next":"n2"}"#,
        r#"{"data":[{"id":"a"}],"hasNext":false,"next":""}"#,
    ];
    let (page, sent) = read(vec![], None, ALL, &answers);
    assert_eq!((ids(&page.unwrap()), sent.len()), (vec!["a"], 3));

    let endless: Vec<String> =
        (0..200).map(|n| format!(r#"{{"data":[],"hasNext":true,"next":"n{n}"}}"#)).collect();
    let endless: Vec<&str> = endless.iter().map(String::as_str).collect();
    let (page, sent) = read(vec![], None, ALL, &endless);
    let error = page.unwrap_err();
    assert_eq!((error.kind, sent.len()), (ErrorKind::MalformedAnswer, 100));
    assert!(error.message.contains("empty pages"), "{}", error.message);
}

#[test]
fn a_cursor_that_comes_again_ends_the_list_wherever_it_came_before() {
    let page = |next: &str| format!(r#"{{"data":[{{"id":"{next}"}}],"next":"{next}"}}"#);
    for cursors in [&["a", "a"][..], &["a", "b", "a"], &["a", "b", "c", "b"]] {
        let answers: Vec<String> = cursors.iter().map(|next| page(next)).collect();
        let answers: Vec<&str> = answers.iter().map(String::as_str).collect();
        let (result, sent) = read(vec![], None, ALL, &answers);
        let error = result.unwrap_err();
        assert_eq!(error.kind, ErrorKind::MalformedAnswer, "{cursors:?}");
        assert!(error.message.contains("same cursor twice"), "{}", error.message);
        assert_eq!(sent.len(), cursors.len());
    }
}

#[test]
fn a_cursor_of_another_query_is_refused_before_anything_is_sent() {
    let first = [r#"{"data":[{"id":"a"}],"next":"n"}"#];
    let cursor = read(vec![], None, Limit::Page, &first).0.unwrap().next.unwrap();
    let other = vec![("tag".to_owned(), "x".to_owned())];
    for (query, cursor) in
        [(other, cursor.as_str()), (vec![], "n"), (vec![], ""), (vec![], "0000000000000000.n")]
    {
        let (page, sent) = read(query, Some(cursor), Limit::Page, &first);
        assert_eq!(page.unwrap_err().kind, ErrorKind::InvalidInput);
        assert!(sent.is_empty());
    }
}

#[test]
fn no_items_is_no_question() {
    assert!(read(vec![], None, Limit::Items(Some(0)), &[]).0.is_err());
}

#[test]
fn a_failing_page_says_how_far_it_got() {
    let (page, _) = read(vec![], None, ALL, &[r#"{"data":[{"id":"a"}],"next":"n"}"#, "<html>"]);
    assert_eq!(page.unwrap_err().kind, ErrorKind::MalformedAnswer);
}

#[test]
fn where_lever_alone_decides_on_the_size_of_a_page_none_is_asked_for() {
    use crate::bindings::exports::ats::lever::webhooks::WebhookPage;
    let mut fake = Fake::new(1, |_| ok(r#"{"data":[{"id":"a"},{"id":"b"}]}"#));
    let (clock, mut limiter) = (fake.clock.clone(), Limiter::default());
    let limit = Limit::Items(Some(1));
    let route = &crate::routes::webhooks::LIST_ALL;
    let requests = PageRequests::new(route, &[], &serde_json::json!({}), None, limit).unwrap();
    let mut page = WebhookPage::default();
    let (rows, skipped) = (&mut page.items, &mut page.skipped);
    let mut plan = Paging { pager: Pager::new(requests), rows, skipped };
    run(&mut fake, &clock, &mut limiter, &Settings::default(), &mut plan).unwrap();
    page.next = plan.pager.cursor();
    // Nothing is lost behind what was asked for.
    assert_eq!((page.items.len(), page.next), (2, None));
    assert_eq!(fake.lines(), ["Get /webhooks"]);
}
