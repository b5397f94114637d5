//! Panels and interviews over loopback: made, replaced as a whole, taken away.

use serde_json::{Value, json};

use super::{fired, first, get, ids, send, start, user};
use crate::{Config, Mock};

/// A time nobody gets to see.
const AHEAD: u64 = 4_000_000_000_000;

/// An active opportunity with an application and no panel yet, and its path.
fn unscheduled(mock: &Mock) -> (String, String) {
    let (id, _) = first(mock, |row| {
        let id = row["id"].as_str().unwrap();
        row["archived"].is_null()
            && !row["applications"].as_array().unwrap().is_empty()
            && mock.store().panels(id).is_empty()
    });
    let path = format!("/opportunities/{id}");
    (id, path)
}

fn interview(mock: &Mock, date: u64) -> Value {
    let interviewer = mock.store().users()[1]["id"].clone();
    json!({"date": date, "duration": 45, "interviewers": [{"id": interviewer}]})
}

/// A panel with these interviews, made through the API.
async fn panel(mock: &Mock, path: &str, interviews: Value) -> Value {
    let body = json!({"timezone": "Europe/Lisbon", "interviews": interviews});
    let target = format!("{path}/panels?perform_as={}", user(mock));
    let (status, body) = send(mock, "POST", &target, &body).await;
    assert_eq!(status, 201, "{body}");
    body["data"].clone()
}

/// A panel made in the product, with the path of its opportunity.
fn product_made(mock: &Mock) -> (String, Value) {
    let store = mock.store();
    let mut found = store.opportunity_ids().into_iter().filter_map(|id| {
        let panel = store.panels(&id).into_iter().find(|it| it["externallyManaged"] == false)?;
        Some((format!("/opportunities/{id}"), panel))
    });
    found.next().unwrap()
}

