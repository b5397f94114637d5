//! Reading opportunities: the list, one record, and their expanded forms.
//!
//! Changes live in `changes` and `creation`.

pub(crate) mod change;
pub(crate) mod create;
pub(crate) mod filter;
pub(crate) mod resume_text;

use serde_json::{Value, json};

use crate::account::state::{Opportunity, State};
use crate::endpoints::opportunities::filter::Filter;
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Answer, Failure};

/// What can be expanded.
pub(crate) const EXPAND: &[&str] =
    &["applications", "stage", "owner", "followers", "sourcedBy", "contact"];

/// The query of the list.
pub(crate) const QUERY: &[&str] = &[
    "limit",
    "offset",
    "include",
    "tag",
    "email",
    "origin",
    "source",
    "confidentiality",
    "stage_id",
    "posting_id",
    "archived_posting_id",
    "created_at_start",
    "created_at_end",
    "updated_at_start",
    "updated_at_end",
    "advanced_at_start",
    "advanced_at_end",
    "archived_at_start",
    "archived_at_end",
    "archived",
    "archive_reason_id",
    "snoozed",
    "contact_id",
    "location",
];

/// Keeps the fields named by `include`, those named by `expand`, and the id.
pub(crate) fn select(mut view: Value, call: &Call) -> Value {
    let include = call.all("include");
    if let (false, Some(map)) = (include.is_empty(), view.as_object_mut()) {
        let expand = call.all("expand");
        map.retain(|key, _| {
            key == "id" || [&include, &expand].iter().any(|names| names.contains(&key.as_str()))
        });
    }
    view
}

/// The record as the request wants it shown.
fn shown(state: &State, row: &Opportunity, call: &Call) -> Value {
    let mut view = state.view(row);
    let user = |id: &String| state.user(id).cloned().unwrap_or_else(|| json!(id));
    for name in call.all("expand") {
        let object = match name {
            "applications" => {
                let ids = row.application.iter();
                ids.filter_map(|id| state.applications.get(id)).map(|it| it.view()).collect()
            }
            "stage" => {
                let stage = state.stages.iter().find(|stage| stage.id == row.stage);
                stage.map_or_else(|| json!(row.stage), |stage| stage.view())
            }
            "owner" => row.owner.as_ref().map_or(Value::Null, user),
            "followers" => row.followers.iter().map(user).collect(),
            "sourcedBy" => row.sourced_by.as_ref().map_or(Value::Null, user),
            "contact" => {
                let contact = state.contacts.get(&row.contact);
                contact.map_or_else(|| json!(row.contact), |contact| contact.view())
            }
            _ => continue,
        };
        if let Some(field) = view.get_mut(name) {
            *field = object;
        }
    }
    select(view, call)
}

/// The record a path names, refused where the credential may not see it.
pub(crate) fn find<'s>(state: &'s State, call: &Call) -> Result<&'s Opportunity, Failure> {
    let row = state.opportunities.get(call.id(0)).ok_or(Failure::NoRecord("Opportunity"))?;
    if row.confidential && !call.confidential_access {
        return Err(Failure::Confidential);
    }
    Ok(row)
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let filter = Filter::read(call)?;
    let rows = state.opportunities.values().filter(|row| filter.allows(state, row));
    let rows = rows.map(|row| (state.key(row), row)).collect();
    let page = page::cut(&state.issued, call, rows)?;
    let data = page.rows.into_iter().map(|row| shown(state, row, call)).collect();
    Ok(Answer::List { data, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let row = find(state, call)?;
    Ok(Answer::Data(200, shown(state, row, call)))
}
