//! `notes`: threads, comments, and the notes that may not be changed.

use serde_json::{Value, json};

use crate::support::{Rig, listed_for_many, opportunity, user};

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let id = with_notes(&rig);
    let page = rig.ok("notes.list-page", json!([id, { "limit": 1, "expand": ["user"] }])).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    assert!(page["items"][0]["user"]["user"]["name"].is_string());
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let id = with_notes(&rig);
    let all = rig.ok("notes.list-all", json!([id, { "limit": 1 }])).await;
    let expected: Vec<_> = rig.mock.store().notes(&id).iter().map(|n| n["id"].clone()).collect();
    let found: Vec<_> = all["items"].as_array().unwrap().iter().map(|n| n["id"].clone()).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("notes.list-for-many", json!({ "limit": 1 }), |store, id| store.notes(id))
        .await;
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let id = with_notes(&rig);
    let known = rig.mock.store().notes(&id)[0].clone();
    let note = rig.ok("notes.get", json!([id, known["id"]])).await;
    assert_eq!(note["fields"][0]["value"], known["fields"][0]["value"]);
    assert_eq!(note["secret"], known["secret"]);
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let before = rig.mock.store().notes(&id).len();
    let new = json!({ "value": "Call on Monday", "score": 3, "secret": true });
    let note = rig.ok("notes.create", json!([id, new, null, user(&rig)])).await;
    assert_eq!(rig.sent().len(), 1, "a whole answer needs no second request");
    assert_eq!(note["fields"][0]["value"], "Call on Monday");
    assert_eq!(note["secret"], true);
    let comment = json!([id, { "value": "Done" }, note["id"], user(&rig)]);
    let thread = rig.ok("notes.create", comment).await;
    assert_eq!(thread["id"], note["id"]);
    let values: Vec<_> = thread["fields"].as_array().unwrap().iter().map(|f| &f["value"]).collect();
    assert_eq!(values, ["Call on Monday", "Done"]);
    assert_eq!(rig.mock.store().notes(&id).len(), before + 1);
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let note = rig.ok("notes.create", json!([id, { "value": "Frist" }])).await;
    let change = json!({ "values": [{ "value": "First" }, { "value": "Second" }], "secret": true });
    let note = rig.ok("notes.update", json!([id, note["id"], change])).await;
    let values: Vec<_> = note["fields"].as_array().unwrap().iter().map(|f| &f["value"]).collect();
    assert_eq!(values, ["First", "Second"]);
    assert_eq!(note["secret"], true);
}

#[tokio::test]
pub async fn delete() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    let note = rig.ok("notes.create", json!([id, { "value": "Wrong person" }])).await;
    let nothing = rig.ok("notes.delete", json!([id, note["id"]])).await;
    assert_eq!(nothing, Value::Null);
    let gone = rig.err("notes.delete", json!([id, note["id"]])).await;
    assert_eq!((&gone["kind"], &gone["outcome"]), (&json!("not-found"), &json!("not-applied")));
}

#[tokio::test]
async fn a_note_made_in_the_product_cannot_be_changed() {
    let rig = Rig::new().await;
    let id = with_notes(&rig);
    let store = rig.mock.store();
    let mut refused = 0;
    for note in store.notes(&id) {
        if let Err(lever_host::runtime::CallError::Component(error)) =
            rig.call("notes.delete", json!([id, note["id"]])).await
        {
            assert_eq!(error["outcome"], "not-applied");
            refused += 1;
        }
    }
    assert!(refused > 0, "the mock has notes of the product");
}

/// An opportunity with at least two notes.
fn with_notes(rig: &Rig) -> String {
    let store = rig.mock.store();
    let ids = store.opportunity_ids();
    ids.iter().find(|id| store.notes(id).len() >= 2).expect("the mock has notes").clone()
}
