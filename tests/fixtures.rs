//! Recorded shapes of Lever's answers, through the component and back: what a
//! fixture holds must come out, field by field.

use lever_host::mock::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Rig, kebab, user};

macro_rules! fixture {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("fixtures/", $name, ".json")))
            .expect("fixtures are JSON")
    };
}

/// What is in the fixture and not in the record, by path.
fn lost(fixture: &Value, record: &Value, path: &str) -> Vec<String> {
    let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match (fixture, record) {
        (Value::Null, Value::Null) => vec![],
        // Absence is an empty list where lists are.
        (Value::Null, Value::Array(items)) if items.is_empty() => vec![],
        // An id, read as a reference.
        (Value::String(id), Value::Object(reference))
            if reference.get("id") == Some(&json!(id)) =>
        {
            vec![]
        }
        // Open JSON, carried as text.
        (open, Value::String(text)) if !open.is_string() => match serde_json::from_str(text) {
            Ok::<Value, _>(value) if value == *open => vec![],
            _ => vec![path.to_owned()],
        },
        (Value::String(text), Value::String(json))
            if serde_json::from_str(json).ok() == Some(json!(text)) =>
        {
            vec![]
        }
        // A list that Lever keys by one of its fields.
        (Value::Object(fields), Value::Array(items)) if fields.len() == items.len() => {
            let pair = |((key, value), item): ((&String, &Value), _)| lost(value, item, &at(key));
            fields.iter().zip(items).flat_map(pair).collect()
        }
        (Value::Object(fields), Value::Object(record)) => {
            // An expanded object stands in its reference under its own name.
            let inner = record.values().find(|value| value.is_object());
            let expanded = record.len() == 2 && record.contains_key("id") && fields.len() > 1;
            let record = match inner.and_then(Value::as_object) {
                Some(inner) if expanded => inner,
                _ => record,
            };
            let pair = |(key, value): (&String, &Value)| {
                lost(value, record.get(&kebab(key)).unwrap_or(&Value::Null), &at(key))
            };
            fields.iter().flat_map(pair).collect()
        }
        (Value::Array(items), Value::Array(records)) if items.len() == records.len() => {
            let pair = |(place, (item, record))| lost(item, record, &at(&format!("[{place}]")));
            items.iter().zip(records).enumerate().flat_map(pair).collect()
        }
        (Value::Number(a), Value::Number(b)) if a.as_f64() == b.as_f64() => vec![],
        (a, b) if a == b => vec![],
        _ => vec![path.to_owned()],
    }
}

async fn answered(rig: &Rig, body: &Value, function: &str, args: Value) -> Value {
    rig.mock.inject(Fault::new(Effect::Body(body.to_string())));
    rig.call(function, args).await.unwrap_or_else(|error| panic!("{function}: {error:?}"))
}

#[tokio::test]
async fn single_records_lose_nothing() {
    let rig = Rig::new().await;
    let opportunity = json!(["o"]);
    let rows = [
        ("opportunities.get", opportunity.clone(), fixture!("opportunity")),
        ("opportunities.get", opportunity.clone(), fixture!("opportunity_archived")),
        ("opportunities.get", opportunity.clone(), fixture!("opportunity_expanded")),
        ("opportunities.get", opportunity.clone(), fixture!("opportunity_lead_minimal")),
        (
            "opportunities.get",
            opportunity,
            fixture!("opportunity_mutation_response")["data"].clone(),
        ),
        ("notes.get", json!(["o", "n"]), fixture!("note")),
        ("stages.get", json!(["s"]), fixture!("stage")),
        ("stages.get", json!(["s"]), fixture!("stage_builtin")),
        ("archive-reasons.get", json!(["a"]), fixture!("archive_reason")),
        ("archive-reasons.get", json!(["a"]), fixture!("archive_reason_hired")),
        ("users.get", json!(["u"]), fixture!("user")),
        ("users.get", json!(["u"]), fixture!("user_deactivated")),
        ("users.get", json!(["u"]), fixture!("user_minimal")),
        ("applications.get", json!(["o", "a"]), fixture!("application")),
        ("applications.get", json!(["o", "a"]), fixture!("application_user_type_archived")),
        ("applications.get", json!(["o", "a"]), fixture!("application_referral_type")),
        ("postings.get", json!(["p"]), fixture!("posting")),
        ("postings.get", json!(["p"]), fixture!("posting_draft")),
        ("postings.get-apply-questions", json!(["p"]), fixture!("apply_questions")),
        ("interviews.get", json!(["o", "i"]), fixture!("interview")),
        ("panels.get", json!(["o", "p"]), fixture!("panel")),
        ("feedback.get", json!(["o", "f"]), fixture!("feedback")),
        ("feedback-templates.get", json!(["t"]), fixture!("feedback_template")),
        ("resumes.get", json!(["o", "r"]), fixture!("resume")),
        ("resumes.get", json!(["o", "r"]), fixture!("resume_unprocessable")),
        ("files.get", json!(["o", "f"]), fixture!("file")),
    ];
    for (function, args, fixture) in rows {
        let record = answered(&rig, &json!({ "data": fixture }), function, args).await;
        assert_eq!(lost(&fixture, &record, ""), Vec::<String>::new(), "{function}");
    }
}

