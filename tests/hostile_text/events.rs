//! Deliveries that are signed and mean harm: Lever's signature covers none of
//! their words.

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use lever_host::audit::Audit;
use lever_host::webhooks::{Config, Receiver, SignatureTokens};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{NAME, is_hostile};
use crate::support::{Rig, cache};

const KEY: &str = "the-token-of-this-webhook";

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later").as_millis() as u64
}

/// A signed delivery with these words.
fn delivery(token: &str, event: &str, id: &str, data: &Value) -> String {
    let at = now();
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).expect("any key will do");
    mac.update(format!("{token}{at}").as_bytes());
    let signature: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "id": id, "event": event, "triggeredAt": at, "token": token, "signature": signature, "data": data }).to_string()
}

async fn post(receiver: &Receiver, body: &str) -> u16 {
    let mut stream = TcpStream::connect(receiver.address()).await.expect("it listens");
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // It may answer before it has read all.
    let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_one_line_whatever_it_says() {
    let jsonl = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("hostile-events-{}.jsonl", std::process::id()));
    let seen = jsonl.with_extension("jsonl.seen");
    for file in [&jsonl, &seen] {
        let _ = std::fs::remove_file(file);
    }
    let audit = Audit::in_memory();
    let receiver = Receiver::start(Config {
        jsonl: Some(jsonl.clone()),
        cache_dir: Some(cache()),
        audit: audit.clone(),
        ..Config::new(SignatureTokens::parse(KEY).expect("it is sound"))
    })
    .await
    .expect("it starts");
    let deep = (0..60).fold(json!(NAME), |inner, _| json!([inner]));
    let large = json!({ "opportunityId": "x".repeat(300_000), "other": NAME.repeat(2_000) });
    let rows = [
        (NAME, "id", json!({ "opportunityId": NAME, "contactId": NAME, "toStageId": NAME })),
        ("candidateHired", NAME, json!({ "x": NAME, NAME: [NAME, { NAME: NAME }] })),
        ("candidateHired\n{\"kind\":\"forged\"}", "id", json!({ "a": "b\n{\"kind\":\"forged\"}" })),
        ("candidateHired", "id", json!({ "deep": deep })),
        ("candidateHired", "id", large),
        (
            "candidateArchiveChange",
            "id",
            json!({ "toArchived": { "reason": NAME, "archivedAt": 1 } }),
        ),
    ];
    for (n, (event, id, data)) in rows.iter().enumerate() {
        let token = format!("{n}{NAME}");
        assert_eq!(post(&receiver, &delivery(&token, event, id, data)).await, 200, "{event:?}");
    }
    // Too large, not signed, and no delivery at all.
    let huge = delivery("huge", "candidateHired", "id", &json!({ "name": "x".repeat(1 << 20) }));
    assert_eq!(post(&receiver, &huge).await, 413);
    let forged = delivery("forged", NAME, NAME, &json!({ "x": NAME }))
        .replace("\"signature\":\"", "\"signature\":\"0");
    assert!((400..500).contains(&post(&receiver, &forged).await));
    assert!((400..500).contains(&post(&receiver, NAME).await));
    receiver.stop().await;

    let text = std::fs::read_to_string(&jsonl).expect("it is there");
    assert!(!text.contains(is_hostile), "{:?}", text.chars().find(|c| is_hostile(*c)));
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    assert_eq!(lines.len(), rows.len());
    for (line, (event, id, data)) in lines.iter().zip(&rows) {
        assert_eq!((&line["event"], &line["id"], &line["data"]), (&json!(event), &json!(id), data));
        assert_ne!(line["kind"], "forged");
    }
    for record in audit.records() {
        let line = serde_json::to_string(&record).expect("records are JSON");
        assert!(
            line.len() < 3000 && !line.contains(is_hostile) && !line.contains("Ana"),
            "{line:.3000}"
        );
        assert!(!line.contains(KEY), "{line}");
    }
    let kept = std::fs::read_to_string(&seen).expect("it is there");
    assert!(!kept.contains(is_hostile) && !kept.contains("Ana"), "{kept:?}");
    for file in [&jsonl, &seen] {
        std::fs::remove_file(file).expect("it is there");
    }
}

#[tokio::test]
async fn a_decoded_event_holds_what_was_said_and_an_error_holds_nothing_of_it() {
    let rig = Rig::new().await;
    let data = json!({ "opportunityId": NAME, "name": NAME });
    let good = delivery("token", NAME, NAME, &data);
    let event = rig.call("webhook-events.decode", json!([good, KEY])).await.expect("it is signed");
    assert_eq!(
        (&event["event"], &event["opportunity-id"], &event["kind"]),
        (&json!(NAME), &json!(NAME), &json!("other"))
    );
    // A field of another shape is in `data` alone.
    let odd = delivery("token", NAME, NAME, &json!({ "opportunityId": [NAME] }));
    let event = rig.call("webhook-events.decode", json!([odd, KEY])).await.expect("it is signed");
    assert_eq!(event.get("opportunity-id"), None);
    for (body, key) in [
        (good.clone(), "another"),
        (good.replace("\"token\":\"token\"", "\"token\":\"tokem\""), KEY),
        (NAME.to_owned(), KEY),
        (delivery("token", NAME, NAME, &json!("x".repeat(1 << 20))), KEY),
    ] {
        let error = rig.err("webhook-events.decode", json!([body, key])).await;
        let told = error.to_string();
        assert!(!told.contains("Ana") && !told.contains(KEY) && told.len() < 600, "{told:.3000}");
    }
    let records = serde_json::to_string(&rig.audit.records()).expect("records are JSON");
    assert!(!records.contains(is_hostile) && !records.contains("Ana"), "{records:.3000}");
}
