//! Feedback and its templates over loopback: filled in by the template, changed, deleted softly.

use serde_json::{Value, json};

use super::{first, get, ids, send, start, user};
use crate::{Config, Mock};

/// The template with this title and the most fields.
fn template(mock: &Mock, title: &str) -> Value {
    let templates = mock.store().feedback_templates().into_iter();
    let fields = |it: &Value| it["fields"].as_array().unwrap().len();
    templates.filter(|it| it["text"] == title).max_by_key(fields).unwrap()
}

/// Values for the fields of these types, each once.
fn values(template: &Value, values: &[(&str, Value)]) -> Value {
    let fields = template["fields"].as_array().unwrap();
    let of = |kind: &str| fields.iter().find(|field| field["type"] == kind).unwrap()["id"].clone();
    values.iter().map(|(kind, value)| json!({"id": of(kind), "value": value})).collect()
}

fn paths(mock: &Mock) -> (String, String) {
    let (id, _) = first(mock, |row| {
        mock.store().feedback(row["id"].as_str().unwrap()).is_empty()
            && !mock.store().panels(row["id"].as_str().unwrap()).is_empty()
    });
    let path = format!("/opportunities/{id}/feedback");
    (id, path)
}

#[tokio::test]
async fn feedback_is_the_template_with_its_answers() {
    let mock = start(Config::default()).await;
    let (id, path) = paths(&mock);
    let screen = template(&mock, "Phone screen");
    let panel = mock.store().panels(&id)[0].clone();
    let interview = panel["interviews"][0]["id"].clone();
    let body = json!({
        "baseTemplateId": screen["id"],
        "panel": panel["id"],
        "interview": interview,
        "fieldValues": values(&screen, &[
            ("score-system", json!("3 - Hire")),
            ("scorecard", json!([{"score": 3, "comment": "x"}, {"score": 4}])),
            ("yes-no", json!("yes")),
        ]),
    });
    let target = format!("{path}?perform_as={}", user(&mock));
    let (status, answer) = send(&mock, "POST", &target, &body).await;
    assert_eq!(status, 201, "{answer}");
    let made = &answer["data"];
    for (name, value) in [
        ("type", json!("interview")),
        ("text", json!("Phone screen")),
        ("instructions", screen["instructions"].clone()),
        ("user", json!(user(&mock))),
        ("interview", interview.clone()),
        ("deletedAt", Value::Null),
        ("updatedAt", Value::Null),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    assert!(made["completedAt"].is_u64());
    assert_eq!(made["fields"][0]["value"], "3 - Hire");
    assert_eq!(made["fields"][0]["id"], screen["fields"][0]["id"]);
    assert_eq!(made["fields"][2]["value"], Value::Null);
    let shown = mock.store().interviews(&id).into_iter().find(|it| it["id"] == interview).unwrap();
    assert_eq!(shown["feedbackForms"], json!([made["id"]]));
    let (_, body) = get(&mock, &format!("{path}?expand=user")).await;
    assert_eq!(ids(&body), [made["id"].as_str().unwrap()]);
    assert!(body["data"][0]["user"]["email"].is_string());
    let expand = format!("/opportunities/{id}/interviews?expand=feedbackForms");
    let (_, body) = get(&mock, &expand).await;
    let mut forms = body["data"].as_array().unwrap().iter().map(|it| &it["feedbackForms"]);
    assert!(forms.any(|forms| forms[0]["baseTemplateId"] == screen["id"]));
}

#[tokio::test]
async fn feedback_that_does_not_fit_its_template_is_refused_by_field() {
    let mock = start(Config::default()).await;
    let (id, path) = paths(&mock);
    let every = template(&mock, "Everything");
    let needed = [
        ("score-system", json!("3 - Hire")),
        ("date", json!(1_767_607_200_000_u64)),
        ("multiple-select", json!(["Go"])),
        ("yes-no", json!("no")),
    ];
    let sound = json!({"baseTemplateId": every["id"], "fieldValues": values(&every, &needed)});
    let panel = mock.store().panels(&id)[0].clone();
    let with = |extra: &[(&str, Value)]| {
        let mut all = needed.to_vec();
        all.extend_from_slice(extra);
        values(&every, &all)
    };
    let rows = [
        ("baseTemplateId", json!("x"), "/baseTemplateId"),
        ("panel", panel["id"].clone(), "/interview"),
        ("interview", panel["interviews"][0]["id"].clone(), "/panel"),
        ("fieldValues", values(&every, &needed[1..]), "/fieldValues"),
        ("fieldValues", json!([{"id": "x", "value": 1}]), "/fieldValues/0/id"),
        ("fieldValues", with(&[("yes-no", json!("yes"))]), "/fieldValues/4/id"),
        ("fieldValues", with(&[("score", json!(5))]), "/fieldValues/4/value"),
        ("fieldValues", with(&[("currency", json!("5"))]), "/fieldValues/4/value"),
        ("fieldValues", with(&[("scorecard", json!([]))]), ""),
        ("completedAt", json!(4_000_000_000_000_u64), "/completedAt"),
    ];
    let target = format!("{path}?perform_as={}", user(&mock));
    for (name, value, pointer) in rows {
        let mut body = sound.clone();
        body[name] = value.clone();
        let (status, answer) = send(&mock, "POST", &target, &body).await;
        if pointer.is_empty() {
            assert_eq!(status, 201, "{answer}");
            continue;
        }
        let message = answer["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{name}: {value}");
        assert!(message.ends_with(&format!(" at {pointer}")), "{name}: {message}");
    }
    let both = json!({"panel": panel["id"], "interview": "x", "baseTemplateId": every["id"]});
    assert_eq!(send(&mock, "POST", &target, &both).await.0, 400);
}

#[tokio::test]
async fn a_change_keeps_other_answers_and_answers_in_another_shape() {
    let mock = start(Config::default()).await;
    let (id, path) = paths(&mock);
    let screen = template(&mock, "Phone screen");
    let first_values = [("score-system", json!("3 - Hire")), ("yes-no", json!("yes"))];
    let body =
        json!({"baseTemplateId": screen["id"], "fieldValues": values(&screen, &first_values)});
    let actor = user(&mock);
    let (_, made) = send(&mock, "POST", &format!("{path}?perform_as={actor}"), &body).await;
    let one = format!("{path}/{}", made["data"]["id"].as_str().unwrap());
    let target = format!("{one}?perform_as={actor}");
    let change = json!({"fieldValues": values(&screen, &[("score", json!(2))])});
    let (status, raw) = send(&mock, "PUT", &target, &change).await;
    let raw = &raw["data"];
    assert_eq!((status, &raw["profileId"], &raw["userId"]), (200, &json!(id), &json!(actor)));
    assert!(raw["accountId"].is_string() && raw["updatedAt"].is_u64());
    assert_eq!((&raw["isCompleted"], raw.get("user")), (&json!(true), None));
    let score = &raw["fields"][0];
    assert_eq!((&score["type"], &score["overall"]), (&json!("score"), &json!(true)));
    let (_, read) = get(&mock, &one).await;
    let field = |kind: &str| {
        let fields = read["data"]["fields"].as_array().unwrap();
        fields.iter().find(|field| field["type"] == kind).unwrap()["value"].clone()
    };
    assert_eq!(
        (field("score-system"), field("yes-no"), field("score")),
        (json!("3 - Hire"), json!("yes"), json!(2))
    );
    let blank = json!({"fieldValues": values(&screen, &[("score-system", Value::Null)])});
    assert_eq!(send(&mock, "PUT", &target, &blank).await.0, 400);
}

#[tokio::test]
async fn a_deleted_form_is_still_there_and_says_so() {
    let mock = start(Config::default()).await;
    let (_, path) = paths(&mock);
    let screen = template(&mock, "Phone screen");
    let needed = [("score-system", json!("3 - Hire"))];
    let body = json!({"baseTemplateId": screen["id"], "fieldValues": values(&screen, &needed)});
    let actor = user(&mock);
    let (_, made) = send(&mock, "POST", &format!("{path}?perform_as={actor}"), &body).await;
    let one = format!("{path}/{}", made["data"]["id"].as_str().unwrap());
    let target = format!("{one}?perform_as={actor}");
    assert_eq!(send(&mock, "DELETE", &target, &Value::Null).await, (204, Value::Null));
    let (status, read) = get(&mock, &one).await;
    assert!(status == 200 && read["data"]["deletedAt"].is_u64());
    assert_eq!(ids(&get(&mock, &path).await.1).len(), 1);
    assert_eq!(send(&mock, "PUT", &target, &json!({})).await.0, 404);
    assert_eq!(send(&mock, "DELETE", &target, &Value::Null).await.0, 404);
}

#[tokio::test]
async fn a_template_needs_one_score_system_and_sound_fields() {
    let mock = start(Config::default()).await;
    let group = mock.store().groups()[0].clone();
    let rating = json!({"type": "score-system", "text": "Rating", "required": true});
    let whole = json!({
        "text": "Reference call",
        "instructions": "Ask.",
        "group": group["id"],
        "fields": [
            rating,
            {"type": "dropdown", "text": "Next", "prompt": "Pick", "options": [{"text": "a"}, {"text": "b"}]},
            {"type": "scorecard", "text": "Skills", "scores": [{"text": "x", "description": "y"}]},
            {"type": "code", "text": "Code", "language": "rust"},
        ],
    });
    let (status, answer) = send(&mock, "POST", "/feedback_templates", &whole).await;
    assert_eq!(status, 201, "{answer}");
    let made = &answer["data"];
    assert_eq!(
        (&made["group"], &made["stage"], &made["updatedAt"]),
        (&group, &Value::Null, &Value::Null)
    );
    assert_eq!(made["fields"][0]["options"].as_array().unwrap().len(), 4);
    assert!(made["fields"].as_array().unwrap().iter().all(|field| field["id"].is_string()));
    let rows = [
        (json!({"fields": [rating]}), "/text"),
        (json!({"text": "x"}), "/fields"),
        (json!({"text": "x", "fields": []}), "/fields"),
        (json!({"text": "x", "fields": [{"type": "text", "text": "a"}]}), "/fields"),
        (json!({"text": "x", "fields": [rating, rating]}), "/fields"),
        (
            json!({"text": "x", "fields": [rating, {"type": "university", "text": "a"}]}),
            "/fields/1/type",
        ),
        (json!({"text": "x", "fields": [rating, {"type": "text"}]}), "/fields/1/text"),
        (
            json!({"text": "x", "fields": [rating, {"type": "dropdown", "text": "a"}]}),
            "/fields/1/options",
        ),
        (
            json!({"text": "x", "fields": [rating, {"type": "scorecard", "text": "a", "scores": []}]}),
            "/fields/1/scores",
        ),
        (json!({"text": "x", "group": "x", "fields": [rating]}), "/group"),
    ];
    for (body, pointer) in rows {
        let (status, answer) = send(&mock, "POST", "/feedback_templates", &body).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{body}");
        assert!(message.ends_with(&format!(" at {pointer}")), "{body}: {message}");
    }
}

#[tokio::test]
async fn a_change_of_a_template_replaces_it_and_renews_the_ids_of_its_fields() {
    let mock = start(Config::default()).await;
    let before = template(&mock, "Phone screen");
    let target = format!("/feedback_templates/{}", before["id"].as_str().unwrap());
    let body = json!({"text": "Phone screen 2", "fields": before["fields"]});
    let (status, answer) = send(&mock, "PUT", &target, &body).await;
    let after = &answer["data"];
    assert_eq!(
        (status, &after["id"], &after["text"]),
        (200, &before["id"], &json!("Phone screen 2"))
    );
    assert_eq!((&after["instructions"], &after["group"]), (&json!(""), &Value::Null));
    assert_eq!((&after["createdAt"], &after["stage"]), (&before["createdAt"], &before["stage"]));
    let pairs =
        before["fields"].as_array().unwrap().iter().zip(after["fields"].as_array().unwrap());
    for (old, new) in pairs {
        assert_eq!(old["text"], new["text"]);
        assert_ne!(old["id"], new["id"], "{}", old["text"]);
    }
    assert!(mock.requests().iter().all(|seen| seen.unknown_body.is_empty()));
    assert_eq!(get(&mock, &target).await.1, answer);
    let (_, path) = paths(&mock);
    let stale = values(&before, &[("score-system", json!("3 - Hire"))]);
    let body = json!({"baseTemplateId": before["id"], "fieldValues": stale});
    let (status, answer) =
        send(&mock, "POST", &format!("{path}?perform_as={}", user(&mock)), &body).await;
    assert_eq!(
        (status, &answer["message"]),
        (400, &json!("Field was not found. at /fieldValues/0/id"))
    );
}

#[tokio::test]
async fn only_templates_made_through_the_api_can_be_deleted() {
    let mock = start(Config::default()).await;
    let own = mock.store().own_feedback_templates();
    let before = mock.store().feedback_templates();
    let (_, list) = get(&mock, "/feedback_templates").await;
    let texts: Vec<_> =
        list["data"].as_array().unwrap().iter().map(|it| it["text"].to_string()).collect();
    assert!(texts.is_sorted() && texts.len() == before.len());
    for template in &before {
        let id = template["id"].as_str().unwrap().to_owned();
        let status = if own.contains(&id) { 204 } else { 403 };
        let target = format!("/feedback_templates/{id}");
        assert_eq!(send(&mock, "DELETE", &target, &Value::Null).await.0, status, "{id}");
        assert_eq!(get(&mock, &target).await.0, if status == 204 { 404 } else { 200 });
    }
}
