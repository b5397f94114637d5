//! Forms that somebody filled with harm: their words stand in errors, which are
//! short and steer nothing.

use lever_host::mock::{Effect, Fault};
use serde_json::{Value, json};

use super::{NAME, Terminal, is_hostile};
use crate::support::Rig;

/// An error as a caller gets it, and what it says.
async fn refused(
    rig: &Rig,
    terminal: &Terminal,
    body: &Value,
    path: &str,
    function: &str,
    args: Value,
) -> String {
    let fault = || Fault::new(Effect::Body(body.to_string())).path(path).method("GET");
    rig.mock.inject(fault());
    let error = rig.err(function, args.clone()).await;
    assert_eq!(
        (&error["kind"], &error["outcome"]),
        (&json!("invalid-input"), &json!("not-sent")),
        "{function} {error:.2000}"
    );
    let message = error["message"].as_str().expect("errors have messages").to_owned();
    assert!(message.len() <= 2048, "{function}: {} bytes", message.len());
    assert!(!message.contains(is_hostile), "{function}: {message:?}");
    assert!(rig.mock.requests().iter().all(|seen| seen.method == "GET"), "{}", rig.mock.describe());
    // And in a terminal.
    rig.mock.inject(fault());
    let (out, err) = terminal.call(function, &args).await;
    assert_eq!(out, "", "{function}");
    assert!(!err.contains(is_hostile), "{function}: {err:?}");
    let shown: Value = serde_json::from_str(&err).expect("the error is JSON");
    assert_eq!(shown["message"], message.as_str());
    message
}

