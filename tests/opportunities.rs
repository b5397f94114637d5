//! `opportunities`: reading with every filter, and writes that return what a
//! read would.

use serde_json::{Value, json};

use crate::support::{Rig, base64, first, id, ids, items, opportunity, refused_locally, user};

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
    // One more for what moved meanwhile.
    assert_eq!(rig.sent().len(), ids.len().div_ceil(100) + 1);
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
    // The host asks for what tells it which records are confidential.
    assert_eq!(names.pop(), Some("include"));
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
pub async fn get_many() {
    let rig = Rig::new().await;
    let store = rig.mock.store();
    let mut asked = store.opportunity_ids();
    asked.truncate(8);
    asked.reverse();
    asked.insert(2, "11111111-aaaa-bbbb-cccc-000000000000".into());
    let expand = json!(["applications"]);
    let results = rig.ok("opportunities.get-many", json!([asked, [], expand])).await;
    for (place, (result, id)) in results.as_array().unwrap().iter().zip(&asked).enumerate() {
        assert_eq!(result["opportunity"], id.as_str());
        let error = result["error"]["kind"].as_str();
        assert_eq!(error, (place == 2).then_some("not-found"), "{id}");
        let found = store.opportunity(id);
        assert_eq!(
            result["found"]["name"].as_str(),
            found.as_ref().and_then(|it| it["name"].as_str())
        );
        let known = found.map_or(0, |it| it["applications"].as_array().unwrap().len());
        let listed = result["found"]["applications"].as_array();
        let whole = listed.into_iter().flatten().filter(|it| it["application"].is_object());
        assert_eq!(whole.count(), known, "{id}");
    }
    assert_eq!(rig.sent().len(), asked.len());
    let refused = json!([["a"], [], ["posting"]]);
    refused_locally(&rig, &[("opportunities.get-many", refused, "\"posting\"")]).await;
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
    assert!(has(&|o| o["stage"]["id"] == "lead-new"), "an id that is not a UUID");
    assert!(all.iter().all(|o| o["confidentiality"] == "non-confidential"));
}

/// A write's answer at Lever blanks the person; ours must not.
fn assert_is_whole(record: &Value, before: &Value) {
    for (ours, theirs) in [("name", "name"), ("emails", "emails"), ("headline", "headline")] {
        assert_eq!(record[ours], before[theirs], "{ours}");
    }
}

fn reason(rig: &Rig, kind: &str) -> String {
    let reasons = rig.mock.store().archive_reasons();
    let fits = |reason: &&Value| reason["type"] == kind && reason["status"] == "active";
    reasons.iter().find(fits).expect("there is such a reason")["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn files_come_with_a_new_opportunity_as_a_form() {
    let rig = Rig::new().await;
    let reason = reason(&rig, "non-hired");
    let new = json!({
        "emails": ["remy.castellan@example.com", "r@example.org"], "tags": ["Boats"],
        "phones": [{ "type": "mobile", "value": "1" }, { "type": "home", "value": "2" }],
        "created-at": 1_767_225_600_000_u64,
        "archived": { "reason": reason, "archived-at": 1_767_225_600_001_u64 },
        "resume-file": { "name": "cv.pdf", "content": base64(b"%PDF\x00\xff") },
        "files": [{ "name": "a.txt", "content": "one" }, { "name": "b.txt", "content": "two" }],
    });
    let made = rig.ok("opportunities.create", json!([new, user(&rig), null, true])).await;
    let seen = &rig.mock.requests()[0];
    assert!(seen.header("content-type").unwrap().starts_with("multipart/form-data; boundary="));
    assert_eq!(
        (seen.values("parse"), seen.values("perform_as")),
        (vec!["true"], vec![user(&rig).as_str()])
    );
    let opportunity = id(&made["opportunity"]);
    let stored = rig.mock.store().opportunity(&opportunity).unwrap();
    assert_eq!(stored["emails"], json!(["remy.castellan@example.com", "r@example.org"]));
    assert_eq!(stored["phones"][1]["value"], "2");
    assert_eq!(stored["archived"]["reason"], json!(reason));
    let resume = id(&rig.mock.store().resumes(&opportunity)[0]);
    assert_eq!(rig.mock.store().resume_bytes(&resume).unwrap(), b"%PDF\x00\xff");
    let files = rig.mock.store().files(&opportunity);
    let contents: Vec<_> =
        ids(&files).iter().map(|id| rig.mock.store().file_bytes(id).unwrap()).collect();
    assert_eq!(contents, [b"one".to_vec(), b"two".to_vec()]);
}

#[tokio::test]
pub async fn list_deleted() {
    let rig = Rig::new().await;
    let page = rig.ok("opportunities.list-deleted", json!([{ "limit": 1 }])).await;
    assert!(items(&page)[0]["deleted-at"].is_u64() && items(&page)[0]["deleted-by"].is_string());
    assert!(items(&page)[0]["name"].is_string(), "the whole record");
}

#[tokio::test]
pub async fn list_all_deleted() {
    let rig = Rig::new().await;
    let all = rig.ok("opportunities.list-all-deleted", json!([{ "limit": 2 }])).await;
    let deleted = rig.mock.store().deleted_opportunities();
    let open = deleted.iter().filter(|it| it["confidentiality"] == "non-confidential").count();
    assert_eq!(items(&all).len(), open);
}

#[tokio::test]
pub async fn add_links() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let before = rig.mock.store().opportunity(&id).unwrap();
    let linked =
        rig.ok("opportunities.add-links", json!([id, ["https://x.example/me"], user(&rig)])).await;
    assert_is_whole(&linked, &before);
    assert!(linked["links"].as_array().unwrap().contains(&json!("https://x.example/me")));
}

