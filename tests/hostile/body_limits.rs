//! Bodies that lie about their length, are too large or never end.

use std::time::Duration;

use lever_host::runtime::CallError;
use serde_json::json;

use super::CANARY;
use super::bodies::*;

#[tokio::test]
async fn a_length_that_lies_takes_nothing_past_the_reader() {
    let (rig, targets) = rig().await;
    let hidden = format!("{{\"user\":\"{OTHER}\",\"eeoResponses\":{{\"a\":1}}}}");
    let body = format!("{{}}{hidden}");
    for target in &targets {
        for length in ["0", "2", "3", "100000", "2, 2", "+2"] {
            let headers = [("content-type", "application/json"), ("content-length", length)];
            let (said, reached) = sent(&rig, target, &headers, body.as_bytes(), json!({})).await;
            // Cut off by wasi:http or refused by the policy: of what is hidden nothing came.
            let told = format!("{length}: {said} {reached:?}");
            assert!(reached.iter().all(|body| !body.windows(4).any(|it| it == b"user")), "{told}");
            assert!(reached.iter().all(|body| body == b"{}"), "{told}");
        }
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_or_never_ends_is_let_go_of() {
    let (rig, targets) = rig().await;
    for target in &targets {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
        is_held_in(&rig, target, JSON, large.as_bytes(), json!({}), UNREADABLE).await;
        let blank = b" ".repeat(5000);
        let endless = json!({ "ending": "endless" });
        is_held_in(&rig, target, JSON, &blank, endless, UNREADABLE).await;
        let dropped = json!({ "ending": "dropped" });
        is_held_in(&rig, target, JSON, b"{}", dropped, UNREADABLE).await;
    }
    // One that is just not finished waits for as long as the call may.
    let mut rig = rig;
    rig.agent.limits.call_timeout = Duration::from_millis(300);
    for (function, message) in &targets {
        let mut message = message.clone();
        message["headers"] = json!(JSON);
        message["body"] = "{}".into();
        message["ending"] = "open".into();
        match rig.impersonate(function, vec![message]).await {
            Err(CallError::Limit(limit)) => assert!(limit.contains("0.3 s"), "{limit}"),
            other => panic!("{other:?}"),
        }
    }
    assert!(rig.mock.requests().is_empty(), "{}", rig.mock.describe());
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_component_that_goes_on_trying_bodies_is_ended() {
    let (rig, [(function, mut message), _]) = rig().await;
    message["headers"] = json!(JSON);
    message["body"] = json!({ "user": CANARY }).to_string().into();
    let messages = vec![message; 2000];
    match rig.impersonate(function, messages).await {
        Err(CallError::Refused(refusal)) => assert_eq!(refusal.rule, "perform-as"),
        other => panic!("{:.300}", format!("{other:?}")),
    }
    assert!(rig.refused().len() <= 101, "{}", rig.refused().len());
    rig.is_unharmed().await;
}
