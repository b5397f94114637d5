//! Answers that are not quite what Lever documents: what has a plain meaning is
//! read, and what has none costs only itself.

use lever_host::mock::{Content, Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Rig, opportunity, user};

/// The answer to the next request that has this path.
fn answers(rig: &Rig, body: &Value) {
    rig.mock.inject(Fault::new(Effect::Body(body.to_string())));
}

#[tokio::test]
async fn one_odd_record_costs_nobody_the_page() {
    let rig = Rig::new().await;
    let rows = json!([
        { "id": "a", "name": 123, "createdAt": 1.5, "isAnonymized": 0, "tags": [2024, null] },
        { "id": "b", "createdAt": -1, "emails": {}, "phones": [{ "type": null, "value": null }] },
        { "id": { "secret": "Ana Lindgren" } },
        { "id": "c", "archived": { "reason": null, "archivedAt": 5 } },
        null,
    ]);
    for function in ["opportunities.list-page", "opportunities.list-all"] {
        answers(&rig, &json!({ "data": rows, "hasNext": false }));
        let page = rig.ok(function, json!([])).await;
        let ids: Vec<&Value> =
            page["items"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
        assert_eq!(ids, ["a", "b", "c"], "{function}");
        let [a, b, c] = [0, 1, 2].map(|n| &page["items"][n]);
        assert_eq!(
            (&a["name"], &a["created-at"], &a["is-anonymized"], &a["tags"], &a["other"]),
            (&json!("123"), &json!(1), &json!(false), &json!(["2024"]), &Value::Null)
        );
        assert_eq!(
            (&b["created-at"], &b["emails"], &b["phones"]),
            (&Value::Null, &json!([]), &json!([]))
        );
        assert_eq!(b["other"], r#"{"createdAt":-1}"#);
        assert_eq!(c["archived"], json!({ "archived-at": 5 }));
        let skipped =
            json!([{ "position": 2, "path": "data[2].id", "reason": "expected a string" }]);
        assert_eq!(page["skipped"], skipped, "{function}");
    }
}

#[tokio::test]
async fn of_many_lists_each_names_what_it_skips() {
    let rig = Rig::new().await;
    answers(&rig, &json!({ "data": [{ "id": "n" }, { "text": "no id" }] }));
    let results = rig.ok("notes.list-for-many", json!([[opportunity(&rig)]])).await;
    assert_eq!(results[0]["items"][0]["id"], "n");
    assert_eq!(results[0]["skipped"][0]["path"], "data[1].id");
    assert_eq!(results[0]["error"], Value::Null);
}

#[tokio::test]
async fn what_the_wit_does_not_know_comes_as_json() {
    let rig = Rig::new().await;
    let record = json!({ "id": "o", "recap": "warm", "relationship": { "kind": "alumni" }, "newKey": [1, null] });
    answers(&rig, &json!({ "data": record }));
    let read = rig.ok("opportunities.get", json!(["o"])).await;
    let text = |name: &str| read[name].as_str().unwrap().to_owned();
    let open = |name: &str| serde_json::from_str::<Value>(&text(name)).unwrap();
    assert_eq!(open("recap"), json!("warm"));
    assert_eq!(open("relationship"), json!({ "kind": "alumni" }));
    assert_eq!(open("other"), json!({ "newKey": [1, null] }));
    // Nothing besides is a field.
    let stage = rig.ok("stages.list-page", json!([])).await["items"][0].clone();
    assert_eq!(stage.get("other"), None);
}

#[tokio::test]
async fn a_replacement_that_would_lose_something_is_not_written() {
    let rig = Rig::new().await;
    let panel = json!({
        "id": "p", "externallyManaged": true, "applications": ["a"], "timezone": "UTC",
        "interviews": [{ "id": "i", "date": 1, "duration": 30, "interviewers": [{ "id": "u" }] }, "odd"],
    });
    answers(&rig, &json!({ "data": panel }));
    rig.mock.clear_requests();
    let change = json!({ "timezone": "Europe/Lisbon" });
    let error = rig.err("panels.update", json!(["o", "p", change, user(&rig)])).await;
    assert_eq!(
        (&error["kind"], &error["outcome"]),
        (&json!("malformed-answer"), &json!("not-applied"))
    );
    assert!(error["message"].as_str().unwrap().contains("has interviews"), "{error}");
    assert!(rig.mock.requests().iter().all(|seen| seen.method == "GET"));
}

#[tokio::test]
async fn a_tag_with_a_tab_is_filtered_by() {
    let rig = Rig::new().await;
    let id = opportunity(&rig);
    rig.ok("opportunities.add-tags", json!([id, ["one\ttwo"], user(&rig)])).await;
    let page = rig.ok("opportunities.list-page", json!([{ "tag": ["one\ttwo"] }])).await;
    let ids: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(ids, [&json!(id)]);
}

#[tokio::test]
async fn a_refusal_that_is_not_levers_blames_neither_credential_nor_id() {
    let rig = Rig::new().await;
    for code in [401, 403, 404] {
        let effect = Effect::Status { code, body: Content::Html, headers: vec![] };
        rig.mock.inject(Fault::new(effect));
        let error = rig.err("stages.list-page", json!([])).await;
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("something in between"), "{message}");
        assert!(!message.contains("permission") && !message.contains("Check the id"), "{message}");
    }
}