fn field(id: &str, kind: &str, options: usize) -> Value {
    let option =
        |n: usize| json!({ "text": format!("{NAME}{n}{}", "x".repeat(9_000)), "optionId": NAME });
    json!({
        "id": id, "type": kind, "text": NAME, "required": true,
        "options": (0..options).map(option).collect::<Vec<_>>(),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_a_template_steer_no_error() {
    let rig = Rig::new().await;
    let terminal = Terminal::new(&rig.mock, "templates");
    let path = "/feedback_templates/*";
    let template = |fields: Value| json!({ "data": { "id": "t", "text": NAME, "fields": fields } });
    let new =
        |answer: Value| json!(["o", { "base-template-id": "t", "field-values": [answer] }, "u"]);
    let text = |id: &str| json!({ "id": id, "text": "secret-answer" });
    let ten_thousand: Vec<Value> =
        (0..10_000).map(|n| field(&format!("{NAME}{n}"), "text", 0)).collect();
    let rows = [
        // An option that is none, of three and of three hundred.
        (json!([field("q", "dropdown", 3)]), text("q")),
        (json!([field("q", "multiple-choice", 300)]), text("q")),
        (json!([field(NAME, "score-system", 30)]), text(NAME)),
        // A type, an id, and ids of others.
        (json!([field("q", NAME, 0)]), json!({ "id": "q", "number": 1 })),
        (
            json!([field(&NAME.repeat(50), &NAME.repeat(50), 0)]),
            json!({ "id": NAME.repeat(50), "number": 1 }),
        ),
        (json!([field(NAME, "text", 0)]), text("another")),
        (json!(ten_thousand), text("another")),
        // One that is missing.
        (json!([field("q", "text", 0), field(NAME, NAME, 0)]), text("q")),
    ];
    for (fields, answer) in rows {
        let message =
            refused(&rig, &terminal, &template(fields), path, "feedback.create", new(answer)).await;
        assert!(!message.contains("secret-answer"), "{message}");
    }
    terminal.check_audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_a_posting_steer_no_error() {
    let rig = Rig::new().await;
    let terminal = Terminal::new(&rig.mock, "postings");
    let asked = |change: Value| {
        let mut asked = json!({
            "id": "p", "text": NAME, "customQuestions": [], "urls": [],
            "personalInformation": [
                { "name": "fullName", "required": true }, { "name": "email", "required": true },
            ],
        });
        for (name, value) in change.as_object().expect("an object") {
            asked[name] = value.clone();
        }
        json!({ "data": asked })
    };
    let person = json!([{ "name": "fullName", "value": "secret-name" }, { "name": "email", "value": "secret@x.example" }]);
    let application = |change: Value| {
        let mut application = json!({ "personal-information": person });
        for (name, value) in change.as_object().expect("an object") {
            application[name] = value.clone();
        }
        json!(["p", application])
    };
    let names: Vec<Value> =
        (0..500).map(|n| json!({ "name": format!("{NAME}{n}"), "required": n == 0 })).collect();
    let set = |id: &str, fields: Value| json!({ "id": id, "distribution": ["external"], "fields": fields });
    let sets: Vec<Value> = (0..500).map(|n| set(&format!("{NAME}{n}"), json!([]))).collect();
    let eeo = json!({ "gender": field("g", "dropdown", 30) });
    let options = json!([{ "name": "fullName" }, { "name": "email", "options": field("x", "x", 30)["options"] }]);
    let rows = [
        (json!({ "personalInformation": names }), json!({})),
        (json!({ "personalInformation": options }), json!({})),
        (json!({ "urls": [{ "name": NAME.repeat(60), "required": true }] }), json!({})),
        (json!({ "urls": names }), json!({ "urls": [{ "name": NAME, "value": "secret" }] })),
        (
            json!({ "customQuestions": sets }),
            json!({ "custom-questions": [{ "id": NAME, "fields": [] }] }),
        ),
        (json!({ "customQuestions": [set(NAME, json!([field(NAME, NAME, 30)]))] }), json!({})),
        (
            json!({ "customQuestions": [set("s", json!([field(NAME, "text", 0)]))] }),
            json!({ "custom-questions": [{ "id": "s", "fields": [
                { "id": NAME, "text": "secret" }, { "id": NAME.repeat(9), "text": "secret" },
            ] }] }),
        ),
        (json!({ "eeoQuestions": eeo }), json!({ "eeo-responses": { "gender": "secret" } })),
    ];
    for (questions, answers) in rows {
        let path = "/postings/*/apply";
        let args = application(answers);
        // The command line's agent may hand in no EEO answers, and need not.
        let message =
            refused(&rig, &terminal, &asked(questions), path, "postings.apply", args).await;
        assert!(!message.contains("secret"), "{message}");
    }
    terminal.check_audit().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn titles_and_forms_reach_the_caller_as_they_are_and_steer_nothing() {
    let rig = Rig::new().await;
    let terminal = Terminal::new(&rig.mock, "titles");
    let content = json!({ "description": NAME, "descriptionHtml": NAME, "lists": [{ "text": NAME, "content": NAME }] });
    let rows = [
        (
            "postings.get",
            json!(["p"]),
            json!({ "id": "p", "text": NAME, "content": content, "tags": [NAME] }),
            "/text",
        ),
        ("users.get", json!(["u"]), json!({ "id": "u", "name": NAME, "jobTitle": NAME }), "/name"),
        ("stages.get", json!(["s"]), json!({ "id": "s", "text": NAME }), "/text"),
        (
            "notes.get",
            json!(["o", "n"]),
            json!({ "id": "n", "text": NAME, "fields": [{ "type": "note", "value": NAME }] }),
            "/text",
        ),
        (
            "panels.get",
            json!(["o", "p"]),
            json!({ "id": "p", "note": NAME, "interviews": [{ "id": "i", "subject": NAME }] }),
            "/note",
        ),
        (
            "interviews.get",
            json!(["o", "i"]),
            json!({ "id": "i", "subject": NAME, "location": NAME }),
            "/subject",
        ),
        (
            "feedback.get",
            json!(["o", "f"]),
            json!({ "id": "f", "text": NAME, "fields": [{ "id": "q", "type": "text", "value": NAME }] }),
            "/text",
        ),
        (
            "feedback-templates.get",
            json!(["t"]),
            json!({ "id": "t", "text": NAME, "fields": [field(NAME, NAME, 3)] }),
            "/text",
        ),
        ("files.get", json!(["o", "f"]), json!({ "id": "f", "name": NAME, "ext": NAME }), "/name"),
        (
            "resumes.get",
            json!(["o", "r"]),
            json!({ "id": "r", "file": { "name": NAME } }),
            "/file/name",
        ),
        (
            "applications.get",
            json!(["o", "a"]),
            json!({ "id": "a", "name": NAME, "comments": NAME }),
            "/name",
        ),
        ("archive-reasons.get", json!(["r"]), json!({ "id": "r", "text": NAME }), "/text"),
    ];
    for (function, args, record, place) in rows {
        let body = json!({ "data": record }).to_string();
        rig.mock.inject(Fault::new(Effect::Body(body.clone())));
        let found = rig
            .call(function, args.clone())
            .await
            .unwrap_or_else(|error| panic!("{function}: {error}"));
        assert_eq!(found.pointer(place), Some(&json!(NAME)), "{function}");
        rig.mock.inject(Fault::new(Effect::Body(body)));
        let (out, err) = terminal.call(function, &args).await;
        assert!(!out.contains(is_hostile), "{function}: {out:?}");
        assert_eq!(err, "", "{function}");
        let shown: Value = serde_json::from_str(&out).expect("the result is JSON");
        assert_eq!(shown, found, "{function}");
    }
    terminal.check_audit().await;
}
