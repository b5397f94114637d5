//! `webhook-events`: all ten events of the reference and their signatures.

use serde_json::{Value, json};

use crate::support::{Rig, kebab};

macro_rules! deliveries {
    ($($name:literal)*) => {
        [$(($name, include_str!(concat!("fixtures/webhooks/", $name, ".json")))),*]
    };
}

fn token() -> String {
    let vectors: Value =
        serde_json::from_str(include_str!("fixtures/webhooks/_signature_vectors.json")).unwrap();
    vectors["signatureToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
pub async fn decode() {
    let rig = Rig::new().await;
    let deliveries = deliveries!(
        "applicationCreated" "candidateHired" "candidateStageChange" "candidateArchiveChange"
        "candidateArchiveChange.unarchive" "candidateDeleted" "interviewCreated" "interviewUpdated"
        "interviewDeleted" "contactCreated" "contactUpdated"
    );
    for (name, text) in deliveries {
        let sent: Value = serde_json::from_str(text).unwrap();
        let now = sent["triggeredAt"].as_u64().unwrap() + 1000;
        let event = rig.ok("webhook-events.decode", json!([text, token(), 5000, now])).await;
        assert_eq!(event["event"], sent["event"], "{name}");
        assert_eq!(
            event["kind"].as_str().unwrap().replace('-', ""),
            sent["event"].as_str().unwrap().to_lowercase()
        );
        for (key, value) in sent["data"].as_object().unwrap() {
            let ours = &event[kebab(key)];
            match value {
                Value::Object(fields) => assert_eq!(ours["reason"], fields["reason"], "{name}"),
                value => assert_eq!(ours, value, "{name} {key}"),
            }
        }
        assert_eq!(event["id"], sent["id"]);
        let data: Value = serde_json::from_str(event["data"].as_str().unwrap()).unwrap();
        assert_eq!(data, sent["data"]);
    }
}

#[tokio::test]
async fn the_settings_pages_ping_is_told_apart() {
    let rig = Rig::new().await;
    let text = include_str!("fixtures/webhooks/_test_ping.json");
    let now = 1_767_607_200_000_u64;
    let event = rig.ok("webhook-events.decode", json!([text, token(), null, now])).await;
    assert_eq!((&event["kind"], &event["id"]), (&json!("ping"), &Value::Null));
}

#[tokio::test]
async fn what_is_forged_or_old_is_refused() {
    let rig = Rig::new().await;
    let text = include_str!("fixtures/webhooks/candidateHired.json");
    let at = 1_767_607_200_000_u64;
    let rows = [
        (text.to_owned(), "another token".to_owned(), at, "bad-signature"),
        (text.replace("signature\": \"c5", "signature\": \"c6"), token(), at, "bad-signature"),
        (text.to_owned(), token(), at + 86_400_001, "bad-signature"),
        ("{}".to_owned(), token(), at, "malformed-answer"),
    ];
    for (body, token, now, kind) in rows {
        let error = rig.err("webhook-events.decode", json!([body, token, null, now])).await;
        assert_eq!(error["kind"], kind, "{error}");
    }
    let error = rig.err("webhook-events.decode", json!([text, token(), 1])).await;
    assert_eq!(error["kind"], "bad-signature", "the host's clock is used where none is given");
    assert!(rig.sent().is_empty());
}
