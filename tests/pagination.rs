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
    // A slow machine reads several spans of time at once, each of which meets it.
    assert!(rig.sent().len() <= 60, "{}", rig.mock.describe());
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
async fn a_page_that_says_there_is_more_and_not_where_is_never_the_end() {
    let rig = Rig::new().await;
    let [opportunities, users] =
        [rig.mock.store().opportunity_ids().len(), rig.mock.store().users().len()];
    let rows = [
        ("opportunities.list-all", "/opportunities", json!([{ "limit": 20 }]), opportunities),
        ("opportunities.list-all", "/opportunities", json!([{ "limit": 20 }, 999]), opportunities),
        ("users.list-all", "/users", json!([{ "limit": 3, "include-deactivated": true }]), users),
    ];
    for odd in [r#"{"data":[],"hasNext":true}"#, r#"{"data":[],"hasNext":true,"next":""}"#] {
        let odd = Effect::Body(odd.to_owned());
        for (function, path, args, all) in &rows {
            rig.mock.inject(Fault::new(odd.clone()).path(path).skip(1));
            let whole = rig.ok(function, args.clone()).await;
            assert_eq!(ids(&whole).len(), *all, "{function} {odd:?}");

            rig.mock.inject(Fault::new(odd.clone()).path(path).skip(1).always());
            let error = rig.err(function, args.clone()).await;
            rig.mock.clear_faults();
            let told = (&error["kind"], &error["outcome"]);
            assert_eq!(told, (&json!("malformed-answer"), &json!("not-applied")), "{error}");
            assert!(error["message"].as_str().unwrap().contains("hasNext"), "{error}");
        }
        rig.mock.inject(Fault::new(odd.clone()).path("/opportunities").always());
        let error = rig.err("opportunities.list-page", json!([{ "limit": 20 }])).await;
        rig.mock.clear_faults();
        assert_eq!(error["kind"], "malformed-answer", "one page alone");
        assert_eq!(rig.sent().len(), 2);
    }
}

/// An account of which a list shows this many opportunities, or a few more.
async fn account(opportunities: usize) -> Rig {
    let account = |n| Config { rate: None, opportunities: n, ..Config::default() };
    let mut rig = Rig::with(account(opportunities)).await;
    while rig.mock.store().opportunity_ids().len() < opportunities {
        let lack = opportunities - rig.mock.store().opportunity_ids().len();
        rig = Rig::with(account(opportunities + lack)).await;
    }
    rig
}

#[tokio::test]
async fn who_moves_to_an_earlier_stage_while_the_list_is_read_is_not_lost() {
    for (after, args) in [
        (1, json!([{ "limit": 20 }])),
        (2, json!([{ "limit": 20 }])),
        (3, json!([{ "limit": 20 }])),
        (2, json!([{ "limit": 20 }, 1000])),
        (1, json!([{ "limit": 20, "include": ["name"] }])),
    ] {
        let rig = account(243).await;
        let listed = rig.mock.store().opportunity_ids();
        let moved = listed[listed.len() - 12..].to_vec();
        let stage = rig.mock.store().stages()[0]["id"].as_str().unwrap().to_owned();
        let opportunities = moved.clone();
        let fault = Fault::new(Effect::Move { opportunities, stage: stage.clone() });
        rig.mock.inject(fault.path("/opportunities").skip(after));
        let all = rig.ok("opportunities.list-all", args.clone()).await;
        let found: BTreeSet<&str> = ids(&all).into_iter().collect();
        assert_eq!(ids(&all).len(), listed.len(), "each once, after page {after} with {args}");
        assert!(found.into_iter().eq(listed.iter().map(String::as_str).collect::<BTreeSet<_>>()));
        let now = |id: &String| {
            let item = all["items"].as_array().unwrap().iter().find(|it| it["id"] == id.as_str());
            item.unwrap()["stage"]["id"] == stage.as_str()
        };
        assert!(args[0]["include"].is_array() || moved.iter().all(now), "as they are now");
        let rounds = |seen: &lever_host::mock::Seen| {
            seen.values("updated_at_start").len() == 1 && seen.values("offset").is_empty()
        };
        let rounds = rig.mock.requests().iter().filter(|seen| rounds(seen)).count();
        assert!((1..=2).contains(&rounds), "{rounds}");
    }
}

#[tokio::test]
async fn what_moved_is_looked_for_within_the_querys_own_bounds_and_after_several_pages_alone() {
    let rig = Rig::new().await;
    let bounds = |rig: &Rig| -> Vec<(String, String)> {
        let requests = rig.mock.requests();
        let of = |seen: &lever_host::mock::Seen, name: &str| {
            seen.values(name).first().copied().unwrap_or_default().to_owned()
        };
        let all = requests.iter().map(|s| (of(s, "updated_at_start"), of(s, "updated_at_end")));
        all.collect()
    };
    let none = (String::new(), String::new());
    rig.ok("opportunities.list-all", json!([{ "stage-id": ["offer"] }])).await;
    assert_eq!(bounds(&rig), std::slice::from_ref(&none), "one page needs nothing");

    rig.ok("opportunities.list-all", json!([{ "limit": 100 }, 150])).await;
    assert_eq!(bounds(&rig), [none.clone(), none.clone()], "it goes on behind the cursor");

    rig.ok("opportunities.list-all", json!([{ "limit": 100 }])).await;
    let asked = bounds(&rig);
    let (since, until) = asked.last().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let since = now.as_millis() as u64 - since.parse::<u64>().unwrap();
    assert!((5_000..120_000).contains(&since) && until.is_empty(), "{asked:?}");

    // In an account of long ago, what changes now is outside of these.
    let ended =
        json!([{ "limit": 5, "updated-at-start": 1, "updated-at-end": 1_750_000_000_000_u64 }]);
    rig.ok("opportunities.list-all", ended).await;
    let own = ("1".to_owned(), "1750000000000".to_owned());
    assert!(bounds(&rig).iter().all(|bounds| *bounds == own), "{:?}", bounds(&rig));
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
