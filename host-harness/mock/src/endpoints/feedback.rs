//! Feedback forms: filled in from a template, changed, and deleted softly.
//!
//! The answer to a change has another shape than a read, as Lever's has.

use serde_json::{Map, Value, json};

use crate::account::state::{Opportunity, State, text};
use crate::endpoints::form_fields::{kept, unanswered};
use crate::endpoints::opportunities::{find, select};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// What the body of a creation may hold.
pub(crate) const CREATE: &[&str] = &[
    "baseTemplateId",
    "panel",
    "interview",
    "fieldValues/*/id",
    "fieldValues/*/value",
    "createdAt",
    "completedAt",
];

/// What the body of a change may hold.
pub(crate) const CHANGE: &[&str] = &["fieldValues/*/id", "fieldValues/*/value", "completedAt"];

/// A feedback form.
#[derive(Clone, Debug)]
pub(crate) struct Feedback {
    pub id: String,
    pub opportunity: String,
    pub kind: &'static str,
    pub title: String,
    pub instructions: String,
    /// With their values.
    pub fields: Vec<Value>,
    pub template: String,
    pub interview: Option<String>,
    pub panel: Option<String>,
    pub user: String,
    pub created_at: u64,
    pub completed_at: Option<u64>,
    pub updated_at: Option<u64>,
    pub deleted_at: Option<u64>,
}

impl Feedback {
    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "type": self.kind,
            "text": self.title,
            "instructions": self.instructions,
            "fields": self.fields,
            "baseTemplateId": self.template,
            "interview": self.interview,
            "panel": self.panel,
            "user": self.user,
            "createdAt": self.created_at,
            "completedAt": self.completed_at,
            "updatedAt": self.updated_at,
            "deletedAt": self.deleted_at,
        })
    }

    /// As Lever keeps it, which is what a change answers with.
    fn raw(&self, state: &State, row: &Opportunity) -> Value {
        let fields = self.fields.iter().map(|field| {
            let mut field = field.clone();
            if let (true, Some(map)) =
                (text(&field, "type") == "score-system", field.as_object_mut())
            {
                map.insert("type".to_owned(), json!("score"));
                map.insert("isSummary".to_owned(), json!(true));
                map.insert("summaryText".to_owned(), json!(""));
                map.insert("overall".to_owned(), json!(true));
            }
            field
        });
        let application = row.application.as_ref().and_then(|id| state.applications.get(id));
        json!({
            "id": self.id,
            "accountId": state.account,
            "userId": self.user,
            "profileId": self.opportunity,
            "baseTemplateId": self.template,
            "text": self.title,
            "instructions": self.instructions,
            "type": self.kind,
            "fields": fields.collect::<Vec<_>>(),
            "postingIds": application.map(|it| &it.posting).into_iter().collect::<Vec<_>>(),
            "panelId": self.panel,
            "interviewId": self.interview,
            "isCompleted": self.completed_at.is_some(),
            "createdAt": self.created_at,
            "completedAt": self.completed_at,
            "updatedAt": self.updated_at,
        })
    }
}

fn one<'s>(state: &'s State, call: &Call) -> Result<&'s Feedback, Failure> {
    let row = find(state, call)?;
    let mut forms = state.feedback.iter().filter(|form| form.opportunity == row.id);
    forms.find(|form| form.id == call.id(1)).ok_or(Failure::NoRecord("Feedback"))
}

