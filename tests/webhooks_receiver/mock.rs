//! The mock's webhooks: subscriptions by Lever's rules, and what it delivers.

use std::time::Duration;

use lever_host::mock::{API_KEY, Config, Delivery, Mock, WebhookRules};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::lever::Inbox;

/// A mock that tries again after 5, 10, 20, 40 and 80 ms.
pub async fn start() -> Mock {
    patient(Duration::from_millis(5)).await
}

/// A mock that tries again after this time, then twice as long each time.
pub async fn patient(retry_base: Duration) -> Mock {
    let webhooks = WebhookRules { retry_base, ..WebhookRules::default() };
    let config = Config { rate: None, opportunities: 40, webhooks, ..Config::default() };
    Mock::start(config).await.unwrap()
}

/// Status and body of a request to the mock.
pub async fn send(mock: &Mock, method: &str, path: &str, body: &Value) -> (u16, Value) {
    use base64::Engine;
    let url = mock.base_url();
    let address = url.trim_start_matches("http://").trim_end_matches("/v1");
    let key = base64::engine::general_purpose::STANDARD.encode(format!("{API_KEY}:"));
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let text = format!(
        "{method} /v1{path} HTTP/1.1\r\nhost: mock\r\nauthorization: Basic {key}\r\n\
         content-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() })
}

/// Subscribes and returns the webhook with its secret.
pub async fn subscribe(mock: &Mock, event: &str, url: &str) -> Value {
    let (status, body) =
        send(mock, "POST", "/webhooks", &json!({"event": event, "url": url})).await;
    assert_eq!(status, 201, "{body}");
    body["data"].clone()
}

/// Moves an opportunity to another stage, which fires `candidateStageChange`.
pub async fn advance(mock: &Mock, opportunity: &str, stage: &str) {
    let path = format!("/opportunities/{opportunity}/stage");
    let (status, body) = send(mock, "PUT", &path, &json!({ "stage": stage })).await;
    assert_eq!(status, 200, "{body}");
}

fn statuses(delivery: &Delivery) -> Vec<u16> {
    delivery.attempts.iter().map(|attempt| *attempt.result.as_ref().unwrap()).collect()
}

#[tokio::test]
async fn a_subscription_lives_from_creation_to_deletion() {
    let mock = start().await;
    let url = "https://hooks.example.com/lever";
    let made = subscribe(&mock, "candidateHired", url).await;
    let other = subscribe(&mock, "contactCreated", url).await;
    let token = made["configuration"]["signatureToken"].as_str().unwrap();
    assert!(token.len() == 48 && token.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_ne!(made["configuration"]["signatureToken"], other["configuration"]["signatureToken"]);
    assert_eq!(other["configuration"].as_object().unwrap().len(), 1);

    let (status, list) = send(&mock, "GET", "/webhooks", &Value::Null).await;
    assert_eq!((status, list.as_object().unwrap().len()), (200, 1), "{list}");
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    assert!(!list.to_string().contains("signatureToken"));

    let change = json!({"data": [{
        "id": made["id"], "url": "https://hooks.example.com/other",
        "configuration": {"conditions": {"origins": ["applied"]}},
    }]});
    assert_eq!(send(&mock, "PUT", "/webhooks", &change).await.0, 405);
    let (status, changed) = send(&mock, "PUT", "/webhooks/", &change).await;
    assert_eq!(status, 200, "{changed}");
    let row = &changed["data"][0];
    assert_eq!(row["url"], "https://hooks.example.com/other");
    assert_eq!(row["configuration"], json!({"conditions": {"origins": ["applied"]}}));

    let one = format!("/webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(send(&mock, "DELETE", &one, &Value::Null).await, (204, Value::Null));
    assert_eq!(send(&mock, "DELETE", &one, &Value::Null).await.0, 404);
    let (_, list) = send(&mock, "GET", "/webhooks", &Value::Null).await;
    assert_eq!(list["data"][0]["id"], other["id"]);
}

#[tokio::test]
async fn what_lever_does_not_take_is_refused_by_its_pointer() {
    let mock = start().await;
    let url = "https://hooks.example.com/";
    let hired = subscribe(&mock, "candidateHired", url).await["id"].clone();
    let deleted = subscribe(&mock, "candidateDeleted", url).await["id"].clone();
    let origins = |names: Value| json!({"conditions": {"origins": names}});
    let rows = [
        ("POST", json!({"event": "candidateHired"}), "/url"),
        ("POST", json!({"url": url}), "/event"),
        ("POST", json!({"event": "somethingElse", "url": url}), "/event"),
        ("POST", json!({"event": "candidateHired", "url": "http://hooks.example.com/"}), "/url"),
        ("POST", json!({"event": "candidateHired", "url": "hooks.example.com"}), "/url"),
        (
            "POST",
            json!({"event": "candidateHired", "url": url, "configuration": origins(json!(["x"]))}),
            "/configuration/conditions/origins",
        ),
        (
            "POST",
            json!({"event": "contactCreated", "url": url, "configuration": origins(json!([]))}),
            "/configuration/conditions/origins",
        ),
        ("PUT", json!({}), "/data"),
        ("PUT", json!({"data": [{"url": url}]}), "/data/0/id"),
        ("PUT", json!({"data": [{"id": "nope"}]}), "/data/0/id"),
        ("PUT", json!({"data": [{"id": hired, "event": "contactCreated"}]}), "/data/0/event"),
        ("PUT", json!({"data": [{"id": hired, "url": "http://x.example/"}]}), "/data/0/url"),
        (
            "PUT",
            json!({"data": [{"id": hired, "url": "https://y.example/"},
                {"id": deleted, "configuration": origins(json!(["applied"]))}]}),
            "/data/1/configuration/conditions/origins",
        ),
    ];
    let (_, before) = send(&mock, "GET", "/webhooks", &Value::Null).await;
    for (method, body, pointer) in rows {
        let path = if method == "PUT" { "/webhooks/" } else { "/webhooks" };
        let (status, answer) = send(&mock, method, path, &body).await;
        let message = answer["message"].as_str().unwrap();
        assert_eq!(status, 400, "{body}");
        assert!(message.ends_with(&format!(" at {pointer}")), "{body} {message}");
    }
    assert_eq!(send(&mock, "GET", "/webhooks", &Value::Null).await.1, before);
}

#[tokio::test]
async fn plain_http_is_for_this_machine_and_only_if_the_mock_may() {
    let webhooks = WebhookRules { loopback_http: false, ..WebhookRules::default() };
    let strict = Mock::start(Config { webhooks, ..Config::default() }).await.unwrap();
    let body = json!({"event": "candidateHired", "url": "http://127.0.0.1:9/"});
    assert_eq!(send(&strict, "POST", "/webhooks", &body).await.0, 400);
    assert_eq!(send(&start().await, "POST", "/webhooks", &body).await.0, 201);
}

#[tokio::test]
async fn subscribers_hear_of_their_events_and_origins_and_of_nothing_else() {
    let (mock, inbox) = (start().await, Inbox::start().await);
    let id = mock.store().opportunity_ids()[0].clone();
    let before = mock.store().opportunity(&id).unwrap();
    let origin = before["origin"].as_str().unwrap();
    let others: Vec<_> = ["agency", "applied", "internal", "referred", "sourced", "university"]
        .into_iter()
        .filter(|other| *other != origin)
        .collect();
    let made = subscribe(&mock, "candidateStageChange", &inbox.url()).await;
    subscribe(&mock, "candidateDeleted", &inbox.url()).await;
    let narrowed = json!({"event": "candidateStageChange", "url": inbox.url(),
        "configuration": {"conditions": {"origins": others}}});
    assert_eq!(send(&mock, "POST", "/webhooks", &narrowed).await.0, 201);
    advance(&mock, &id, "offer").await;
    // A write that fails fires nothing.
    let path = format!("/opportunities/{id}/stage");
    assert_eq!(send(&mock, "PUT", &path, &json!({"stage": "nope"})).await.0, 400);
    mock.deliveries_settled().await;

    let taken = inbox.take();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].header("user-agent"), Some("Lever-Webhooks"));
    assert_eq!(taken[0].header("content-type"), Some("application/json"));
    let sent = taken[0].json();
    assert_eq!(sent["event"], "candidateStageChange");
    assert_eq!(
        sent["data"],
        json!({"opportunityId": id, "candidateId": id, "contactId": before["contact"],
            "fromStageId": before["stage"], "toStageId": "offer"})
    );
    assert_eq!(sent["token"].as_str().unwrap().len(), 48);
    // What the guest reads out of it: another reading of the signature.
    let key = made["configuration"]["signatureToken"].as_str().unwrap();
    let at = sent["triggeredAt"].as_u64().unwrap();
    lever::resources::webhook_events::decode_at(&taken[0].body, key, Some(0), at)
        .expect("it is authentic");
    let deliveries = mock.deliveries();
    assert_eq!((deliveries.len(), deliveries[0].is_delivered()), (1, true));
    assert_eq!(deliveries[0].id.as_deref(), sent["id"].as_str());
}

#[tokio::test]
async fn anything_but_2xx_is_tried_five_more_times_with_the_same_body() {
    let (mock, inbox) = (start().await, Inbox::start().await);
    let ids = mock.store().opportunity_ids();
    subscribe(&mock, "candidateStageChange", &inbox.url()).await;
    inbox.answer_next(&[500, 302, 404, 204]);
    advance(&mock, &ids[0], "offer").await;
    mock.deliveries_settled().await;
    let taken = inbox.take();
    assert_eq!(taken.len(), 4);
    assert!(taken.iter().all(|it| it.body == taken[0].body && it.path == taken[0].path));
    let deliveries = mock.deliveries();
    assert_eq!(statuses(&deliveries[0]), [500, 302, 404, 204]);
    assert!(deliveries[0].is_delivered());
    let times: Vec<_> = deliveries[0].attempts.iter().map(|it| it.at).collect();
    for (n, pair) in times.windows(2).enumerate() {
        assert!(pair[1] - pair[0] >= Duration::from_millis(5 << n), "{times:?}");
    }

    inbox.answer_next(&[503; 9]);
    advance(&mock, &ids[1], "offer").await;
    mock.deliveries_settled().await;
    assert_eq!((inbox.take().len(), statuses(&mock.deliveries()[1]).len()), (6, 6));
    assert!(mock.deliveries()[1].is_settled && !mock.deliveries()[1].is_delivered());
}

#[tokio::test]
async fn an_ended_subscription_and_other_machines_are_not_called() {
    let (mock, inbox) = (start().await, Inbox::start().await);
    let id = mock.store().opportunity_ids()[0].clone();
    subscribe(&mock, "candidateStageChange", "https://hooks.example.com/").await;
    advance(&mock, &id, "offer").await;
    mock.deliveries_settled().await;
    let attempts = mock.deliveries()[0].attempts.clone();
    assert!(attempts.iter().all(|it| it.result.as_ref().unwrap_err().contains("this machine")));

    let made = subscribe(&mock, "candidateStageChange", &inbox.url()).await;
    mock.hold_deliveries();
    advance(&mock, &id, "lead-new").await;
    inbox.answer_next(&[500; 6]);
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    send(&mock, "DELETE", &path, &Value::Null).await;
    mock.release_deliveries(false);
    mock.deliveries_settled().await;
    assert_eq!(inbox.take().len(), 1, "it is not tried again");
}

#[tokio::test]
async fn deliveries_come_late_in_another_order_and_twice_on_demand() {
    let (mock, inbox) = (start().await, Inbox::start().await);
    let id = mock.store().opportunity_ids()[0].clone();
    subscribe(&mock, "candidateStageChange", &inbox.url()).await;
    mock.hold_deliveries();
    for stage in ["offer", "lead-new"] {
        advance(&mock, &id, stage).await;
    }
    mock.deliveries_settled().await;
    assert!(inbox.take().is_empty());
    // One after the other, so that what is sent first arrives first.
    let held = mock.deliveries();
    for delivery in held.iter().rev() {
        assert_eq!(mock.repeat_delivery(delivery.number).await, Some(Ok(200)));
    }
    let taken: Vec<_> =
        inbox.take().iter().map(|it| it.json()["data"]["toStageId"].clone()).collect();
    assert_eq!(taken, ["lead-new", "offer"]);
    mock.release_deliveries(true);
    mock.deliveries_settled().await;
    assert_eq!(inbox.take().len(), 2);
    assert_eq!(mock.repeat_delivery(99).await, None);
}

#[tokio::test]
async fn a_ping_is_signed_and_says_nothing() {
    let (mock, inbox) = (start().await, Inbox::start().await);
    let made = subscribe(&mock, "candidateHired", &inbox.url()).await;
    inbox.answer_next(&[500]);
    let id = made["id"].as_str().unwrap();
    assert_eq!(mock.ping(id).await, Some(Ok(500)));
    assert_eq!(mock.ping("nope").await, None);
    let taken = inbox.take();
    assert_eq!(taken.len(), 1, "it is not tried again");
    let sent = taken[0].json();
    assert_eq!((&sent["data"], sent.get("id")), (&json!({}), None));
    let key = made["configuration"]["signatureToken"].as_str().unwrap();
    let event = lever::resources::webhook_events::decode_at(
        &taken[0].body,
        key,
        Some(60_000),
        super::lever::now(),
    );
    assert!(event.is_ok());
}
