//! Interviews of an opportunity: each on its own, though each is part of a panel.
//!
//! Those of panels made in the product are read-only.

use serde_json::{Value, json};

use crate::account::state::{Opportunity, State};
use crate::endpoints::opportunities::{find, select};
use crate::endpoints::panels::record::{Interview, Panel, interview};
use crate::http::call::Call;
use crate::http::page::{self, Part};
use crate::http::reply::{Answer, Failure};

/// What can be expanded.
pub(crate) const EXPAND: &[&str] = &["feedbackForms", "user", "stage", "postings"];

/// What a body may hold.
pub(crate) const KEYS: &[&str] = &[
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

/// An interview as the request wants it shown.
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
                    state.feedback.iter().find(|form| form.id == id).map(|it| it.view())
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
    select(view, call)
}

/// The interview a path names, with its panel.
fn one<'s>(
    state: &'s State,
    row: &Opportunity,
    id: &str,
) -> Result<(&'s Panel, &'s Interview), Failure> {
    let mut panels = state.panels.iter().filter(|panel| panel.opportunity == row.id);
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

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?;
    let rows = state.panels_of(&row.id).flat_map(|panel| {
        panel.interviews.iter().map(move |interview| {
            let key = vec![Part::Earliest(interview.created_at), Part::Text(interview.id.clone())];
            (key, (panel, interview))
        })
    });
    let page = page::cut(&state.issued, call, rows.collect())?;
    let rows = page.rows.into_iter();
    let data = rows.map(|(panel, interview)| shown(state, panel, interview, call)).collect();
    Ok(Answer::List { data, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let (panel, interview) = one(state, find(state, call)?, call.id(1))?;
    Ok(Answer::Data(200, shown(state, panel, interview, call)))
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

/// Puts an interview into a panel, in the place of the one with its id, and shows it.
fn put(state: &mut State, panel: &str, interview: Interview) -> Value {
    let id = interview.id.clone();
    for place in state.panels.iter_mut().filter(|place| place.id == panel) {
        match place.interviews.iter_mut().find(|known| known.id == id) {
            Some(known) => *known = interview.clone(),
            None => place.interviews.push(interview.clone()),
        }
    }
    let panel = state.panels.iter().find(|known| known.id == panel);
    panel.map(|panel| panel.interview_view(&interview, state)).unwrap_or_default()
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?.clone();
    let body = call.body()?;
    let panel = named_panel(state, call, &row)?;
    let panel = panel.ok_or_else(|| Failure::missing(body.pointer("panel")))?;
    let mut made = interview(state, &body, &row, call.actor.as_deref(), call.now, None)?;
    made.id = state.random.uuid();
    state.fire("interviewCreated", &row, json!({"interviewId": made.id}));
    Ok(Answer::Data(201, put(state, &panel, made)))
}

pub(crate) fn update(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?.clone();
    let (panel, before) = changeable(state, &row, call.id(1))?;
    let (panel, before) = (panel.id.clone(), before.clone());
    if named_panel(state, call, &row)?.is_some_and(|named| named != panel) {
        return Err(call.body()?.refuse("panel", "An interview stays in its panel."));
    }
    let body = call.body()?;
    let after = interview(state, &body, &row, call.actor.as_deref(), call.now, Some(&before))?;
    state.fire("interviewUpdated", &row, json!({"interviewId": after.id}));
    Ok(Answer::Data(200, put(state, &panel, after)))
}

pub(crate) fn delete(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?.clone();
    changeable(state, &row, call.id(1))?;
    state.drop_interviews(&row, |_, interview| interview.id == call.id(1));
    Ok(Answer::Empty)
}
