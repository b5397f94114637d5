//! What Lever documents that it refuses is refused before a request is spent:
//! each rule is a row of one table, and each row is tried.

mod rows;

use serde_json::{Value, json};

use crate::support::Rig;

/// Long ago, and longer hence than any clock is wrong.
const PAST: u64 = 1_500_000_000_000;
const FUTURE: u64 = 32_503_680_000_000;

/// A function, arguments that break one rule alone, and words of the error: the
/// value, the rule or the way out.
type Row = (&'static str, Value, &'static [&'static str]);

#[tokio::test]
async fn what_breaks_a_rule_of_levers_is_refused_before_a_request_is_spent() {
    let rig = Rig::unpaced(&[]).await;
    let tables = [
        rows::in_nobodys_name(),
        rows::opportunities(),
        rows::notes(),
        rows::interviews(),
        rows::forms(),
        rows::account(),
        rows::postings(),
        rows::files(),
    ];
    let mut wrong = Vec::new();
    for (function, args, named) in tables.into_iter().flatten() {
        let shown = format!("{named:?}");
        let error = match rig.call(function, args).await {
            Err(lever_host::runtime::CallError::Component(error)) => error,
            other => {
                wrong.push(format!("{function} {shown}: {other:?}"));
                continue;
            }
        };
        let told = (error["kind"].as_str(), error["outcome"].as_str());
        let message = error["message"].as_str().unwrap_or_default();
        let is_told = named.iter().all(|words| message.contains(words));
        if told != (Some("invalid-input"), Some("not-sent")) || !is_told {
            wrong.push(format!("{function} {shown}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(rig.sent().is_empty(), "{}", rig.mock.describe());
}

#[tokio::test]
async fn what_keeps_the_rules_is_sent() {
    let rig = Rig::unpaced(&[]).await;
    let id = crate::support::opportunity(&rig);
    let user = crate::support::user(&rig);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = u64::try_from(now.expect("it is after 1970").as_millis()).expect("it fits");
    for score in 1..=4 {
        let note = json!({ "value": "x", "score": score, "created-at": now - 60_000 });
        rig.ok("notes.create", json!([id, note, null, user])).await;
    }
    for name in ["a.docx", "a.doc", "A.PDF", "a.txt", "a.jpg", "a.png"] {
        rig.ok("uploads.upload", json!([{ "name": name, "content": "x" }])).await;
    }
    let query = json!([{ "include": ["createdAt", "name", "createdAt"], "tag": ["a", "a"] }]);
    rig.ok("opportunities.list-all", query).await;
    let seen = &rig.mock.requests()[0];
    assert_eq!(seen.values("include"), ["createdAt", "name", "stage", "confidentiality"]);
    assert_eq!(seen.values("tag"), ["a"]);
}

#[tokio::test]
async fn a_custom_role_that_is_refused_is_named() {
    let rig = Rig::unpaced(&[]).await;
    let role = "7e0f3c1a-9d2b-4a35-8a4e-0b9a7f1c2d3e";
    let new = json!({ "name": "A", "email": "a@harborlight.example", "access-role": role });
    let error = rig.err("users.create", json!([new])).await;
    let message = error["message"].as_str().expect("errors have messages");
    assert!(message.contains(role) && message.contains("\"limited team member\""), "{message}");
    assert_eq!(error["kind"], "rejected");
}
