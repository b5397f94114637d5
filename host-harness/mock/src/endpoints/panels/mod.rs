//! Panels of an opportunity: several interviews as one, replaced as one.
//!
//! Those made in the product are read-only.

pub(crate) mod record;
mod seed;

use serde_json::{Value, json};

use crate::account::records::Opportunity;
use crate::account::state::State;
use crate::account::timezones::is_timezone;
use crate::endpoints::common::access;
use crate::endpoints::common::resource::Actor::Required;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, below, read, write};
use crate::endpoints::panels::record::{Interview, PANEL_REMINDER, Panel, REMINDERS, interview};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page;
use crate::http::payload::Takes::{Json, Nothing};
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["panels"];

const PANELS: &str = "/opportunities/:opportunity/panels";
const PANEL: &str = "/opportunities/:opportunity/panels/:panel";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "panels",
    rows: &[
        read(SCOPE, PANELS, PAGE, EXPAND, list),
        read(SCOPE, PANEL, ONE, EXPAND, get),
        write("POST", SCOPE, PANELS, Required, &[], Json(CREATE), create),
        write("PUT", SCOPE, PANEL, Required, &[], Json(CHANGE), update),
        write("DELETE", SCOPE, PANEL, Required, &[], Nothing, delete),
    ],
    records: Some(|state| {
        state.all::<Panel>().iter().map(|it| below(it.view(state), &it.opportunity)).collect()
    }),
    seed: Some(seed::seed),
};

/// What can be expanded.
const EXPAND: &[&str] = &["user", "stage"];

/// What the body of a creation may hold.
const CREATE: &[&str] = &[
    "applications",
    "timezone",
    "feedbackReminder",
    "note",
    "externalUrl",
    "interviews/*/subject",
    "interviews/*/note",
    "interviews/*/interviewers/*/id",
    "interviews/*/interviewers/*/feedbackTemplate",
    "interviews/*/date",
    "interviews/*/duration",
    "interviews/*/location",
    "interviews/*/feedbackTemplate",
    "interviews/*/feedbackReminder",
];

/// What the body of a change may hold: the same, with the ids of interviews that stay.
const CHANGE: &[&str] = &[
    "applications",
    "timezone",
    "feedbackReminder",
    "note",
    "externalUrl",
    "interviews/*/id",
    "interviews/*/subject",
    "interviews/*/note",
    "interviews/*/interviewers/*/id",
    "interviews/*/interviewers/*/feedbackTemplate",
    "interviews/*/date",
    "interviews/*/duration",
    "interviews/*/location",
    "interviews/*/feedbackTemplate",
    "interviews/*/feedbackReminder",
];

fn shown(state: &State, panel: &Panel, call: &Call) -> Value {
    let mut view = panel.view(state);
    let expand = call.all("expand");
    let stage = state.stages.iter().find(|stage| stage.id == panel.stage);
    if let (true, Some(stage), Some(field)) =
        (expand.contains(&"stage"), stage, view.get_mut("stage"))
    {
        *field = stage.view();
    }
    let user = panel.user.as_ref().filter(|_| expand.contains(&"user"));
    if let (Some(user), Some(field)) = (user, view.get_mut("user")) {
        *field = state.user_view(user);
    }
    call.select(view)
}

fn one<'s>(state: &'s State, call: &Call) -> Result<&'s Panel, Failure> {
    let row = access::opportunity(state, call)?;
    let mut panels = state.panels_of(&row.id);
    panels.find(|panel| panel.id == call.id(1)).ok_or(Failure::NoRecord("Panel"))
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?;
    let rows =
        state.panels_of(&row.id).map(|panel| (page::by_time(panel.created_at, &panel.id), panel));
    let page = page::cut(call, rows.collect())?;
    let data = page.rows.into_iter().map(|panel| shown(state, panel, call)).collect();
    Ok(Reply::List { data, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, shown(state, one(state, call)?, call)))
}

