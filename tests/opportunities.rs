//! `opportunities`: reading with every filter, and writes that return what a
//! read would.

use serde_json::{Value, json};

use crate::support::{Rig, opportunity, user};

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let ids = rig.mock.store().opportunity_ids();
    let page = rig.ok("opportunities.list-page", json!([{ "limit": 7 }])).await;
    let first: Vec<&str> = items(&page).iter().map(|o| o["id"].as_str().unwrap()).collect();
    assert_eq!(first, ids[..7]);
    let next = rig.ok("opportunities.list-page", json!([{ "limit": 5 }, page["next"]])).await;
    let second: Vec<&str> = items(&next).iter().map(|o| o["id"].as_str().unwrap()).collect();
    assert_eq!(second, ids[7..12]);
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let all = rig.ok("opportunities.list-all", json!([{}])).await;
    let ids: Vec<&str> = items(&all).iter().map(|o| o["id"].as_str().unwrap()).collect();
    assert_eq!(ids, rig.mock.store().opportunity_ids());
    assert_eq!(rig.sent().len(), ids.len().div_ceil(100));
}

#[tokio::test]
async fn every_filter_reaches_lever_under_its_own_name() {
    let rig = Rig::new().await;
    let query = json!({
        "limit": 9, "include": ["name"], "expand": ["stage", "owner"], "tag": ["a", "b"],
        "email": ["x@example.com"], "origin": ["sourced"], "source": ["s"],
        "confidentiality": "non-confidential", "stage-id": ["offer"], "posting-id": ["p"],
        "archived-posting-id": ["q"], "created-at-start": 1, "created-at-end": 2,
        "updated-at-start": 3, "updated-at-end": 4, "advanced-at-start": 5, "advanced-at-end": 6,
        "archived-at-start": 7, "archived-at-end": 8, "archived": false,
        "archive-reason-id": ["r"], "snoozed": true, "contact-id": ["c"], "location": ["unspecified"],
    });
    let fields = query.as_object().unwrap().len();
    rig.ok("opportunities.list-page", json!([query])).await;
    let seen = &rig.mock.requests()[0];
    let mut names: Vec<&str> = seen.pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.dedup();
    assert_eq!(names.len(), fields, "{names:?}");
    assert!(names.iter().all(|name| !name.contains('-')), "{names:?}");
    assert_eq!(seen.values("tag"), ["a", "b"]);
    assert_eq!(seen.values("archived"), ["false"]);
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let store = rig.mock.store();
    let with_application = |id: &&String| {
        !store.opportunity(id).unwrap()["applications"].as_array().unwrap().is_empty()
    };
    let id = store.opportunity_ids().iter().find(with_application).unwrap().clone();
    let plain = rig.ok("opportunities.get", json!([id])).await;
    assert_eq!(plain["stage"]["stage"], Value::Null);
    let expand = ["applications", "stage", "owner", "followers", "sourcedBy", "contact"];
    let whole = rig.ok("opportunities.get", json!([id, [], expand])).await;
    assert_eq!(whole["stage"]["id"], plain["stage"]["id"]);
    assert!(whole["stage"]["stage"]["text"].is_string());
    assert!(whole["owner"]["user"]["name"].is_string());
    assert!(whole["contact"]["contact"]["emails"].is_array());
    let application = &whole["applications"][0]["application"];
    assert_eq!(application["opportunity-id"], json!(id));
    let named = rig.ok("opportunities.get", json!([id, ["tags"]])).await;
    assert_eq!((&named["id"], &named["name"]), (&json!(id), &Value::Null));
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let new = json!({
        "name": "Remy Castellan", "emails": ["remy.castellan@example.com"], "tags": ["Boats"],
        "phones": [{ "type": "mobile", "value": "(503) 555-0177" }], "origin": "sourced",
        "created-at": 1_767_225_600_000_u64,
    });
    let made = rig.ok("opportunities.create", json!([new, user(&rig)])).await;
    assert_eq!(made["deduped"], false);
    let id = made["opportunity"]["id"].as_str().unwrap();
    assert_eq!(rig.mock.store().opportunity(id).unwrap()["name"], "Remy Castellan");
    let read = rig.ok("opportunities.get", json!([id])).await;
    assert_eq!(read["tags"], json!(["Boats"]));
    let again = rig.ok("opportunities.create", json!([new, user(&rig)])).await;
    assert_eq!(again["deduped"], true);
}

#[tokio::test]
async fn creating_in_nobodys_name_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    let error = rig.err("opportunities.create", json!([{ "name": "X" }])).await;
    assert_eq!((&error["kind"], &error["outcome"]), (&json!("invalid-input"), &json!("not-sent")));
    assert!(error["message"].as_str().unwrap().contains("perform-as"));
    assert!(rig.sent().is_empty());
}

