//! Lists to their end: each record once, no loop, no cursor of another query.

use std::collections::BTreeSet;

use lever_host::mock::{Config, Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Rig, user};

async fn thousand() -> Rig {
    Rig::with(Config { rate: None, opportunities: 1000, ..Config::default() }).await
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_thousand_opportunities_come_back_each_exactly_once() {
    let rig = thousand().await;
    let all =
        rig.ok("opportunities.list-all", json!([{ "confidentiality": "non-confidential" }])).await;
    let found = ids(&all);
    assert_eq!(found, rig.mock.store().opportunity_ids());
    assert!(found.len() > 900 && found.iter().collect::<BTreeSet<_>>().len() == found.len());
    assert!(all["next"].is_null());
}

#[tokio::test]
async fn list_all_stops_at_max_items_and_the_cursor_goes_on_behind_the_last() {
    let rig = thousand().await;
    let expected = rig.mock.store().opportunity_ids();
    let cut = rig.ok("opportunities.list-all", json!([{}, 250])).await;
    assert_eq!(ids(&cut), expected[..250]);
    let mut found: Vec<String> = ids(&cut).iter().map(ToString::to_string).collect();
    let mut next = cut["next"].clone();
    while next.is_string() {
        let page = rig.ok("opportunities.list-page", json!([{}, next])).await;
        found.extend(ids(&page).iter().map(ToString::to_string));
        next = page["next"].clone();
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_cursor_of_one_query_is_refused_with_another() {
    let rig = Rig::new().await;
    let page = rig.ok("opportunities.list-page", json!([{ "limit": 2 }])).await;
    let next = page["next"].clone();
    for query in
        [json!({ "tag": ["x"] }), json!({ "archived": true }), json!({ "include": ["name"] })]
    {
        let error = rig.err("opportunities.list-page", json!([query, next])).await;
        assert_eq!(
            (&error["kind"], &error["outcome"]),
            (&json!("invalid-input"), &json!("not-sent"))
        );
        assert!(rig.sent().is_empty());
    }
    let of_users = rig.err("users.list-page", json!([{}, next])).await;
    assert_eq!(of_users["kind"], "invalid-input");
}

#[tokio::test]
async fn a_repeated_cursor_is_an_error_and_no_loop() {
    let rig = Rig::new().await;
    rig.mock.inject(Fault::new(Effect::RepeatCursor).path("/opportunities").always());
    let error = rig.err("opportunities.list-all", json!([{ "limit": 50 }])).await;
    assert_eq!(error["kind"], "malformed-answer");
    assert!(error["message"].as_str().unwrap().contains("cursor"));
    assert!(rig.sent().len() <= 4, "{}", rig.mock.describe());
}

#[tokio::test]
async fn one_who_moves_while_the_list_is_read_is_met_once() {
    let rig = Rig::new().await;
    let page = rig.ok("opportunities.list-page", json!([{ "limit": 100 }])).await;
    // The first of the list moves to its far end, where the second page is.
    let first = ids(&page)[0].to_owned();
    rig.ok("opportunities.update-stage", json!([first, "offer", user(&rig)])).await;
    let all = rig.ok("opportunities.list-all", json!([{ "limit": 60 }])).await;
    let found = ids(&all);
    assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), found.len());
}

#[tokio::test]
async fn a_limit_outside_1_to_100_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    for limit in [0, 101] {
        let error = rig.err("opportunities.list-page", json!([{ "limit": limit }])).await;
        assert_eq!(error["kind"], "invalid-input");
        assert!(error["message"].as_str().unwrap().contains("1 to 100"));
    }
    assert!(rig.sent().is_empty());
}