fn shown(state: &State, form: &Feedback, call: &Call) -> Value {
    let mut view = form.view();
    if let (true, Some(user)) = (call.all("expand").contains(&"user"), view.get_mut("user")) {
        *user = state.user_view(&form.user);
    }
    select(view, call)
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?;
    let forms = state.feedback.iter().filter(|form| form.opportunity == row.id);
    let rows = forms
        .map(|form| (vec![Part::Earliest(form.created_at), Part::Text(form.id.clone())], form));
    let page = page::cut(&state.issued, call, rows.collect())?;
    let data = page.rows.into_iter().map(|form| shown(state, form, call)).collect();
    Ok(Answer::List { data, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::Data(200, shown(state, one(state, call)?, call)))
}

/// Puts the values of a body into the fields; every required field must have one in the end.
fn answered(
    state: &State,
    body: &Fields,
    fields: &[Value],
    now: u64,
) -> Result<Vec<Value>, Failure> {
    let mut values = Map::new();
    for given in body.children("fieldValues")?.unwrap_or_default() {
        let id = given.need_text("id")?;
        let field = fields.iter().find(|field| text(field, "id") == id);
        let field = field.ok_or_else(|| given.refuse("id", "Field was not found."))?;
        let value = given.value("value").unwrap_or(&Value::Null);
        let value = kept(state, field, value, now).map_err(|it| given.refuse("value", it))?;
        if values.insert(id.to_owned(), value).is_some() {
            return Err(given.refuse("id", "Given more than once."));
        }
    }
    let fields = fields.iter().map(|field| {
        let mut field = field.clone();
        let before = field.get("value").cloned();
        let value = values.remove(text(&field, "id")).or(before);
        let is_required = field.get("required") == Some(&Value::Bool(true));
        if is_required && value.as_ref().is_none_or(Value::is_null) {
            let message = format!("Required field is missing: {}.", text(&field, "id"));
            return Err(body.refuse("fieldValues", &message));
        }
        let value = value.unwrap_or_else(|| unanswered(&field));
        if let Some(map) = field.as_object_mut() {
            map.insert("value".to_owned(), value);
        }
        Ok(field)
    });
    fields.collect()
}

/// The panel and the interview a body names: both or neither, one in the other.
fn occasion(
    state: &State,
    body: &Fields,
    row: &Opportunity,
) -> Result<(Option<String>, Option<String>), Failure> {
    let (panel, interview) = match (body.text("panel")?, body.text("interview")?) {
        (None, None) => return Ok((None, None)),
        (Some(_), None) => return Err(body.refuse("interview", "Needed together with panel.")),
        (None, Some(_)) => return Err(body.refuse("panel", "Needed together with interview.")),
        (Some(panel), Some(interview)) => (panel, interview),
    };
    let known = state.panels_of(&row.id).find(|known| known.id == panel);
    let known = known.ok_or_else(|| body.refuse("panel", "Panel was not found."))?;
    match known.interviews.iter().any(|known| known.id == interview) {
        true => Ok((Some(panel.to_owned()), Some(interview.to_owned()))),
        false => Err(body.refuse("interview", "Interview was not found.")),
    }
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?.clone();
    let body = call.body()?;
    let id = body.need_text("baseTemplateId")?;
    let template = state.templates.iter().find(|template| template.id == id);
    let template = template
        .ok_or_else(|| body.refuse("baseTemplateId", "Feedback template was not found."))?;
    let (panel, interview) = occasion(state, &body, &row)?;
    let form = Feedback {
        id: String::new(),
        opportunity: row.id.clone(),
        kind: "interview",
        title: template.title.clone(),
        instructions: template.instructions.clone(),
        fields: answered(state, &body, &template.fields, call.now)?,
        template: template.id.clone(),
        interview,
        panel,
        user: call.actor.clone().unwrap_or_default(),
        created_at: body.past("createdAt", call.now)?.unwrap_or(call.now),
        completed_at: Some(body.past("completedAt", call.now)?.unwrap_or(call.now)),
        updated_at: None,
        deleted_at: None,
    };
    let form = Feedback { id: state.random.uuid(), ..form };
    let view = form.view();
    state.feedback.push(form);
    Ok(Answer::Data(201, view))
}

/// The form of this id that may be changed.
fn place<'s>(state: &'s mut State, id: &str) -> Result<&'s mut Feedback, Failure> {
    let mut forms = state.feedback.iter_mut();
    let form = forms.find(|form| form.id == id && form.deleted_at.is_none());
    form.ok_or(Failure::NoRecord("Feedback"))
}

pub(crate) fn update(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?.clone();
    let before = one(state, call)?;
    let body = call.body()?;
    let fields = answered(state, &body, &before.fields, call.now)?;
    let completed_at = body.past("completedAt", call.now)?.or(before.completed_at);
    let form = place(state, call.id(1))?;
    form.fields = fields;
    form.completed_at = completed_at;
    form.updated_at = Some(call.now);
    let form = form.clone();
    Ok(Answer::Data(200, form.raw(state, &row)))
}

pub(crate) fn delete(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    one(state, call)?;
    place(state, call.id(1))?.deleted_at = Some(call.now);
    Ok(Answer::Empty)
}
