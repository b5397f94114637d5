//! Seeded feedback: of interviews, of assignments, shared; finished and not, deleted, and one as old forms are.

use serde_json::{Value, json};

use super::DAY;
use crate::account::state::{Opportunity, State, text};
use crate::endpoints::feedback::Feedback;
use crate::endpoints::feedback_templates::Template;

/// A good answer to a field.
fn value(kind: &str, at: u64) -> Value {
    match kind {
        "code" => json!("def longest(xs): ..."),
        "currency" => json!(50_000),
        "date" => json!(at),
        "dropdown" => json!("Advance"),
        "file-upload" => json!({
            "id": "db685eb2-c83d-42da-b2d4-ee51a7721a26",
            "ext": ".png",
            "name": "whiteboard.png",
            "size": 2048,
            "uploadedAt": at,
        }),
        "multiple-choice" => json!("cake"),
        "multiple-select" => json!(["Go", "Rust"]),
        "score" => json!(3),
        "score-system" => json!("3 - Hire"),
        "scorecard" => json!([
            {"score": 3, "comment": "Good instincts"},
            {"score": null, "comment": ""},
        ]),
        "text" => json!("Solid"),
        "textarea" => json!("Solid conversation.\nWould hire."),
        "university" => json!("Franklin W. Olin College of Engineering"),
        "yes-no" => json!("yes"),
        _ => Value::Null,
    }
}

/// A form with every field answered, or only the required ones.
fn form(
    state: &mut State,
    row: &Opportunity,
    template: &Template,
    is_full: bool,
    user: &str,
) -> Feedback {
    let at = row.created_at + 2 * DAY;
    let fields = template.fields.iter().map(|field| {
        let mut field = field.clone();
        let is_answered = is_full || field.get("required") == Some(&json!(true));
        let kind = text(&field, "type").to_owned();
        let value = match (is_answered, kind.as_str()) {
            (true, kind) => value(kind, at),
            (false, "multiple-select") => json!([]),
            (false, _) => Value::Null,
        };
        if let Some(map) = field.as_object_mut() {
            map.insert("value".to_owned(), value);
        }
        field
    });
    Feedback {
        id: state.random.uuid(),
        opportunity: row.id.clone(),
        kind: "interview",
        title: template.title.clone(),
        instructions: template.instructions.clone(),
        fields: fields.collect(),
        template: template.id.clone(),
        interview: None,
        panel: None,
        user: user.to_owned(),
        created_at: at,
        completed_at: Some(at + 1_200_000),
        updated_at: None,
        deleted_at: None,
    }
}

/// Numbers and times as text, and a comment, as forms from before had them.
fn aged(state: &State, mut form: Feedback) -> Feedback {
    for field in &mut form.fields {
        let old = match text(field, "type") {
            "currency" => json!("50000"),
            "date" => json!("2019-05-04"),
            _ => continue,
        };
        if let Some(place) = field.get_mut("value") {
            *place = old;
        }
    }
    form.fields.push(json!({
        "id": "0183feb4-4b97-46b6-b07a-d5fd0ad07332",
        "type": "note",
        "text": "Comment",
        "description": "",
        "value": "Sounds good, @mira.okafor",
        "user": form.user,
        "stage": state.stages.get(5).map(|stage| &stage.id),
        "createdAt": form.created_at,
        "score": null,
    }));
    form
}

/// Adds feedback to every interview that had a template, and to some opportunities without any.
pub(crate) fn add(state: &mut State) {
    let templates = state.templates.clone();
    let [screen, everything, exercise, ..] = templates.as_slice() else {
        return;
    };
    let user = state.users.get(1).map(|user| text(user, "id").to_owned()).unwrap_or_default();
    for panel in state.panels.clone() {
        let Some(row) = state.opportunities.get(&panel.opportunity).cloned() else {
            continue;
        };
        for interview in
            panel.interviews.iter().filter(|it| it.template.as_ref() == Some(&screen.id))
        {
            let by = interview.interviewers.first().map_or("", |it| &it.id).to_owned();
            let made = form(state, &row, screen, true, &by);
            let (panel, interview) = (Some(panel.id.clone()), Some(interview.id.clone()));
            state.feedback.push(Feedback { panel, interview, ..made });
        }
    }
    let rows: Vec<_> = state.opportunities.values().skip(2).step_by(9).cloned().collect();
    for (n, row) in rows.iter().enumerate() {
        let at = row.created_at + 3 * DAY;
        let made = match n % 5 {
            0 => Feedback { kind: "assignment", ..form(state, row, exercise, true, &user) },
            1 => Feedback { kind: "share", ..form(state, row, exercise, false, &user) },
            2 => Feedback { deleted_at: Some(at), ..form(state, row, screen, false, &user) },
            3 => Feedback {
                completed_at: None,
                updated_at: Some(at),
                ..form(state, row, everything, true, &user)
            },
            _ => {
                let made = form(state, row, everything, false, &user);
                aged(state, made)
            }
        };
        state.feedback.push(made);
    }
}
