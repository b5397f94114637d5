//! Recorded shapes of Lever's answers, through the component and back: what a
//! fixture holds must come out, field by field.

use lever_host::mock::{Effect, Fault};
use serde_json::{Value, json};

use crate::support::{Rig, kebab};

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
    ] {
        let page = answered(&rig, &body, function, json!([])).await;
        assert_eq!(lost(&body["data"], &page["items"], ""), Vec::<String>::new(), "{function}");
        assert_eq!(page["next"].is_string(), body["next"].is_string());
    }
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