#[tokio::test]
pub async fn update_stage() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let before = rig.mock.store().opportunity(&id).unwrap();
    let moved = rig.ok("opportunities.update-stage", json!([id, "offer", user(&rig)])).await;
    assert_eq!(moved["stage"]["id"], "offer");
    assert_is_whole(&moved, &before);
    assert_eq!(rig.mock.store().opportunity(&id).unwrap()["stage"], "offer");
    let seen = rig.mock.requests();
    assert_eq!(seen[0].values("perform_as"), [user(&rig)]);
    assert_eq!(seen[0].body, br#"{"stage":"offer"}"#);
    assert_eq!(seen[0].header("content-length"), Some("17"));
}

#[tokio::test]
pub async fn archive() {
    let rig = Rig::new().await;
    let (id, reason) = (opportunity(&rig), reason(&rig, "non-hired"));
    let before = rig.mock.store().opportunity(&id).unwrap();
    let args = json!([id, reason, { "clean-interviews": true }, user(&rig)]);
    let archived = rig.ok("opportunities.archive", args).await;
    assert_eq!(archived["archived"]["reason"], json!(reason));
    assert_is_whole(&archived, &before);
    let body: Value = serde_json::from_slice(&rig.mock.requests()[0].body).unwrap();
    assert_eq!(body, json!({ "reason": reason, "cleanInterviews": true }));
    let wrong = json!([id, reason, { "requisition-id": "r" }, user(&rig)]);
    assert_eq!(rig.err("opportunities.archive", wrong).await["kind"], "rejected");
}

#[tokio::test]
pub async fn unarchive() {
    let rig = Rig::new().await;
    let (id, reason) = (opportunity(&rig), reason(&rig, "non-hired"));
    rig.ok("opportunities.archive", json!([id, reason, {}])).await;
    let active = rig.ok("opportunities.unarchive", json!([id, user(&rig)])).await;
    assert_eq!(active["archived"], Value::Null);
    assert!(rig.mock.store().opportunity(&id).unwrap()["archived"].is_null());
    assert_eq!(rig.mock.requests()[0].body, br#"{"reason":null}"#);
}

#[tokio::test]
pub async fn add_tags() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let before = rig.mock.store().opportunity(&id).unwrap();
    let tagged =
        rig.ok("opportunities.add-tags", json!([id, ["Boats", "Sails"], user(&rig)])).await;
    assert_is_whole(&tagged, &before);
    let tags = tagged["tags"].as_array().unwrap();
    assert!(tags.contains(&json!("Boats")) && tags.contains(&json!("Sails")));
}

#[tokio::test]
pub async fn remove_tags() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    rig.ok("opportunities.add-tags", json!([id, ["Boats", "Sails"]])).await;
    let left = rig.ok("opportunities.remove-tags", json!([id, ["Boats"], user(&rig)])).await;
    let tags = left["tags"].as_array().unwrap();
    assert!(!tags.contains(&json!("Boats")) && tags.contains(&json!("Sails")));
}

#[tokio::test]
async fn odd_records_come_through_whole() {
    let rig = Rig::new().await;
    let all = rig.ok("opportunities.list-all", json!([{}])).await;
    let all = items(&all);
    let has = |what: &dyn Fn(&Value) -> bool| all.iter().any(what);
    assert!(has(&|o| o["updated-at"].is_null()), "updatedAt null");
    assert!(has(&|o| o["opportunity-location"].is_null()), "opportunityLocation absent");
    assert!(has(&|o| o["stage-changes"][0]["user-id"].is_null()), "userId absent");
    assert!(has(&|o| o["data-protection"].is_object()));
    assert!(has(&|o| o["stage"]["id"] == "lead-new"), "an id that is no UUID");
    assert!(all.iter().all(|o| o["confidentiality"] == "non-confidential"));
}

/// A write's answer at Lever blanks the person; ours must not.
fn assert_is_whole(record: &Value, before: &Value) {
    for (ours, theirs) in [("name", "name"), ("emails", "emails"), ("headline", "headline")] {
        assert_eq!(record[ours], before[theirs], "{ours}");
    }
}

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().expect("a page has items")
}

fn reason(rig: &Rig, kind: &str) -> String {
    let reasons = rig.mock.store().archive_reasons();
    let fits = |reason: &&Value| reason["type"] == kind && reason["status"] == "active";
    reasons.iter().find(fits).expect("there is such a reason")["id"].as_str().unwrap().to_owned()
}
