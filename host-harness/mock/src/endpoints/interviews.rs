//! Interviews of an opportunity: each on its own, though each is part of a panel.
//!
//! Those of panels made in the product are read-only.

use serde_json::{Value, json};

use crate::account::records::Opportunity;
use crate::account::state::State;
use crate::endpoints::common::access;
use crate::endpoints::common::resource::Actor::Required;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, below, read, write};
use crate::endpoints::feedback::Feedback;
use crate::endpoints::panels::record::{Interview, Panel, interview};
use crate::http::call::Call;
use crate::http::page;
use crate::http::payload::Takes::{Json, Nothing};
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["interviews"];

const INTERVIEWS: &str = "/opportunities/:opportunity/interviews";
const INTERVIEW: &str = "/opportunities/:opportunity/interviews/:interview";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "interviews",
    rows: &[
        read(SCOPE, INTERVIEWS, PAGE, EXPAND, list),
        read(SCOPE, INTERVIEW, ONE, EXPAND, get),
        write("POST", SCOPE, INTERVIEWS, Required, &[], Json(KEYS), create),
        write("PUT", SCOPE, INTERVIEW, Required, &[], Json(KEYS), update),
        write("DELETE", SCOPE, INTERVIEW, Required, &[], Nothing, delete),
    ],
    records: Some(records),
    ..Resource::EMPTY
};

/// What can be expanded.
const EXPAND: &[&str] = &["feedbackForms", "user", "stage", "postings"];

/// What a body may hold.
const KEYS: &[&str] = &[
    "panel",
    "subject",
    "note",
    "interviewers/*/id",
    "interviewers/*/feedbackTemplate",
    "date",
    "duration",
    "location",
    "feedbackTemplate",
    "feedbackReminder",
];

fn records(state: &State) -> Vec<Value> {
    let panels = state.all::<Panel>().iter();
    let interviews = panels.flat_map(|panel| {
        let interviews = panel.interviews.iter();
        interviews
            .map(|interview| below(panel.interview_view(interview, state), &panel.opportunity))
    });
    interviews.collect()
}

impl Panel {
    /// One of its interviews, as the list of interviews shows it.
    pub fn interview_view(&self, interview: &Interview, state: &State) -> Value {
        let applications = self.applications.iter().filter_map(|id| state.applications.get(id));
        let forms = state.all::<Feedback>().iter().filter(|form| {
            form.interview.as_deref() == Some(&interview.id) && form.deleted_at.is_none()
        });
        let mut view = json!({
            "id": interview.id,
            "panel": self.id,
            "subject": interview.subject,
            "note": interview.note,
            "interviewers": interview.interviewers_view(state),
            "timezone": self.timezone,
            "createdAt": interview.created_at,
            "date": interview.date,
            "duration": interview.duration,
            "location": interview.location,
            "feedbackTemplate": interview.template,
            "feedbackForms": forms.map(|form| &form.id).collect::<Vec<_>>(),
            "feedbackReminder": interview.reminder,
            "user": interview.user,
            "stage": interview.stage,
            "canceledAt": interview.canceled_at,
            "postings": applications.map(|it| &it.posting).collect::<Vec<_>>(),
        });
        if let Some(map) = view.as_object_mut() {
            map.extend(interview.extra.clone());
        }
        view
    }
}

/// An interview with the expansions and fields of the request.
fn shown(state: &State, panel: &Panel, interview: &Interview, call: &Call) -> Value {
    let mut view = panel.interview_view(interview, state);
    for name in call.all("expand") {
        let Some(field) = view.get_mut(name).filter(|_| EXPAND.contains(&name)) else {
            continue;
        };
        let whole = |id: &Value| {
            let id = id.as_str().unwrap_or_default();
            match name {
                "feedbackForms" => {
                    state.all::<Feedback>().iter().find(|form| form.id == id).map(|it| it.view())
                }
                "postings" => state.posting(id).cloned(),
                "stage" => state.stages.iter().find(|stage| stage.id == id).map(|it| it.view()),
                _ => state.user(id).cloned(),
            }
        };
        match field {
            Value::Array(ids) => {
                ids.iter_mut().for_each(|id| *id = whole(id).unwrap_or_else(|| id.clone()));
            }
            id => *id = whole(id).unwrap_or_else(|| id.clone()),
        }
    }
    call.select(view)
}

