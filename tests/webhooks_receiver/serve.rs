//! `lever-host`'s receiver: what it writes, remembers, hands on and records.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lever_host::audit::{Audit, Decision};
use lever_host::webhooks::{Config, Forward, Receiver, SignatureTokens, WebhookError};
use serde_json::{Value, json};

use super::lever::{Answer, Inbox, delivery, fresh, now, post};
use crate::support::cache;

/// A folder of a test's own, gone with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name =
            format!("webhooks-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn jsonl(&self) -> PathBuf {
        self.path("events.jsonl")
    }

    /// The events written, each a whole line of JSON.
    pub fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.jsonl()).unwrap_or_default();
        assert!(text.is_empty() || text.ends_with('\n'), "{text}");
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A receiver of the webhooks `first` and `second` that writes to the folder.
pub fn config(folder: &Folder) -> Config {
    Config {
        jsonl: Some(folder.jsonl()),
        cache_dir: Some(cache()),
        ..Config::new(SignatureTokens::parse("first\nsecond").unwrap())
    }
}

pub async fn start(folder: &Folder) -> Receiver {
    Receiver::start(config(folder)).await.expect("it starts")
}

fn is(answer: Answer, status: u16, word: &str) {
    assert_eq!((answer.0, answer.1.as_str()), (status, word));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_the_reference_is_written_as_it_was_sent() {
    let folder = Folder::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/webhooks");
    let vectors = std::fs::read_to_string(fixtures.join("_signature_vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&vectors).unwrap();
    let receiver = Receiver::start(Config {
        tokens: SignatureTokens::parse(vectors["signatureToken"].as_str().unwrap()).unwrap(),
        // They are of 2025.
        max_age: Duration::from_secs(50 * 365 * 24 * 60 * 60),
        ..config(&folder)
    })
    .await
    .unwrap();
    let rows = vectors["vectors"].as_array().unwrap();
    assert!(rows.len() >= 10);
    let mut expected = Vec::new();
    for row in rows {
        let file = row["file"].as_str().unwrap();
        let body = std::fs::read_to_string(fixtures.join(file)).unwrap();
        if file == "_test_ping.json" {
            is(post(receiver.address(), &body).await, 200, "ping");
            continue;
        }
        is(post(receiver.address(), &body).await, 200, "accepted");
        expected.push(serde_json::from_str::<Value>(&body).unwrap());
    }
    let events = folder.events();
    assert_eq!(events.len(), expected.len());
    for (event, sent) in events.iter().zip(&expected) {
        for key in ["id", "event", "triggeredAt", "token", "data"] {
            assert_eq!(event[key], sent[key], "{key}");
        }
        assert!(event.get("signature").is_none());
        let kind = event["kind"].as_str().unwrap();
        assert_eq!(kind.replace('-', ""), sent["event"].as_str().unwrap().to_lowercase());
        for (key, value) in sent["data"].as_object().unwrap() {
            assert!(event[key] == *value || value.is_null(), "{key}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tampered_old_and_foreign_deliveries_are_refused() {
    let folder = Folder::new();
    let receiver = Receiver::start(Config { max_age: Duration::from_secs(60), ..config(&folder) });
    let receiver = receiver.await.unwrap();
    let at = receiver.address();
    let data = json!({"opportunityId": "o"});
    let good = fresh("first", "t", "o");
    let rows = [
        (good.replace("\"t\"", "\"u\""), 401, "forged"),
        (good.replace("triggeredAt\":1", "triggeredAt\":2"), 401, "forged"),
        (fresh("third", "t", "o"), 401, "forged"),
        (fresh("first,second", "t", "o"), 401, "forged"),
        (fresh("", "t", "o"), 401, "forged"),
        (delivery("first", "t", now() - 61_000, "candidateHired", data.clone()), 401, "old"),
        (delivery("first", "t", now() + 70_000, "candidateHired", data), 401, "future"),
        (String::new(), 400, "no-delivery"),
        ("null".to_owned(), 400, "no-delivery"),
        ("{\"a\":".repeat(50_000), 400, "no-delivery"),
    ];
    for (body, status, word) in rows {
        is(post(at, &body).await, status, word);
    }
    assert!(folder.events().is_empty());
    is(post(at, &good).await, 200, "accepted");
    // The signature does not cover data: the token does not serve again.
    is(post(at, &good.replace("\"o\"", "\"p\"")).await, 401, "altered");
    is(post(at, &good.replace("candidateHired", "candidateDeleted")).await, 401, "altered");
    is(post(at, &good).await, 200, "repeat");
    assert_eq!(folder.events().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_is_known_after_a_restart() {
    let folder = Folder::new();
    let good = fresh("first", "t", "o");
    for word in ["accepted", "repeat", "repeat"] {
        let receiver = start(&folder).await;
        is(post(receiver.address(), &good).await, 200, word);
        receiver.stop().await;
    }
    // Even if whoever reads the events has taken them away.
    std::fs::remove_file(folder.jsonl()).unwrap();
    let receiver = start(&folder).await;
    is(post(receiver.address(), &good).await, 200, "repeat");
    assert!(folder.events().is_empty());
    // Two processes would not know of each other's.
    let second = Receiver::start(config(&folder)).await.err().expect("it is in use");
    assert!(matches!(second, WebhookError::File { .. }));
    assert!(second.to_string().contains("another lever-host is using it"), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_delivery_many_times_at_once_is_written_once() {
    let folder = Folder::new();
    let receiver = start(&folder).await;
    let at = receiver.address();
    let tries: Vec<_> = (0..200)
        .map(|n| {
            let body = fresh("first", &format!("t{}", n % 10), "o");
            tokio::spawn(async move { post(at, &body).await })
        })
        .collect();
    let mut accepted = 0;
    for one in tries {
        let (status, word) = one.await.unwrap();
        accepted += u32::from(word == "accepted");
        // Some were made in other milliseconds, so they are not the same body,
        // but tell of the same.
        assert!(["accepted", "repeat", "busy"].contains(&word.as_str()), "{status} {word}");
    }
    assert_eq!((accepted, folder.events().len()), (10, 10));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_delivery_leaves_a_record_that_names_nobody() {
    let folder = Folder::new();
    let audit = Audit::in_memory();
    let receiver =
        Receiver::start(Config { audit: audit.clone(), ..config(&folder) }).await.unwrap();
    let at = receiver.address();
    let secret = delivery(
        "first",
        "nonce-of-ana",
        now(),
        "anaEvent",
        json!({"opportunityId": "ana", "name": "Ana <ana@example.com>"}),
    );
    for body in [&fresh("first", "t", "o"), &fresh("third", "t", "o"), &secret, "ana@example.com"] {
        post(at, body).await;
    }
    let records = audit.records();
    let told: Vec<_> = records
        .iter()
        .map(|it| (it.decision, it.rule.as_str(), it.status.unwrap(), it.text.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (
                Decision::Allowed,
                "accepted",
                200,
                "a delivery of candidate-hired was taken: accepted"
            ),
            (Decision::Refused, "forged", 401, "a delivery was refused: forged"),
            (Decision::Allowed, "accepted", 200, "a delivery of other was taken: accepted"),
            (Decision::Refused, "no-delivery", 400, "a delivery was refused: no-delivery"),
        ]
    );
    let all = serde_json::to_string(&records).unwrap();
    assert!(!all.contains("ana") && !all.contains("first"), "{all}");
    let digest = lever_host::runtime::digest(lever_host::embedded::WEBHOOKS);
    assert!(records.iter().all(|it| digest.starts_with(&it.component) && it.component.len() == 16));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_not_answered_2xx() {
    let folder = Folder::new();
    let audit = Audit::to_file("/dev/full").unwrap();
    let receiver = Receiver::start(Config { audit, ..config(&folder) }).await.unwrap();
    is(post(receiver.address(), &fresh("first", "t", "o")).await, 503, "no-record");
    is(post(receiver.address(), &fresh("first", "u", "o")).await, 503, "no-record");
    // The first was taken before that was known, and is a repeat when it comes
    // again; nothing is taken after.
    assert_eq!(folder.events().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_handed_on_before_they_are_written() {
    let (folder, inbox) = (Folder::new(), Inbox::start().await);
    let forward = Forward::parse(&inbox.url()).unwrap();
    let forward = forward.authorized("Bearer mine").unwrap().allowing_loopback(true);
    let receiver =
        Receiver::start(Config { forward: Some(forward), ..config(&folder) }).await.unwrap();
    let at = receiver.address();
    let good = fresh("first", "t", "o");
    inbox.answer_next(&[500, 301, 429]);
    for _ in 0..3 {
        is(post(at, &good).await, 503, "not-forwarded");
    }
    assert!(folder.events().is_empty());
    is(post(at, &good).await, 200, "accepted");
    is(post(at, &good).await, 200, "repeat");
    let taken = inbox.take();
    assert_eq!(taken.len(), 4);
    assert_eq!(taken[3].json(), folder.events()[0]);
    assert_eq!(taken[3].header("authorization"), Some("Bearer mine"));
    assert!(taken.iter().all(|taken| taken.path == "/events?code=1"));
    inbox.answer_next(&[409]);
    is(post(at, &fresh("first", "u", "o")).await, 401, "altered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forward_url_of_this_machine_needs_the_switch() {
    let (folder, inbox) = (Folder::new(), Inbox::start().await);
    let forward = Some(Forward::parse(&inbox.url()).unwrap());
    let refused = Receiver::start(Config { forward, ..config(&folder) }).await.err();
    let error = refused.expect("it is refused at the start").to_string();
    assert!(error.contains("loopback") && error.contains("--allow-loopback"), "{error}");
    assert!(inbox.take().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_something_else_in_it_is_left_alone() {
    let folder = Folder::new();
    std::fs::write(folder.jsonl(), "my notes").unwrap();
    let error = Receiver::start(config(&folder)).await.err().expect("it is refused").to_string();
    assert!(error.contains("events.jsonl cannot be used"), "{error}");
    assert_eq!(std::fs::read_to_string(folder.jsonl()).unwrap(), "my notes");
}
