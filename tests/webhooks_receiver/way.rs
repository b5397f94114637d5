//! The whole way: a write at Lever, a signed delivery, and a line in the file.

use std::collections::BTreeSet;
use std::time::Duration;

use lever_host::webhooks::{Config, Receiver, SignatureTokens};
use serde_json::json;

use super::mock::{advance, patient, send, start as mock, subscribe};
use super::serve::{Folder, config};

/// Subscribes to an event and starts a receiver that knows its token. The URL is
/// set afterwards, as the port is known then.
async fn receiver(mock: &lever_host::mock::Mock, folder: &Folder, events: &[&str]) -> Receiver {
    let mut tokens = String::new();
    let mut made = Vec::new();
    for event in events {
        let webhook = subscribe(mock, event, "https://hooks.example.com/").await;
        tokens.push_str(webhook["configuration"]["signatureToken"].as_str().unwrap());
        tokens.push('\n');
        made.push(webhook["id"].clone());
    }
    let tokens = SignatureTokens::parse(&tokens).unwrap();
    let receiver = Receiver::start(Config { tokens, ..config(folder) }).await.unwrap();
    let url = format!("http://{}/lever", receiver.address());
    let changes: Vec<_> = made.iter().map(|id| json!({"id": id, "url": url})).collect();
    let (status, body) = send(mock, "PUT", "/webhooks/", &json!({ "data": changes })).await;
    assert_eq!(status, 200, "{body}");
    receiver
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_at_lever_is_a_line_in_the_file() {
    let (mock, folder) = (mock().await, Folder::new());
    let events =
        ["candidateStageChange", "candidateArchiveChange", "candidateHired", "contactCreated"];
    let _receiver = receiver(&mock, &folder, &events).await;
    let store = mock.store();
    let id = store.opportunity_ids()[0].clone();
    advance(&mock, &id, "offer").await;
    let reasons = store.archive_reasons();
    let hired = reasons.iter().find(|reason| reason["type"] == "hired").unwrap();
    let path = format!("/opportunities/{id}/archived");
    send(&mock, "PUT", &path, &json!({"reason": hired["id"]})).await;
    let user = store.users()[0]["id"].as_str().unwrap().to_owned();
    let path = format!("/opportunities?perform_as={user}");
    let (status, made) = send(&mock, "POST", &path, &json!({"name": "Nobody"})).await;
    assert_eq!(status, 201, "{made}");
    mock.deliveries_settled().await;

    let written = folder.events();
    let kinds: BTreeSet<_> = written.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    let expected = [
        "candidate-archive-change",
        "candidate-hired",
        "candidate-stage-change",
        "contact-created",
    ];
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), expected);
    assert_eq!(written.len(), 4);
    let of = |kind: &str| written.iter().find(|it| it["kind"] == kind).unwrap();
    assert_eq!(of("candidate-stage-change")["toStageId"], "offer");
    assert_eq!(of("candidate-hired")["opportunityId"], json!(id));
    assert_eq!(of("candidate-archive-change")["toArchived"]["reason"], hired["id"]);
    assert_eq!(of("contact-created")["contactId"], made["data"]["contact"]);
    assert!(mock.deliveries().iter().all(|it| it.is_delivered() && it.attempts.len() == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interview_is_told_of_from_its_making_to_its_end() {
    let (mock, folder) = (mock().await, Folder::new());
    let events = ["interviewCreated", "interviewUpdated", "interviewDeleted"];
    let _receiver = receiver(&mock, &folder, &events).await;
    let id = mock.store().opportunity_ids()[0].clone();
    let user = mock.store().users()[0]["id"].as_str().unwrap().to_owned();
    let interview = json!({"interviewers": [{"id": user}], "date": 1_900_000_000_000_u64,
        "duration": 30, "subject": "Talk"});
    let panel = json!({"timezone": "Europe/Paris", "interviews": [interview]});
    let path = format!("/opportunities/{id}/panels?perform_as={user}");
    let (status, made) = send(&mock, "POST", &path, &panel).await;
    assert_eq!(status, 201, "{made}");
    let interview_id = made["data"]["interviews"][0]["id"].as_str().unwrap();
    let path = format!("/opportunities/{id}/interviews/{interview_id}?perform_as={user}");
    assert_eq!(send(&mock, "PUT", &path, &interview).await.0, 200);
    assert_eq!(send(&mock, "DELETE", &path, &serde_json::Value::Null).await.0, 204);
    mock.deliveries_settled().await;
    let mut written = folder.events();
    // Deliveries come in any order.
    written.sort_by_key(|it| it["kind"].as_str().unwrap().to_owned());
    let kinds: Vec<_> = written.iter().map(|it| it["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["interview-created", "interview-deleted", "interview-updated"]);
    assert!(written.iter().all(|it| it["interviewId"] == *interview_id));
    assert!(written.iter().all(|it| it["opportunityId"] == *id));
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_file_cannot_be_written_lever_tries_again_and_nothing_is_lost_or_doubled() {
    // Three seconds, of which one part in thirty is waited.
    let (mock, folder) = (patient(Duration::from_millis(100)).await, Folder::new());
    let _receiver = receiver(&mock, &folder, &["candidateStageChange"]).await;
    let ids = mock.store().opportunity_ids();
    // A folder in the file's place cannot be written to.
    std::fs::remove_file(folder.jsonl()).unwrap();
    std::fs::create_dir(folder.jsonl()).unwrap();
    for id in &ids[..5] {
        advance(&mock, id, "offer").await;
    }
    // Each was refused once at least, and is under way still.
    while mock.deliveries().len() < 5
        || mock.deliveries().iter().any(|delivery| delivery.attempts.is_empty())
    {
        tokio::task::yield_now().await;
    }
    let refused = mock.deliveries();
    assert!(refused.iter().all(|delivery| delivery.attempts[0].result == Ok(503)));
    assert!(refused.iter().all(|delivery| !delivery.is_settled), "{refused:?}");
    std::fs::remove_dir(folder.jsonl()).unwrap();
    mock.deliveries_settled().await;
    // What came through and was heard of; then all of it once more.
    for delivery in mock.deliveries() {
        assert!(delivery.is_delivered() && delivery.attempts.len() > 1);
        assert_eq!(mock.repeat_delivery(delivery.number).await, Some(Ok(200)));
    }
    let told: Vec<_> =
        folder.events().iter().map(|it| it["opportunityId"].as_str().unwrap().to_owned()).collect();
    assert_eq!(told.len(), 5);
    assert_eq!(told.iter().collect::<BTreeSet<_>>(), ids[..5].iter().collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_page_s_test_is_answered_and_leaves_no_line() {
    let (mock, folder) = (mock().await, Folder::new());
    let _receiver = receiver(&mock, &folder, &["candidateHired"]).await;
    let (_, list) = send(&mock, "GET", "/webhooks", &serde_json::Value::Null).await;
    let id = list["data"][0]["id"].as_str().unwrap();
    assert_eq!(mock.ping(id).await, Some(Ok(200)));
    assert!(folder.events().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn deliveries_in_another_order_are_all_taken() {
    let (mock, folder) = (mock().await, Folder::new());
    let _receiver = receiver(&mock, &folder, &["candidateStageChange"]).await;
    let id = mock.store().opportunity_ids()[0].clone();
    mock.hold_deliveries();
    for stage in ["offer", "lead-new", "offer"] {
        advance(&mock, &id, stage).await;
    }
    mock.release_deliveries(true);
    mock.deliveries_settled().await;
    assert_eq!(folder.events().len(), 3);
}
