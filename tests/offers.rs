//! `offers`: to be read, and their documents.

use serde_json::{Value, json};

use crate::support::{Rig, bytes, first, id, ids, items, listed_for_many, refused_locally, sorted};

fn offer(rig: &Rig, status: &str) -> (String, Value) {
    first(rig, |store, id| store.offers(id).into_iter().find(|offer| offer["status"] == status))
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let (opportunity, known) = offer(&rig, "signed");
    let page = rig.ok("offers.list-page", json!([opportunity, { "expand": ["creator"] }])).await;
    let found = items(&page).iter().find(|offer| offer["id"] == known["id"]).unwrap();
    assert!(found["creator"]["user"]["name"].is_string());
    let roles = known["signatures"].as_object().unwrap().len();
    assert_eq!(found["signatures"].as_array().unwrap().len(), roles);
    assert_eq!(found["fields"][0]["identifier"], known["fields"][0]["identifier"]);
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let (opportunity, _) = offer(&rig, "draft");
    let all = rig.ok("offers.list-all", json!([opportunity, { "limit": 1 }])).await;
    assert_eq!(sorted(ids(items(&all))), sorted(ids(&rig.mock.store().offers(&opportunity))));
}

#[tokio::test]
pub async fn list_for_many() {
    listed_for_many("offers.list-for-many", json!({ "limit": 1 }), |store, id| store.offers(id))
        .await;
}

#[tokio::test]
pub async fn download() {
    let rig = Rig::new().await;
    let (opportunity, known) = offer(&rig, "signed");
    for (status, is_signed) in
        [(json!("sent"), false), (json!("signed"), true), (Value::Null, true)]
    {
        let found =
            rig.ok("offers.download", json!([opportunity, known["id"], status.clone()])).await;
        let stored = rig.mock.store().offer_bytes(&id(&known), is_signed).unwrap();
        assert_eq!(bytes(&found["content"]), stored, "{status}");
    }
    let (opportunity, draft) = offer(&rig, "draft");
    let error = rig.err("offers.download", json!([opportunity, draft["id"]])).await;
    assert_eq!(error["kind"], "not-found");
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    let query = json!(["o", { "expand": ["posting"] }]);
    refused_locally(&rig, &[("offers.list-page", query, "\"posting\"")]).await;
}
