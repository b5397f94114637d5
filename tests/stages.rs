//! `stages`: in pipeline order, with ids that are not UUIDs.

use serde_json::json;

use crate::support::Rig;

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let page = rig.ok("stages.list-page", json!([{ "limit": 3 }])).await;
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
    let rest = rig.ok("stages.list-page", json!([{}, page["next"]])).await;
    let all = rig.mock.store().stages();
    assert_eq!(rest["items"].as_array().unwrap().len(), all.len() - 3);
    assert_eq!(rest["items"][0]["id"], all[3]["id"]);
    assert!(rest["next"].is_null());
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let stages = rig.ok("stages.list-all", json!([{ "limit": 2 }])).await;
    let expected: Vec<_> = rig.mock.store().stages().iter().map(|s| s["id"].clone()).collect();
    let found: Vec<_> =
        stages["items"].as_array().unwrap().iter().map(|s| s["id"].clone()).collect();
    assert_eq!(found, expected);
    assert_eq!(rig.sent().len(), expected.len().div_ceil(2));
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let stage = rig.ok("stages.get", json!(["lead-new"])).await;
    assert_eq!(stage["id"], "lead-new");
    assert!(stage["text"].is_string());
    let missing = rig.err("stages.get", json!(["no-such-stage"])).await;
    assert_eq!((&missing["kind"], &missing["status"]), (&json!("not-found"), &json!(404)));
    assert_eq!(missing["code"], "ResourceNotFound");
    assert_eq!(missing["outcome"], "not-applied");
}
