//! For each function that takes a change: a record in which every field says
//! something, and a row for each field.

mod account;

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use serde_json::{Value, json};

use account::{account_user, posting, posting_rows, user_rows, webhook, webhook_rows};

use super::Row;
use crate::support::{Rig, first, id, opportunity, user};

/// Makes arguments of a field and its value.
type Arguments = Box<dyn Fn(&str, Value) -> Value>;

/// A record to be changed.
pub struct Subject {
    pub function: &'static str,
    pub rows: Vec<Row>,
    /// The arguments for a change, or for one in a list of the change.
    pub change: Arguments,
    /// The record as it is stored.
    pub record: Box<dyn Fn(&Rig) -> Value>,
    /// Pointers to what Lever makes anew whatever is changed.
    pub always: &'static [&'static str],
}

type Making<'r> = Pin<Box<dyn Future<Output = Subject> + 'r>>;

/// Makes each subject in the rig's account.
pub fn all() -> [fn(&Rig) -> Making<'_>; 8] {
    [
        |rig| Box::pin(note(rig)),
        |rig| Box::pin(interview(rig)),
        |rig| Box::pin(panel(rig)),
        |rig| Box::pin(feedback(rig)),
        |rig| Box::pin(template(rig)),
        |rig| Box::pin(posting(rig)),
        |rig| Box::pin(account_user(rig)),
        |rig| Box::pin(webhook(rig)),
    ]
}

/// Function and field of each row; the values do not matter here.
pub fn fields() -> BTreeSet<String> {
    let none = &Ids::default();
    let tables = [
        ("notes.update", note_rows(none)),
        ("interviews.update", interview_rows(none)),
        ("panels.update", panel_rows(none)),
        ("feedback.update", feedback_rows(none)),
        ("feedback-templates.update", template_rows(none)),
        ("postings.update", posting_rows()),
        ("users.update", user_rows(none)),
        ("webhooks.update", webhook_rows()),
    ];
    let names = tables.iter().flat_map(|(function, rows)| {
        rows.iter().map(move |row| format!("{function} {}", row.field))
    });
    names.collect()
}

/// Ids of other records that a change may name.
#[derive(Default)]
struct Ids {
    user: String,
    other: String,
    contact: String,
    application: String,
    group: String,
    interview: String,
    field: String,
}

fn row(field: &'static str, value: Value, shows: &[(&'static str, Value)]) -> Row {
    let shows = shows.iter().map(|(pointer, value)| (*pointer, Some(value.clone()))).collect();
    Row { field, value, shows }
}

/// A row that is told by one value in one place.
fn same(field: &'static str, pointer: &'static str, value: Value) -> Row {
    row(field, value.clone(), &[(pointer, value)])
}