#[tokio::test]
async fn every_kind_of_form_field_loses_nothing() {
    let rig = Rig::new().await;
    let fields = fixture!("form_fields_all_types");
    let application = json!({ "id": "a", "customQuestions": [{ "fields": fields }] });
    let body = json!({ "data": { "id": "o", "applications": [application] } });
    let record = answered(&rig, &body, "opportunities.get", json!(["o"])).await;
    let read = &record["applications"][0]["application"]["custom-questions"][0]["fields"];
    assert_eq!(lost(&fields, read, ""), Vec::<String>::new());
}

#[tokio::test]
async fn lists_lose_nothing() {
    let rig = Rig::new().await;
    for (function, body) in [
        ("opportunities.list-page", fixture!("list_opportunities_response")),
        ("stages.list-page", fixture!("list_stages_response")),
        ("users.list-page", fixture!("list_users_response")),
        ("webhooks.list-page", fixture!("list_webhooks_response")),
    ] {
        let page = answered(&rig, &body, function, json!([])).await;
        assert_eq!(lost(&body["data"], &page["items"], ""), Vec::<String>::new(), "{function}");
        assert_eq!(page["next"].is_string(), body["next"].is_string());
    }
}

#[tokio::test]
async fn rows_of_lists_lose_nothing() {
    let rig = Rig::new().await;
    let span = json!({ "deleted-at-start": 0, "deleted-at-end": 1 });
    for (function, args, row) in [
        ("offers.list-page", json!(["o"]), fixture!("offer")),
        ("offers.list-page", json!(["o"]), fixture!("offer_draft")),
        ("opportunities.list-deleted", json!([]), fixture!("opportunity_deleted")),
        ("opportunities.list-file-actions", json!(["o"]), fixture!("file_action")),
        ("applications.list-deleted", json!([span]), fixture!("application_deleted")),
        ("postings.list-deleted", json!([span]), fixture!("posting_deleted")),
    ] {
        let page = answered(&rig, &json!({ "data": [row] }), function, args).await;
        assert_eq!(lost(&row, &page["items"][0], ""), Vec::<String>::new(), "{function}");
    }
}

#[tokio::test]
async fn answers_to_writes_lose_nothing() {
    let rig = Rig::new().await;
    let user = user(&rig);
    let file = json!({ "name": "a.pdf", "content": "x" });
    let new = json!({ "name": "x", "email": "x@example.com" });
    let hook = json!([{ "url": "https://x.example/", "event": "candidateStageChange" }]);
    for (function, args, answer) in [
        ("uploads.upload", json!([file]), fixture!("upload")),
        ("files.upload", json!(["o", file, user]), fixture!("file")),
        ("users.create", json!([new]), fixture!("user")),
        ("users.deactivate", json!(["u"]), fixture!("user_deactivated")),
        ("webhooks.create", hook, fixture!("webhook_create_response")["data"].clone()),
    ] {
        let record = answered(&rig, &json!({ "data": answer }), function, args).await;
        assert_eq!(lost(&answer, &record, ""), Vec::<String>::new(), "{function}");
    }
    let body = fixture!("opportunity_create_response");
    let made = answered(&rig, &body, "opportunities.create", json!([{ "name": "x" }, user])).await;
    assert_eq!(made["deduped"], body["deduped"]);
    assert_eq!(lost(&body["data"], &made["opportunity"], ""), Vec::<String>::new());
}

#[tokio::test]
async fn numbers_that_come_as_text_are_numbers() {
    let rig = Rig::new().await;
    let mut file = fixture!("file");
    file["size"] = json!("278575");
    file["uploadedAt"] = json!("1767348000000");
    let record = answered(&rig, &json!({ "data": file }), "files.get", json!(["o", "f"])).await;
    assert_eq!(
        (&record["size"], &record["uploaded-at"]),
        (&json!(278_575), &json!(1_767_348_000_000_u64))
    );
}

#[tokio::test]
async fn a_created_note_is_taken_from_the_recorded_answer() {
    let rig = Rig::new().await;
    let body = fixture!("note_create_response");
    let note = answered(&rig, &body, "notes.create", json!(["o", { "value": "x" }])).await;
    assert_eq!(note["id"], body["data"]["noteId"]);
    assert_eq!(lost(&body["data"]["fields"], &note["fields"], ""), Vec::<String>::new());
}

#[tokio::test]
async fn recorded_errors_keep_their_code_and_message() {
    let rig = Rig::new().await;
    let rows = [
        (400, "rejected", fixture!("error_400_bad_request")),
        (401, "unauthorized", fixture!("error_401_unauthorized")),
        (404, "not-found", fixture!("error_404_path")),
        (404, "not-found", fixture!("error_404_resource")),
    ];
    for (status, kind, body) in rows {
        let content = lever_host::mock::Content::Json(body.clone());
        rig.mock.inject(Fault::new(Effect::Status {
            code: status,
            body: content,
            headers: vec![],
        }));
        let error = rig.err("stages.get", json!(["s"])).await;
        assert_eq!(error["kind"], kind);
        assert_eq!(error["code"], body["code"]);
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains(body["message"].as_str().unwrap().trim_end_matches('.')),
            "{message}"
        );
    }
}