#[tokio::test]
pub async fn remove_links() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    rig.ok("opportunities.add-links", json!([id, ["https://x.example/me"]])).await;
    let left = rig.ok("opportunities.remove-links", json!([id, ["https://x.example/me"]])).await;
    assert!(!left["links"].as_array().unwrap().contains(&json!("https://x.example/me")));
}

#[tokio::test]
pub async fn add_sources() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let before = rig.mock.store().opportunity(&id).unwrap();
    let found = rig.ok("opportunities.add-sources", json!([id, ["Harbour"], user(&rig)])).await;
    assert_is_whole(&found, &before);
    assert!(found["sources"].as_array().unwrap().contains(&json!("Harbour")));
}

#[tokio::test]
pub async fn remove_sources() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    rig.ok("opportunities.add-sources", json!([id, ["Harbour"]])).await;
    let left = rig.ok("opportunities.remove-sources", json!([id, ["Harbour"], user(&rig)])).await;
    assert!(!left["sources"].as_array().unwrap().contains(&json!("Harbour")));
}

fn with_actions(rig: &Rig) -> (String, Vec<Value>) {
    first(rig, |store, id| Some(store.file_actions(id)).filter(|actions| actions.len() > 1))
}

#[tokio::test]
pub async fn list_file_actions() {
    let rig = Rig::new().await;
    let (opportunity, _) = with_actions(&rig);
    let query = json!({ "limit": 1, "occurred-at-start": 1 });
    let page = rig.ok("opportunities.list-file-actions", json!([opportunity, query])).await;
    assert!(items(&page)[0]["occurred-at"].is_u64() && items(&page)[0]["type"].is_string());
    assert!(page["next"].is_string());
}

#[tokio::test]
pub async fn list_all_file_actions() {
    let rig = Rig::new().await;
    let (opportunity, known) = with_actions(&rig);
    let all =
        rig.ok("opportunities.list-all-file-actions", json!([opportunity, { "limit": 1 }])).await;
    assert_eq!(items(&all).len(), known.len());
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    let user = user(&rig);
    refused_locally(
        &rig,
        &[
            ("opportunities.create", json!([{ "postings": ["a", "b"] }, user]), "2 ids"),
            ("opportunities.create", json!([{}, null, true]), "perform-as-posting-owner"),
            ("opportunities.create", json!([{}, user, null, true]), "resume-file"),
            (
                "opportunities.create",
                json!([{ "files": [{ "name": "a\"b", "content": "x" }] }, user]),
                "file name",
            ),
            ("opportunities.list-page", json!([{ "expand": ["posting"] }]), "\"posting\""),
            ("opportunities.get", json!(["o", [], ["sourced-by"]]), "\"sourced-by\""),
            ("opportunities.list-deleted", json!([{ "limit": 0 }]), "1 to 100"),
        ],
    )
    .await;
}