/// The applications a body names, which must be the opportunity's own.
fn applications(body: &Fields, row: &Opportunity) -> Result<Option<Vec<String>>, Failure> {
    match body.texts("applications")? {
        None => Ok(None),
        Some(ids) if ids.is_empty() => Err(body.refuse("applications", "Must not be empty.")),
        Some(ids) if ids.iter().all(|id| row.application.as_ref() == Some(id)) => Ok(Some(ids)),
        Some(_) => Err(body.refuse("applications", "Application was not found.")),
    }
}

/// The interviews a body names; those that carry an id replace the one that has it.
fn interviews(
    state: &State,
    call: &Call,
    body: &Fields,
    row: &Opportunity,
    before: &[Interview],
) -> Result<Vec<Interview>, Failure> {
    let mut interviews: Vec<Interview> = Vec::new();
    for given in body.need_children("interviews")? {
        let id = if before.is_empty() { None } else { given.text("id")? };
        let known = before.iter().find(|known| Some(known.id.as_str()) == id);
        if id.is_some() && known.is_none() {
            return Err(given.refuse("id", "Interview was not found."));
        }
        if id.is_some_and(|id| interviews.iter().any(|other| other.id == id)) {
            return Err(given.refuse("id", "Given more than once."));
        }
        let actor = call.actor.as_deref();
        interviews.push(interview(state, &given, row, actor, call.now, known)?);
    }
    Ok(interviews)
}

/// The panel a body describes.
fn panel(
    state: &State,
    call: &Call,
    row: &Opportunity,
    before: Option<&Panel>,
) -> Result<Panel, Failure> {
    let body = call.body()?;
    let timezone = body.need_text("timezone")?;
    if !is_timezone(timezone) {
        return Err(body.refuse("timezone", "Must be an IANA time zone."));
    }
    let own =
        || if before.is_none() { row.application.iter().cloned().collect() } else { Vec::new() };
    let known = before.map_or(&[][..], |before| &before.interviews);
    let reminder = body.one_of("feedbackReminder", &REMINDERS)?.unwrap_or(PANEL_REMINDER);
    Ok(Panel {
        id: before.map_or(String::new(), |before| before.id.clone()),
        opportunity: row.id.clone(),
        applications: applications(&body, row)?.unwrap_or_else(own),
        canceled_at: before.and_then(|before| before.canceled_at),
        created_at: before.map_or(call.now, |before| before.created_at),
        timezone: timezone.to_owned(),
        is_external: true,
        external_url: body.text("externalUrl")?.map(str::to_owned),
        reminder: reminder.to_owned(),
        note: body.text("note")?.map(str::to_owned),
        stage: before.map_or_else(|| row.stage.clone(), |before| before.stage.clone()),
        user: before.map_or_else(|| call.actor.clone(), |before| before.user.clone()),
        interviews: interviews(state, call, &body, row, known)?,
    })
}

/// Gives ids to the interviews that have none, and fires an event for each interview.
fn settle(state: &mut State, row: &Opportunity, panel: &mut Panel) {
    for interview in &mut panel.interviews {
        let mut event = "interviewUpdated";
        if interview.id.is_empty() {
            interview.id = state.random.uuid();
            event = "interviewCreated";
        }
        state.fire(event, row, json!({"interviewId": interview.id}));
    }
}

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    let mut made = panel(state, call, &row, None)?;
    made.id = state.random.uuid();
    settle(state, &row, &mut made);
    let view = made.view(state);
    state.all_mut::<Panel>().push(made);
    Ok(Reply::Data(201, view))
}

fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    let before = one(state, call)?.clone();
    before.check_external()?;
    let mut after = panel(state, call, &row, Some(&before))?;
    state.drop_interviews(&row, |panel, interview| {
        panel.id == before.id && !after.interviews.iter().any(|kept| kept.id == interview.id)
    });
    settle(state, &row, &mut after);
    // The panel itself went with its interviews when all of them were left out.
    state.all_mut::<Panel>().retain(|panel| panel.id != before.id);
    let view = after.view(state);
    state.all_mut::<Panel>().push(after);
    Ok(Reply::Data(200, view))
}

fn delete(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?.clone();
    let dropped = one(state, call)?.clone();
    dropped.check_external()?;
    state.drop_interviews(&row, |panel, _| panel.id == dropped.id);
    Ok(Reply::Empty)
}