#[tokio::test]
async fn a_panel_is_made_with_its_interviews() {
    let mock = start(Config::default()).await;
    let (id, path) = unscheduled(&mock);
    let template = mock.store().feedback_templates()[0]["id"].clone();
    let mut second = interview(&mock, AHEAD + 3_600_000);
    second["subject"] = json!("On site");
    second["feedbackTemplate"] = json!("no-feedback");
    second["interviewers"][0]["feedbackTemplate"] = template.clone();
    second["feedbackReminder"] = json!("once");
    let made = panel(&mock, &path, json!([interview(&mock, AHEAD), second])).await;
    assert_eq!(fired(&mock), ["interviewCreated", "interviewCreated"]);
    assert!(mock.requests().iter().all(|seen| seen.unknown_body.is_empty()));
    let row = mock.store().opportunity(&id).unwrap();
    for (name, value) in [
        ("applications", row["applications"].clone()),
        ("stage", row["stage"].clone()),
        ("user", json!(user(&mock))),
        ("externallyManaged", json!(true)),
        ("feedbackReminder", json!("daily")),
        ("start", json!(AHEAD)),
        ("end", json!(AHEAD + 3_600_000 + 45 * 60_000)),
        ("note", Value::Null),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let (first, second) = (&made["interviews"][0], &made["interviews"][1]);
    assert_eq!(
        (&first["feedbackReminder"], &first["subject"]),
        (&json!("frequently"), &Value::Null)
    );
    assert_eq!(second["interviewers"][0]["feedbackTemplate"], template);
    assert_eq!(second["interviewers"][0]["name"], "Jonas Lindqvist");
    assert_eq!(second["interviewers"][0]["responseStatus"], "needsAction");
    let (_, body) = get(&mock, &format!("{path}/panels/{}", made["id"].as_str().unwrap())).await;
    assert_eq!(body["data"], made);
    let (_, body) =
        get(&mock, &format!("{path}/interviews?expand=postings&expand=stage&expand=user")).await;
    let listed = &body["data"].as_array().unwrap()[0];
    assert_eq!((&listed["panel"], &listed["timezone"]), (&made["id"], &json!("Europe/Lisbon")));
    assert!(listed["postings"][0]["categories"].is_object());
    assert!(listed["stage"]["text"].is_string() && listed["user"]["email"].is_string());
}

#[tokio::test]
async fn an_interview_that_makes_no_sense_is_refused_by_field() {
    let mock = start(Config::default()).await;
    let (_, path) = unscheduled(&mock);
    let made = panel(&mock, &path, json!([interview(&mock, AHEAD)])).await;
    let mut sound = interview(&mock, AHEAD);
    sound["panel"] = made["id"].clone();
    let interviewer = sound["interviewers"][0].clone();
    let rows = [
        ("panel", Value::Null, "/panel"),
        ("panel", json!("x"), "/panel"),
        ("date", Value::Null, "/date"),
        ("date", json!("tomorrow"), "/date"),
        ("duration", json!(0), "/duration"),
        ("duration", json!(1.5), "/duration"),
        ("interviewers", Value::Null, "/interviewers"),
        ("interviewers", json!([]), "/interviewers"),
        ("interviewers", json!([{}]), "/interviewers/0/id"),
        ("interviewers", json!([{"id": "x"}]), "/interviewers/0/id"),
        ("interviewers", json!([interviewer, interviewer]), "/interviewers/1/id"),
        ("feedbackTemplate", json!("x"), "/feedbackTemplate"),
        ("feedbackReminder", json!("weekly"), "/feedbackReminder"),
    ];
    let target = format!("{path}/interviews?perform_as={}", user(&mock));
    for (name, value, pointer) in rows {
        let mut body = sound.clone();
        body[name] = value.clone();
        let (status, answer) = send(&mock, "POST", &target, &body).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{name}: {value}");
        assert!(message.ends_with(&format!(" at {pointer}")), "{name}: {message}");
    }
    assert_eq!(send(&mock, "POST", &target, &sound).await.0, 201);
    assert_eq!(fired(&mock), ["interviewCreated"]);
}

#[tokio::test]
async fn a_panel_that_makes_no_sense_is_refused_by_field() {
    let mock = start(Config::default()).await;
    let (_, path) = unscheduled(&mock);
    let sound = json!({"timezone": "Asia/Tokyo", "interviews": [interview(&mock, AHEAD)]});
    let rows = [
        ("timezone", Value::Null, "/timezone"),
        ("timezone", json!("PST"), "/timezone"),
        ("interviews", Value::Null, "/interviews"),
        ("interviews", json!([]), "/interviews"),
        ("interviews", json!([{"date": 5, "duration": 5}]), "/interviews/0/interviewers"),
        ("applications", json!([]), "/applications"),
        ("applications", json!(["x"]), "/applications"),
        ("feedbackReminder", json!("x"), "/feedbackReminder"),
    ];
    let target = format!("{path}/panels?perform_as={}", user(&mock));
    for (name, value, pointer) in rows {
        let mut body = sound.clone();
        body[name] = value.clone();
        let (status, answer) = send(&mock, "POST", &target, &body).await;
        let message = answer["message"].as_str().unwrap_or_default();
        assert_eq!(status, 400, "{name}: {value}");
        assert!(message.ends_with(&format!(" at {pointer}")), "{name}: {message}");
    }
}

#[tokio::test]
async fn a_change_of_an_interview_clears_what_it_leaves_out() {
    let mock = start(Config::default()).await;
    let (id, path) = unscheduled(&mock);
    let mut whole = interview(&mock, AHEAD);
    let template = mock.store().feedback_templates()[0]["id"].clone();
    for (name, value) in [
        ("subject", json!("Phone")),
        ("note", json!("Bring a pen")),
        ("location", json!("Room 5")),
        ("feedbackTemplate", template),
        ("feedbackReminder", json!("none")),
    ] {
        whole[name] = value;
    }
    panel(&mock, &path, json!([whole])).await;
    let before = mock.store().interviews(&id)[0].clone();
    assert_eq!(before["subject"], "Phone");
    let target =
        format!("{path}/interviews/{}?perform_as={}", before["id"].as_str().unwrap(), user(&mock));
    let (status, body) = send(&mock, "PUT", &target, &interview(&mock, AHEAD + 5)).await;
    assert_eq!((status, fired(&mock)), (200, vec!["interviewUpdated"]));
    let after = &body["data"];
    for name in ["subject", "note", "location", "feedbackTemplate"] {
        assert_eq!(after[name], Value::Null, "{name}");
    }
    assert_eq!(
        (&after["date"], &after["feedbackReminder"]),
        (&json!(AHEAD + 5), &json!("frequently"))
    );
    for name in ["id", "panel", "createdAt", "user", "stage"] {
        assert_eq!(after[name], before[name], "{name}");
    }
    let mut moved = interview(&mock, AHEAD);
    moved["panel"] = json!("x");
    assert_eq!(send(&mock, "PUT", &target, &moved).await.0, 400);
    moved["panel"] = before["panel"].clone();
    assert_eq!(send(&mock, "PUT", &target, &moved).await.0, 200);
}

#[tokio::test]
async fn a_change_of_a_panel_keeps_makes_and_drops_interviews() {
    let mock = start(Config::default()).await;
    let (id, path) = unscheduled(&mock);
    let made =
        panel(&mock, &path, json!([interview(&mock, AHEAD), interview(&mock, AHEAD + 9)])).await;
    let kept = made["interviews"][0]["id"].clone();
    let target =
        format!("{path}/panels/{}?perform_as={}", made["id"].as_str().unwrap(), user(&mock));
    let mut first = interview(&mock, AHEAD + 60_000);
    first["id"] = kept.clone();
    let body = json!({"timezone": "UTC", "interviews": [first, interview(&mock, AHEAD)]});
    let (status, answer) = send(&mock, "PUT", &target, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(fired(&mock), ["interviewDeleted", "interviewUpdated", "interviewCreated"]);
    let after = &answer["data"];
    assert_eq!(after["interviews"][0]["id"], kept);
    assert_eq!(after["interviews"][0]["date"], AHEAD + 60_000);
    assert_ne!(after["interviews"][1]["id"], made["interviews"][1]["id"]);
    assert_eq!((&after["applications"], &after["timezone"]), (&json!([]), &json!("UTC")));
    assert_eq!(mock.store().interviews(&id).len(), 2);
    let mut foreign = body.clone();
    foreign["interviews"][0]["id"] = json!("x");
    assert_eq!(send(&mock, "PUT", &target, &foreign).await.0, 400);
    foreign["interviews"] = json!([first, first]);
    assert_eq!(send(&mock, "PUT", &target, &foreign).await.0, 400);
    let all_new = json!({"timezone": "UTC", "interviews": [interview(&mock, AHEAD)]});
    assert_eq!(send(&mock, "PUT", &target, &all_new).await.0, 200);
    assert_eq!(mock.store().panels(&id).len(), 1);
}

#[tokio::test]
async fn the_last_interview_takes_its_panel_along() {
    let mock = start(Config::default()).await;
    let (id, path) = unscheduled(&mock);
    panel(&mock, &path, json!([interview(&mock, AHEAD), interview(&mock, AHEAD)])).await;
    for left in [1, 0] {
        let interview = mock.store().interviews(&id)[0]["id"].as_str().unwrap().to_owned();
        let target = format!("{path}/interviews/{interview}?perform_as={}", user(&mock));
        assert_eq!(send(&mock, "DELETE", &target, &Value::Null).await, (204, Value::Null));
        assert_eq!(fired(&mock), ["interviewDeleted"]);
        assert_eq!(mock.store().panels(&id).len(), left);
        assert_eq!(send(&mock, "DELETE", &target, &Value::Null).await.0, 404);
    }
    let made = panel(&mock, &path, json!([interview(&mock, AHEAD), interview(&mock, AHEAD)])).await;
    let target =
        format!("{path}/panels/{}?perform_as={}", made["id"].as_str().unwrap(), user(&mock));
    assert_eq!(send(&mock, "DELETE", &target, &Value::Null).await.0, 204);
    assert_eq!(fired(&mock), ["interviewDeleted", "interviewDeleted"]);
    assert!(mock.store().interviews(&id).is_empty());
}

#[tokio::test]
async fn what_was_made_in_the_product_stays_as_it_is() {
    let mock = start(Config::default()).await;
    let (path, product) = product_made(&mock);
    let actor = user(&mock);
    let id = product["interviews"][0]["id"].as_str().unwrap();
    let panel = product["id"].as_str().unwrap();
    let (one, all) = (format!("{path}/interviews/{id}"), format!("{path}/panels/{panel}"));
    assert_eq!(get(&mock, &one).await.0, 200);
    let mut body = interview(&mock, AHEAD);
    let whole = json!({"timezone": "UTC", "interviews": [body]});
    let rows = [
        ("PUT", &one, body.clone()),
        ("DELETE", &one, Value::Null),
        ("PUT", &all, whole),
        ("DELETE", &all, Value::Null),
    ];
    for (method, target, body) in rows {
        let target = format!("{target}?perform_as={actor}");
        assert_eq!(send(&mock, method, &target, &body).await.0, 403, "{method} {target}");
    }
    body["panel"] = product["id"].clone();
    let target = format!("{path}/interviews?perform_as={actor}");
    let (status, answer) = send(&mock, "POST", &target, &body).await;
    assert_eq!(
        (status, answer["message"].as_str()),
        (400, Some("Panel is not externally managed. at /panel"))
    );
    assert_eq!(get(&mock, &all).await.1["data"], product);
}

#[tokio::test]
async fn archiving_drops_pending_interviews_only_if_told() {
    let mock = start(Config::default()).await;
    let (id, path) = unscheduled(&mock);
    let pair = json!([interview(&mock, 1_500_000_000_000), interview(&mock, AHEAD)]);
    panel(&mock, &path, pair).await;
    panel(&mock, &path, json!([interview(&mock, AHEAD)])).await;
    let reason = mock.store().archive_reasons()[2]["id"].clone();
    let target = format!("{path}/archived");
    send(&mock, "PUT", &target, &json!({"reason": reason})).await;
    assert_eq!(mock.store().interviews(&id).len(), 3);
    send(&mock, "PUT", &target, &json!({"reason": null, "cleanInterviews": true})).await;
    assert_eq!(mock.store().interviews(&id).len(), 3);
    send(&mock, "PUT", &target, &json!({"reason": reason, "cleanInterviews": true})).await;
    let expected = ["interviewDeleted", "interviewDeleted", "candidateArchiveChange"];
    assert_eq!(fired(&mock), expected);
    let left = mock.store().interviews(&id);
    assert_eq!((left.len(), &left[0]["date"]), (1, &json!(1_500_000_000_000_u64)));
    assert_eq!(mock.store().panels(&id).len(), 1);
}

#[tokio::test]
async fn lists_have_canceled_and_foreign_panels_too() {
    let mock = start(Config::default()).await;
    let mut met = Vec::new();
    for id in mock.store().opportunity_ids() {
        let (_, panels) = get(&mock, &format!("/opportunities/{id}/panels?limit=1")).await;
        met.extend(ids(&panels));
        if let Some(next) = panels["next"].as_str() {
            let rest = format!("/opportunities/{id}/panels?limit=1&offset={next}");
            met.extend(ids(&get(&mock, &rest).await.1));
        }
    }
    let store = mock.store();
    let all = store.opportunity_ids();
    let all: Vec<_> = all.iter().flat_map(|id| store.panels(id)).collect();
    assert_eq!(met.len(), all.len());
    assert!(all.iter().any(|panel| !panel["canceledAt"].is_null()));
}
