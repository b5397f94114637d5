//! `webhooks`: subscriptions, and the token that is shown once.

use serde_json::{Value, json};

use crate::support::{Rig, body, ids, items, refused_locally};

const URL: &str = "https://hooks.example.com/lever";

async fn made(rig: &Rig, event: &str) -> Value {
    rig.ok("webhooks.create", json!([{ "url": URL, "event": event }])).await
}

#[tokio::test]
pub async fn list_page() {
    let rig = Rig::new().await;
    let hook = made(&rig, "candidateHired").await;
    let page = rig.ok("webhooks.list-page", json!([])).await;
    let found = items(&page).iter().find(|it| it["id"] == hook["id"]).unwrap();
    assert_eq!(found["event"], "candidateHired");
    assert_eq!(found["configuration"]["signature-token"], Value::Null, "it is not shown again");
    assert!(rig.mock.requests()[0].pairs.is_empty(), "Lever takes no parameters here");
}

#[tokio::test]
pub async fn list_all() {
    let rig = Rig::new().await;
    let first = made(&rig, "candidateHired").await;
    let second = made(&rig, "contactCreated").await;
    let all = rig.ok("webhooks.list-all", json!([1])).await;
    for hook in [first, second] {
        assert!(ids(items(&all)).contains(&hook["id"].as_str().unwrap().to_owned()));
    }
}

#[tokio::test]
pub async fn create() {
    let rig = Rig::new().await;
    let conditions = json!({ "conditions": { "origins": ["applied"] } });
    let new = json!({ "url": URL, "event": "applicationCreated", "configuration": conditions });
    let hook = rig.ok("webhooks.create", json!([new])).await;
    assert!(hook["configuration"]["signature-token"].as_str().is_some_and(|it| it.len() >= 32));
    assert_eq!(hook["configuration"]["conditions"]["origins"], json!(["applied"]));
    assert_eq!(body(&rig.mock.requests()[0])["configuration"], conditions);
}

#[tokio::test]
pub async fn update() {
    let rig = Rig::new().await;
    let hook = made(&rig, "candidateHired").await;
    let change = json!([[{ "id": hook["id"], "url": "https://hooks.example.com/other" }]]);
    let changed = rig.ok("webhooks.update", change).await;
    assert_eq!(changed[0]["url"], "https://hooks.example.com/other");
    assert_eq!(rig.sent(), ["PUT /webhooks/"]);
}

#[tokio::test]
pub async fn delete() {
    let rig = Rig::new().await;
    let hook = made(&rig, "candidateHired").await;
    rig.ok("webhooks.delete", json!([hook["id"]])).await;
    let all = rig.ok("webhooks.list-all", json!([])).await;
    assert!(!ids(items(&all)).contains(&hook["id"].as_str().unwrap().to_owned()));
}

#[tokio::test]
async fn what_lever_would_refuse_is_refused_before_anything_is_sent() {
    let rig = Rig::new().await;
    let conditions = json!({ "conditions": { "origins": ["applied"] } });
    let new = json!([{ "url": URL, "event": "contactCreated", "configuration": conditions }]);
    refused_locally(
        &rig,
        &[
            ("webhooks.create", new, "origins"),
            ("webhooks.update", json!([[]]), "changes is empty"),
            ("webhooks.update", json!([[{ "id": "x" }]]), "url"),
        ],
    )
    .await;
}
