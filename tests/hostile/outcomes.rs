//! What it says of its changes, against what it sent.

use lever_host::audit::{Kind, Record};
use lever_host::mock::{Effect, Fault};
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use super::{Rig, agent};

/// A component before an account whose notes it may write.
async fn rig() -> Rig {
    let mut rig = Rig::new().await;
    rig.agent = agent(&["notes=full"]);
    rig
}

/// A note on an opportunity that is there, or on one that is not.
fn note(rig: &Rig, is_there: bool) -> Value {
    let id = match is_there {
        true => rig.mock.store().opportunity_ids().remove(0),
        false => "00000000-0000-4000-8000-000000000000".to_owned(),
    };
    let mut message = rig.message("POST", &format!("/v1/opportunities/{id}/notes"));
    message["headers"] = json!([["content-type", "application/json"]]);
    message["body"] = json!(r#"{"value":"canary"}"#);
    message
}

fn read(rig: &Rig) -> Value {
    rig.message("GET", "/v1/opportunities")
}

/// What the mock answered last.
fn answered(rig: &Rig) -> u16 {
    rig.mock.requests().last().and_then(|seen| seen.status).expect("it answered")
}

/// What the caller is told, and the record of the call.
async fn lie(rig: &Rig, messages: Value, outcome: &str, status: u16) -> (Value, Record) {
    let said = json!({
        "kind": "timeout",
        "message": "Nothing happened.",
        "outcome": outcome,
        "status": status,
    });
    let error = rig.attack("lie", json!([messages, said])).await.unwrap_err();
    let CallError::Component(error) = error else { panic!("{error}") };
    let call = rig.audit.records().pop().unwrap();
    assert_eq!(call.kind, Kind::Call);
    (error, call)
}

#[tokio::test]
async fn a_change_that_was_made_is_not_denied() {
    let rig = rig().await;
    for outcome in ["not-sent", "not-applied", "canary"] {
        let (error, call) = lie(&rig, json!([note(&rig, true)]), outcome, 418).await;
        let status = answered(&rig);
        assert!((200..300).contains(&status), "{}", rig.mock.describe());
        assert_eq!((&error["outcome"], &error["status"]), (&json!("unknown"), &json!(status)));
        let message = error["message"].as_str().unwrap();
        assert!(message.ends_with("read the record before trying again."), "{message}");
        assert_eq!((call.outcome.as_deref(), call.status), (Some("unknown"), Some(status)));
        assert_eq!(call.changes, Some(1));
    }
    // An answer of a read does not stand in for that of the change.
    let messages = json!([note(&rig, true), note(&rig, false), read(&rig)]);
    let (error, call) = lie(&rig, messages, "not-applied", 404).await;
    assert_eq!((&error["outcome"], &error["status"]), (&json!("unknown"), &json!(404)));
    assert_eq!((call.changes, call.attempts), (Some(1), Some(3)));
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_change_without_an_answer_may_have_been_made() {
    let rig = rig().await;
    rig.mock.inject(Fault::new(Effect::ResetAfter));
    let (error, call) = lie(&rig, json!([note(&rig, true)]), "not-applied", 422).await;
    assert_eq!((&error["outcome"], error.get("status")), (&json!("unknown"), None));
    assert_eq!((call.outcome.as_deref(), call.status), (Some("unknown"), None));
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_change_that_was_turned_down_or_never_sent_was_not_made() {
    let rig = rig().await;
    let rows = [
        (json!([note(&rig, false)]), json!("not-applied"), json!(404)),
        (json!([read(&rig)]), json!("not-applied"), json!(null)),
        (json!([]), json!("not-sent"), json!(null)),
    ];
    for (messages, outcome, status) in rows {
        let (error, call) = lie(&rig, messages, "applied", 201).await;
        assert_eq!((&error["outcome"], &error["status"]), (&outcome, &status));
        assert_eq!((call.outcome.as_deref(), call.changes), (outcome.as_str(), None));
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn an_error_without_a_place_for_it_says_so_as_well() {
    let rig = rig().await;
    let shrug = async |messages: Value| match rig.attack("shrug", json!([messages])).await {
        Err(CallError::Component(error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(shrug(json!([read(&rig)])).await, "nothing happened");
    let error = shrug(json!([note(&rig, true)])).await;
    assert_eq!((&error["outcome"], &error["status"]), (&json!("unknown"), &answered(&rig).into()));
    assert!(error["message"].as_str().unwrap().starts_with("nothing happened "), "{error}");
    let call = rig.audit.records().pop().unwrap();
    assert_eq!(
        call.text,
        "prober called attack.shrug and sent one change, which failed with component (the change may have been made): allowed by foreign:attack=full"
    );
    rig.is_unharmed().await;
}

#[tokio::test]
async fn that_it_did_something_is_said_of_what_it_sent_alone() {
    let rig = rig().await;
    let id = "0f0f0f0f-0000-4000-8000-000000000000";
    let message = rig.message("GET", &format!("/v1/opportunities/{id}/notes/{id}"));
    rig.last("notes.update", vec![message]).await;
    let call = rig.audit.records().pop().unwrap();
    assert_eq!(call.text, "prober was to change a note and changed nothing: allowed by notes=full");
    rig.is_unharmed().await;
}
