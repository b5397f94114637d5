//! Confidential records: an agent that may not see them sees none, however it asks, where the
//! credential may.

use lever_host::audit::{Decision, Kind, Record};
use lever_host::mock::Config;
use lever_host::policy::{Agent, Policy};
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use crate::support::{Rig, id, ids, items, opportunity, sorted};

const RULE: &str = "confidential = false";

/// An account whose credential sees everything, and two agents that differ in what they may see.
struct Two {
    rig: Rig,
    open: Agent,
    trusted: Agent,
    /// A confidential opportunity.
    held: Value,
}

async fn two() -> Two {
    let config = Config { rate: None, confidential_access: true, ..Config::default() };
    let rig = Rig::with(config).await;
    let grants = "opportunities = \"full\"\nnotes = \"full\"\npostings = \"read\"\nraw = \"read\"";
    let agent = |confidential: bool| {
        let text =
            format!("[agents.a]\nconfidential = {confidential}\n[agents.a.grants]\n{grants}");
        Policy::parse(&text).expect("it is sound").agent("a").expect("it is there").clone()
    };
    let store = rig.mock.store();
    let record = |id: &String| store.opportunity(id).expect("listed ids exist");
    let mut all = store.all_opportunity_ids().iter().map(record).collect::<Vec<_>>();
    all.retain(|record| record["confidentiality"] == "confidential");
    let held = all.remove(0);
    Two { open: agent(false), trusted: agent(true), held, rig }
}

impl Two {
    fn held_id(&self) -> String {
        id(&self.held)
    }

    /// The refusal of a call by the agent that may not see them; it shows nothing of the record.
    async fn refused(&self, function: &str, args: Value) -> String {
        match self.rig.call_as(&self.open, function, args).await {
            Err(CallError::Refused(refusal)) => {
                assert_eq!(refusal.rule, RULE, "{function}");
                let way_out = "`confidential = true` under [agents.a]";
                assert!(refusal.message.contains(way_out), "{function}: {refusal}");
                refusal.message
            }
            other => panic!("{function}: {other:?}"),
        }
    }

    fn shows_nothing(&self, text: &str) {
        for name in ["name", "headline"] {
            let value = self.held[name].as_str().filter(|value| !value.is_empty());
            assert!(value.is_none_or(|value| !text.contains(value)), "{text}");
        }
    }

    fn last_request(&self) -> Record {
        let mut records = self.rig.audit.records();
        records.retain(|record| record.kind == Kind::Request);
        records.pop().expect("requests are recorded")
    }
}

#[tokio::test]
async fn one_read_by_its_id_is_withheld_whatever_is_asked_of_it() {
    let two = two().await;
    let held = two.held_id();
    let postings = two.rig.mock.store().postings();
    let posting = postings.iter().find(|it| it["confidentiality"] == "confidential").map(id);
    let posting = posting.expect("the mock has a confidential posting");
    let raw = |path: &str, query: Value| json!([format!("{path}/{held}"), query]);
    for (function, args) in [
        ("opportunities.get", json!([held])),
        ("opportunities.get", json!([held, ["name", "emails"]])),
        ("opportunities.get", json!([held, ["name", "confidentiality"]])),
        ("raw.get", raw("/opportunities", json!([]))),
        ("raw.get", raw("/opportunities", json!([{ "name": "include", "value": "name" }]))),
        ("postings.get", json!([posting])),
        ("postings.get", json!([posting, ["text"]])),
    ] {
        assert!(two.rig.call_as(&two.trusted, function, args.clone()).await.is_ok(), "{function}");
        let message = two.refused(function, args).await;
        two.shows_nothing(&message);
        let record = two.last_request();
        assert_eq!((record.decision, record.rule.as_str()), (Decision::Refused, RULE));
        assert_eq!(record.status, Some(200));
    }
    // Others stay as they were, and bring what was asked for.
    let other = opportunity(&two.rig);
    let got = two.rig.call_as(&two.open, "opportunities.get", json!([other])).await.unwrap();
    let all = two.rig.call_as(&two.trusted, "opportunities.get", json!([other])).await.unwrap();
    assert_eq!(got, all);
}

#[tokio::test]
async fn they_leave_lists_that_do_not_leave_them_out() {
    let two = two().await;
    let list = |agent: Agent| {
        let rig = &two.rig;
        async move {
            let args = json!([{ "limit": 2 }]);
            rig.call_as(&agent, "opportunities.list-all-deleted", args).await.unwrap()
        }
    };
    let (all, open) = (list(two.trusted.clone()).await, list(two.open.clone()).await);
    let may = |it: &&Value| it["confidentiality"] == "non-confidential";
    let expected: Vec<Value> = items(&all).iter().filter(may).cloned().collect();
    assert!(expected.len() < items(&all).len(), "the mock has deleted ones of both kinds");
    assert_eq!(sorted(ids(items(&open))), sorted(ids(&expected)));
    let records = two.rig.audit.records();
    let said = records.iter().filter(|record| record.decision == Decision::Refused);
    let said: Vec<_> = said.map(|it| (it.rule.as_str(), it.route.as_deref())).collect();
    assert_eq!(said, [(RULE, Some("/opportunities/deleted"))]);
}

#[tokio::test]
async fn one_among_many_fails_alone() {
    let two = two().await;
    let asked = [opportunity(&two.rig), two.held_id()];
    let got = two.rig.call_as(&two.open, "opportunities.get-many", json!([asked])).await.unwrap();
    assert_eq!(got[0]["found"]["id"], asked[0]);
    assert_eq!(got[1]["found"], Value::Null);
    assert_eq!(got[1]["error"]["kind"], "forbidden", "{got}");
    let message = got[1]["error"]["message"].as_str().unwrap();
    assert!(message.contains("confidential = true"), "{message}");
    two.shows_nothing(&got[1].to_string());
}

#[tokio::test]
async fn what_belongs_to_one_is_shut_as_soon_as_it_is_known_for_one() {
    let two = two().await;
    let held = two.held_id();
    // The notes do not say whose they are.
    let notes = json!([held]);
    assert!(two.rig.call_as(&two.open, "notes.list-all", notes.clone()).await.is_ok());
    two.refused("opportunities.get", json!([held])).await;
    two.rig.mock.clear_requests();
    for (function, args) in [
        ("notes.list-all", notes.clone()),
        ("notes.create", json!([held, { "value": "x" }])),
        ("opportunities.add-tags", json!([held, ["x"]])),
        ("raw.get", json!([format!("/opportunities/{held}/notes"), []])),
    ] {
        two.refused(function, args).await;
    }
    assert!(two.rig.sent().is_empty(), "{}", two.rig.mock.describe());
    assert!(two.rig.call_as(&two.trusted, "notes.list-all", notes).await.is_ok());
}

#[tokio::test]
async fn a_change_of_one_is_said_to_be_applied_and_shows_nothing_of_it() {
    let two = two().await;
    let args = json!([two.held_id(), ["moved"]]);
    let error = match two.rig.call_as(&two.open, "opportunities.add-tags", args).await {
        Err(CallError::Component(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!((&error["kind"], &error["outcome"]), (&json!("forbidden"), &json!("applied")));
    two.shows_nothing(&error.to_string());
    let tags = two.rig.mock.store().opportunity(&two.held_id()).unwrap()["tags"].clone();
    assert!(tags.as_array().unwrap().contains(&json!("moved")), "{tags}");
}