/// The same with what else follows from the change.
fn and(mut row: Row, follows: &[&'static str]) -> Row {
    row.shows.extend(follows.iter().map(|pointer| (*pointer, None)));
    row
}

fn found(records: Vec<Value>, id: &str) -> Value {
    records.into_iter().find(|record| record["id"] == id).expect("it is there")
}

/// The user that acts, and another one.
fn users(rig: &Rig) -> (String, String) {
    let mut active = rig.mock.store().users();
    active.retain(|user| user["deactivatedAt"].is_null());
    (user(rig), active.last().map(id).expect("there are several"))
}

const T: u64 = 1_700_000_000_000;

fn note_rows(ids: &Ids) -> Vec<Row> {
    let authors = ["/user", "/fields/0/user", "/fields/1/user"].map(|it| (it, json!(ids.other)));
    let values = json!([{ "value": "edited" }, { "value": "second" }]);
    vec![
        row("values", values, &[("/fields/0/value", json!("edited"))]),
        row("user", json!(ids.other), &authors),
        same("secret", "/secret", json!(false)),
        same("created-at", "/createdAt", json!(T - 9)),
        same("completed-at", "/completedAt", json!(T - 7)),
        same("score", "/fields/0/score", json!(1)),
        row("clear", json!(["score"]), &[("/fields/0/score", Value::Null)]),
    ]
}

async fn note(rig: &Rig) -> Subject {
    let (user, other) = users(rig);
    let opportunity = opportunity(rig);
    let new = json!({ "value": "first", "secret": true, "score": 3, "created-at": T });
    let made = rig.ok("notes.create", json!([opportunity, new, null, user])).await;
    let comment = json!({ "value": "second", "created-at": T + 5 });
    rig.ok("notes.create", json!([opportunity, comment, made["id"], user])).await;
    let (own, place) = (id(&made), opportunity.clone());
    Subject {
        function: "notes.update",
        rows: note_rows(&Ids { other, ..Ids::default() }),
        change: Box::new(move |_, change| json!([opportunity, made["id"], change])),
        record: Box::new(move |rig| found(rig.mock.store().notes(&place), &own)),
        always: &[],
    }
}

/// An interview that says something in every field, as one of a new panel.
fn whole(ids: &Ids) -> Value {
    json!({
        "subject": "Phone screen", "note": "Ask about boats", "date": T + 1, "duration": 45,
        "interviewers": [{ "id": ids.user, "feedback-template": "no-feedback" }],
        "location": "By phone", "feedback-template": "no-feedback", "feedback-reminder": "once",
    })
}

/// An opportunity with an application, and a panel of two interviews on it.
async fn scheduled(rig: &Rig) -> (String, Value, Ids) {
    let (user, other) = users(rig);
    let (opportunity, application) = first(rig, |store, id| {
        store.opportunity(id)?["applications"][0].as_str().map(str::to_owned)
    });
    let ids = Ids { user, other, application, ..Ids::default() };
    let panel = json!({
        "timezone": "Europe/Lisbon", "note": "First round", "external-url": "https://x.example/",
        "feedback-reminder": "once", "applications": [ids.application],
        "interviews": [whole(&ids), whole(&ids)],
    });
    let panel = rig.ok("panels.create", json!([opportunity, panel, ids.user])).await;
    (opportunity, panel, ids)
}

fn interview_rows(ids: &Ids) -> Vec<Row> {
    let interviewer = json!([{ "id": ids.other }]);
    vec![
        same("subject", "/subject", json!("Second screen")),
        same("note", "/note", json!("Ask about sails")),
        and(
            row("interviewers", interviewer, &[("/interviewers/0/id", json!(ids.other))]),
            &["/interviewers"],
        ),
        same("date", "/date", json!(T + 60_000)),
        same("duration", "/duration", json!(30)),
        same("location", "/location", json!("Here")),
        row(
            "feedback-template",
            json!("no-feedback"),
            &[("/feedbackTemplate", json!("no-feedback"))],
        ),
        same("feedback-reminder", "/feedbackReminder", json!("daily")),
        row("clear", json!(["note"]), &[("/note", Value::Null)]),
    ]
}

async fn interview(rig: &Rig) -> Subject {
    let (opportunity, panel, ids) = scheduled(rig).await;
    let own = id(&panel["interviews"][0]);
    let (place, actor, this) = (opportunity.clone(), ids.user.clone(), own.clone());
    Subject {
        function: "interviews.update",
        rows: interview_rows(&ids),
        change: Box::new(move |_, change| json!([opportunity, own, change, actor])),
        record: Box::new(move |rig| found(rig.mock.store().interviews(&place), &this)),
        always: &[],
    }
}

fn panel_rows(ids: &Ids) -> Vec<Row> {
    let interviewer = json!([{ "id": ids.other }]);
    vec![
        same("applications", "/applications", json!([ids.application])),
        same("timezone", "/timezone", json!("America/Lima")),
        same("feedback-reminder", "/feedbackReminder", json!("none")),
        same("note", "/note", json!("Second round")),
        same("external-url", "/externalUrl", json!("https://y.example/")),
        same("change-interviews.subject", "/interviews/0/subject", json!("Second screen")),
        same("change-interviews.note", "/interviews/0/note", json!("Ask about sails")),
        and(
            row(
                "change-interviews.interviewers",
                interviewer,
                &[("/interviews/0/interviewers/0/id", json!(ids.other))],
            ),
            &["/interviews/0/interviewers"],
        ),
        and(
            same("change-interviews.date", "/interviews/0/date", json!(T + 120_000)),
            &["/start", "/end"],
        ),
        and(same("change-interviews.duration", "/interviews/0/duration", json!(99)), &["/end"]),
        same("change-interviews.location", "/interviews/0/location", json!("Here")),
        same(
            "change-interviews.feedback-template",
            "/interviews/0/feedbackTemplate",
            json!("no-feedback"),
        ),
        same(
            "change-interviews.feedback-reminder",
            "/interviews/0/feedbackReminder",
            json!("daily"),
        ),
        row(
            "change-interviews.clear",
            json!(["location"]),
            &[("/interviews/0/location", Value::Null)],
        ),
        and(row("add-interviews", json!([whole(ids)]), &[]), &["/interviews/2", "/start", "/end"]),
        and(
            row(
                "remove-interviews",
                json!([ids.interview]),
                &[("/interviews/1/date", json!(T + 1))],
            ),
            &["/interviews", "/start", "/end"],
        ),
        row("clear", json!(["note"]), &[("/note", Value::Null)]),
    ]
}

async fn panel(rig: &Rig) -> Subject {
    let (opportunity, panel, ids) = scheduled(rig).await;
    let ids = Ids { interview: id(&panel["interviews"][1]), ..ids };
    let (first, own) = (panel["interviews"][0]["id"].clone(), id(&panel));
    let (place, actor, this) = (opportunity.clone(), ids.user.clone(), own.clone());
    Subject {
        function: "panels.update",
        rows: panel_rows(&ids),
        change: Box::new(move |list, mut change| {
            if !list.is_empty() {
                change["id"] = first.clone();
                change = json!({ list: [change] });
            }
            json!([opportunity, own, change, actor])
        }),
        // An interview that is added makes the list longer.
        record: Box::new(move |rig| {
            let mut panel = found(rig.mock.store().panels(&place), &this);
            let interviews = panel["interviews"].as_array_mut().expect("a list");
            interviews.resize(3, Value::Null);
            panel
        }),
        always: &[],
    }
}

fn feedback_rows(ids: &Ids) -> Vec<Row> {
    let values = json!([{ "id": ids.field, "text": "Better than that." }]);
    vec![
        row("field-values", values, &[("/fields/1/value", json!("Better than that."))]),
        same("completed-at", "/completedAt", json!(T)),
    ]
}

async fn feedback(rig: &Rig) -> Subject {
    let (user, _) = users(rig);
    let fields = json!([
        { "type": "score-system", "text": "Rating", "required": true },
        { "type": "textarea", "text": "Notes" },
        { "type": "yes-no", "text": "Again?" },
    ]);
    let template = json!({ "text": "Sails", "fields": fields });
    let template = rig.ok("feedback-templates.create", json!([template])).await;
    let asked = &template["fields"];
    let answers = json!([
        { "id": asked[0]["id"], "text": asked[0]["options"][0]["text"] },
        { "id": asked[1]["id"], "text": "Solid." },
        { "id": asked[2]["id"], "text": "yes" },
    ]);
    let opportunity = opportunity(rig);
    let new = json!({
        "base-template-id": template["id"], "field-values": answers, "created-at": T - 9,
        "completed-at": T - 8,
    });
    let form = rig.ok("feedback.create", json!([opportunity, new, user])).await;
    let ids = Ids { field: id(&form["fields"][1]), ..Ids::default() };
    let (own, place) = (id(&form), opportunity.clone());
    Subject {
        function: "feedback.update",
        rows: feedback_rows(&ids),
        change: Box::new(move |_, change| json!([opportunity, form["id"], change, user])),
        record: Box::new(move |rig| found(rig.mock.store().feedback(&place), &own)),
        always: &[],
    }
}

fn template_rows(ids: &Ids) -> Vec<Row> {
    let fields = json!([
        { "type": "score-system", "text": "Rating", "options": [{ "text": "4" }, { "text": "1" }] },
        { "type": "text", "text": "Why" },
    ]);
    vec![
        same("text", "/text", json!("Masts")),
        same("instructions", "/instructions", json!("Be kind.")),
        row("group", json!(ids.group), &[("/group/id", json!(ids.group))]),
        and(row("fields", fields, &[("/fields/1/text", json!("Why"))]), &["/fields"]),
        row("clear", json!(["group"]), &[("/group", Value::Null)]),
    ]
}

async fn template(rig: &Rig) -> Subject {
    let group = rig.mock.store().groups().last().map(id).expect("there are groups");
    let new = json!({
        "text": "Boats", "instructions": "Be fair.", "group": group,
        "fields": [
            { "type": "score-system", "text": "Rating", "required": true, "prompt": "Select one",
              "options": [{ "text": "4 - Yes" }, { "text": "1 - No" }] },
            { "type": "scorecard", "text": "Skills", "scores": [{ "text": "Rust", "description": "d" }] },
            { "type": "code", "text": "Fizz", "language": "rust", "description": "buzz" },
            { "type": "dropdown", "text": "Level", "options": [{ "text": "a" }, { "text": "b" }] },
        ],
    });
    let made = rig.ok("feedback-templates.create", json!([new])).await;
    let own = id(&made);
    Subject {
        function: "feedback-templates.update",
        rows: template_rows(&Ids { group, ..Ids::default() }),
        change: Box::new(move |_, change| json!([made["id"], change])),
        record: Box::new(move |rig| found(rig.mock.store().feedback_templates(), &own)),
        // Lever gives every field a new id.
        always: &["/fields/0/id", "/fields/1/id", "/fields/2/id", "/fields/3/id"],
    }
}
