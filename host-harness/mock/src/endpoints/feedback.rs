//! Feedback forms: filled in from a template, changed, and deleted softly.
//!
//! The response to a change has another shape than a read, as Lever's has.

use serde_json::{Map, Value, json};

use crate::account::records::{Opportunity, text};
use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::access;
use crate::endpoints::common::form_fields::{empty, example, stored};
use crate::endpoints::common::resource::Actor::Required;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, below, read, write};
use crate::endpoints::feedback_templates::Template;
use crate::endpoints::panels::record::Panel;
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page;
use crate::http::payload::Takes::{Json, Nothing};
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["feedback"];

const FORMS: &str = "/opportunities/:opportunity/feedback";
const FORM: &str = "/opportunities/:opportunity/feedback/:feedback";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "feedback",
    rows: &[
        read(SCOPE, FORMS, PAGE, &["user"], list),
        read(SCOPE, FORM, ONE, &["user"], get),
        write("POST", SCOPE, FORMS, Required, &[], Json(CREATE), create),
        write("PUT", SCOPE, FORM, Required, &[], Json(CHANGE), update),
        write("DELETE", SCOPE, FORM, Required, &[], Nothing, delete),
    ],
    records: Some(|state| {
        state.all::<Feedback>().iter().map(|form| below(form.view(), &form.opportunity)).collect()
    }),
    seed: Some(seed),
};

/// What the body of a creation may hold.
const CREATE: &[&str] = &[
    "baseTemplateId",
    "panel",
    "interview",
    "fieldValues/*/id",
    "fieldValues/*/value",
    "createdAt",
    "completedAt",
];

/// What the body of a change may hold.
const CHANGE: &[&str] = &["fieldValues/*/id", "fieldValues/*/value", "completedAt"];

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

    /// In Lever's internal shape, which is the response to a change.
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
    let row = access::opportunity(state, call)?;
    let mut forms = state.all::<Feedback>().iter().filter(|form| form.opportunity == row.id);
    forms.find(|form| form.id == call.id(1)).ok_or(Failure::NoRecord("Feedback"))
}

fn shown(state: &State, form: &Feedback, call: &Call) -> Value {
    let mut view = form.view();
    if let (true, Some(user)) = (call.all("expand").contains(&"user"), view.get_mut("user")) {
        *user = state.user_view(&form.user);
    }
    call.select(view)
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?;
    let forms = state.all::<Feedback>().iter().filter(|form| form.opportunity == row.id);
    let rows = forms.map(|form| (page::by_time(form.created_at, &form.id), form));
    let page = page::cut(call, rows.collect())?;
    let data = page.rows.into_iter().map(|form| shown(state, form, call)).collect();
    Ok(Reply::List { data, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, shown(state, one(state, call)?, call)))
}

/// The fields with the values of a body; every required field must have a value.
fn with_values(
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
        let value = stored(state, field, value, now).map_err(|it| given.refuse("value", it))?;
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
        let value = value.unwrap_or_else(|| empty(&field));
        if let Some(map) = field.as_object_mut() {
            map.insert("value".to_owned(), value);
        }
        Ok(field)
    });
    fields.collect()
}

/// The panel and the interview a body names: both or neither, one in the other.
fn panel_and_interview(
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

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    let body = call.body()?;
    let id = body.need_text("baseTemplateId")?;
    let template = state.all::<Template>().iter().find(|template| template.id == id);
    let template = template
        .ok_or_else(|| body.refuse("baseTemplateId", "Feedback template was not found."))?;
    let (panel, interview) = panel_and_interview(state, &body, &row)?;
    let form = Feedback {
        id: String::new(),
        opportunity: row.id.clone(),
        kind: "interview",
        title: template.title.clone(),
        instructions: template.instructions.clone(),
        fields: with_values(state, &body, &template.fields, call.now)?,
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
    state.all_mut::<Feedback>().push(form);
    Ok(Reply::Data(201, view))
}

/// The form of this id that may be changed.
fn changeable<'s>(state: &'s mut State, id: &str) -> Result<&'s mut Feedback, Failure> {
    let mut forms = state.all_mut::<Feedback>().iter_mut();
    let form = forms.find(|form| form.id == id && form.deleted_at.is_none());
    form.ok_or(Failure::NoRecord("Feedback"))
}

fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    let before = one(state, call)?;
    let body = call.body()?;
    let fields = with_values(state, &body, &before.fields, call.now)?;
    let completed_at = body.past("completedAt", call.now)?.or(before.completed_at);
    let form = changeable(state, call.id(1))?;
    form.fields = fields;
    form.completed_at = completed_at;
    form.updated_at = Some(call.now);
    let form = form.clone();
    Ok(Reply::Data(200, form.raw(state, &row)))
}

fn delete(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    one(state, call)?;
    changeable(state, call.id(1))?.deleted_at = Some(call.now);
    Ok(Reply::Empty)
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
            (true, kind) => example(kind, at),
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

/// The same as an old form: numbers and times as text, and a comment.
fn aged(state: &State, mut form: Feedback) -> Feedback {
    for field in &mut form.fields {
        let old = match text(field, "type") {
            "currency" => json!("50000"),
            "date" => json!("2019-05-04"),
            _ => continue,
        };
        if let Some(value) = field.get_mut("value") {
            *value = old;
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

/// Feedback to every interview that had a template, and to some opportunities without any.
fn seed(state: &mut State, _: &Seeding) {
    let templates = state.all::<Template>().to_vec();
    let [screen, everything, exercise, ..] = templates.as_slice() else {
        return;
    };
    let user = state.users.get(1).map(|user| text(user, "id").to_owned()).unwrap_or_default();
    for panel in state.all::<Panel>().to_vec() {
        let Some(row) = state.opportunities.get(&panel.opportunity).cloned() else {
            continue;
        };
        for interview in
            panel.interviews.iter().filter(|it| it.template.as_ref() == Some(&screen.id))
        {
            let by = interview.interviewers.first().map_or("", |it| &it.id).to_owned();
            let made = form(state, &row, screen, true, &by);
            let (panel, interview) = (Some(panel.id.clone()), Some(interview.id.clone()));
            state.all_mut::<Feedback>().push(Feedback { panel, interview, ..made });
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
        state.all_mut::<Feedback>().push(made);
    }
}