/// The interview a path names, with its panel.
fn one<'s>(
    state: &'s State,
    row: &Opportunity,
    id: &str,
) -> Result<(&'s Panel, &'s Interview), Failure> {
    let mut panels = state.all::<Panel>().iter().filter(|panel| panel.opportunity == row.id);
    let found = panels.find_map(|panel| {
        let mut interviews = panel.interviews.iter();
        interviews.find(|interview| interview.id == id).map(|interview| (panel, interview))
    });
    found.ok_or(Failure::NoRecord("Interview"))
}

/// The same where it may be changed.
fn changeable<'s>(
    state: &'s State,
    row: &Opportunity,
    id: &str,
) -> Result<(&'s Panel, &'s Interview), Failure> {
    let (panel, interview) = one(state, row, id)?;
    panel.check_external()?;
    Ok((panel, interview))
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?;
    let rows = state.panels_of(&row.id).flat_map(|panel| {
        panel.interviews.iter().map(move |interview| {
            let key = page::by_time(interview.created_at, &interview.id);
            (key, (panel, interview))
        })
    });
    let page = page::cut(call, rows.collect())?;
    let rows = page.rows.into_iter();
    let data = rows.map(|(panel, interview)| shown(state, panel, interview, call)).collect();
    Ok(Reply::List { data, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let (panel, interview) = one(state, access::opportunity(state, call)?, call.id(1))?;
    Ok(Reply::Data(200, shown(state, panel, interview, call)))
}

/// The panel a body names, if it may be changed.
fn named_panel(state: &State, call: &Call, row: &Opportunity) -> Result<Option<String>, Failure> {
    let body = call.body()?;
    let Some(id) = body.text("panel")? else {
        return Ok(None);
    };
    let panel = state.panels_of(&row.id).find(|panel| panel.id == id);
    let panel = panel.ok_or_else(|| body.refuse("panel", "Panel was not found."))?;
    if !panel.is_external {
        return Err(body.refuse("panel", "Panel is not externally managed."));
    }
    Ok(Some(panel.id.clone()))
}

/// Adds an interview to a panel, or replaces the one with its id; returns its JSON.
fn put(state: &mut State, panel: &str, interview: Interview) -> Value {
    let id = interview.id.clone();
    for slot in state.all_mut::<Panel>().iter_mut().filter(|slot| slot.id == panel) {
        match slot.interviews.iter_mut().find(|known| known.id == id) {
            Some(known) => *known = interview.clone(),
            None => slot.interviews.push(interview.clone()),
        }
    }
    let panel = state.all::<Panel>().iter().find(|known| known.id == panel);
    panel.map(|panel| panel.interview_view(&interview, state)).unwrap_or_default()
}

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    let body = call.body()?;
    let panel = named_panel(state, call, &row)?;
    let panel = panel.ok_or_else(|| Failure::missing(body.pointer("panel")))?;
    let mut made = interview(state, &body, &row, call.actor.as_deref(), call.now, None)?;
    made.id = state.random.uuid();
    state.fire("interviewCreated", &row, json!({"interviewId": made.id}));
    Ok(Reply::Data(201, put(state, &panel, made)))
}

fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    let (panel, before) = changeable(state, &row, call.id(1))?;
    let (panel, before) = (panel.id.clone(), before.clone());
    if named_panel(state, call, &row)?.is_some_and(|named| named != panel) {
        return Err(call.body()?.refuse("panel", "An interview stays in its panel."));
    }
    let body = call.body()?;
    let after = interview(state, &body, &row, call.actor.as_deref(), call.now, Some(&before))?;
    state.fire("interviewUpdated", &row, json!({"interviewId": after.id}));
    Ok(Reply::Data(200, put(state, &panel, after)))
}

fn delete(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    changeable(state, &row, call.id(1))?;
    state.drop_interviews(&row, |_, interview| interview.id == call.id(1));
    Ok(Reply::Empty)
}
