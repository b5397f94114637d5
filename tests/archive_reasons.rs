//! `archive-reasons`: the hire is one of them.

use serde_json::json;

use crate::support::Rig;

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let hired = rig.ok("archive-reasons.list-page", json!([{ "type": "hired" }])).await;
    let hired = hired["items"].as_array().unwrap();
    assert!(!hired.is_empty());
    assert!(hired.iter().all(|reason| reason["type"] == "hired"));
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let reasons = rig.ok("archive-reasons.list-all", json!([{ "limit": 1 }])).await;
    let expected = rig.mock.store().archive_reasons().len();
    assert_eq!(reasons["items"].as_array().unwrap().len(), expected);
}

#[tokio::test]
pub async fn get() {
    let rig = Rig::new().await;
    let known = rig.mock.store().archive_reasons()[0].clone();
    let reason = rig.ok("archive-reasons.get", json!([known["id"]])).await;
    for key in ["id", "text", "status", "type"] {
        assert_eq!(reason[key], known[key], "{key}");
    }
}
