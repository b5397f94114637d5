//! Records by kind: the plural that Lever's paths have, so that a client's answer can be held against it.

use serde_json::{Map, Value, json};

use super::Refusal;
use crate::account::state::{State, text};

/// The kinds there are, each with all its records as GET would show them, nothing expanded.
type Kind = (&'static str, fn(&State) -> Vec<Value>);

const KINDS: [Kind; 19] = [
    ("applications", |state| state.applications.values().map(|it| it.view()).collect()),
    ("archive_reasons", |state| state.reasons.iter().map(|it| it.view()).collect()),
    ("contacts", |state| state.contacts.values().map(|it| it.view()).collect()),
    ("feedback", |state| {
        state.feedback.iter().map(|it| below(it.view(), &it.opportunity)).collect()
    }),
    ("feedback_templates", |state| state.templates.iter().map(|it| it.view()).collect()),
    ("files", |state| state.files.iter().map(|it| below(it.view(), &it.opportunity)).collect()),
    ("interviews", |state| {
        let panels = state.panels.iter();
        let interviews = panels.flat_map(|panel| {
            panel.interviews.iter().map(move |it| (panel.interview_view(it, state), panel))
        });
        interviews.map(|(view, panel)| below(view, &panel.opportunity)).collect()
    }),
    ("notes", |state| state.notes.iter().map(|it| below(it.view(), &it.opportunity)).collect()),
    ("offers", |state| state.offers.iter().map(|it| below(it.view(), &it.opportunity)).collect()),
    ("opportunities", |state| state.opportunities.values().map(|it| state.view(it)).collect()),
    ("panels", |state| {
        state.panels.iter().map(|it| below(it.view(state), &it.opportunity)).collect()
    }),
    ("postings", |state| state.postings.clone()),
    ("referrals", |state| {
        state.referrals.iter().map(|it| below(it.view.clone(), &it.opportunity)).collect()
    }),
    ("requisitions", |state| {
        state.requisitions.iter().map(|it| state.requisition_view(it)).collect()
    }),
    ("resumes", |state| state.resumes.iter().map(|it| below(it.view(), &it.opportunity)).collect()),
    ("stages", |state| state.stages.iter().map(|it| it.view()).collect()),
    ("uploads", |state| state.uploads.iter().map(|it| it.view()).collect()),
    ("users", |state| state.users.clone()),
    ("webhooks", |state| state.webhooks.rows.iter().map(|it| it.view()).collect()),
];

/// The record with the opportunity it belongs to, which its own JSON does not name.
fn below(mut view: Value, opportunity: &str) -> Value {
    if let Some(map) = view.as_object_mut() {
        map.insert("$opportunity".to_owned(), json!(opportunity));
    }
    view
}

fn of(state: &State, kind: &str) -> Result<Vec<Value>, Refusal> {
    let found = KINDS.iter().find(|(known, _)| *known == kind);
    let (_, all) = found.ok_or_else(|| {
        let known = KINDS.map(|(known, _)| known).join(", ");
        (404, format!("there is no kind {kind}; there are {known}"))
    })?;
    Ok(all(state))
}

pub(crate) fn all(state: &State, kind: &str) -> Result<Value, Refusal> {
    Ok(json!({"records": of(state, kind)?}))
}

pub(crate) fn one(state: &State, kind: &str, id: &str) -> Result<Value, Refusal> {
    let found = of(state, kind)?.into_iter().find(|record| text(record, "id") == id);
    found.ok_or_else(|| (404, format!("there is no {id} among the {kind}")))
}

/// How many there are of each kind.
pub(crate) fn counts(state: &State) -> Value {
    let counts = KINDS.iter().map(|(kind, all)| ((*kind).to_owned(), json!(all(state).len())));
    Value::Object(counts.collect::<Map<_, _>>())
}
