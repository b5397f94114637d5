//! Opportunities: the list, one record, and their expanded forms.

mod change;
mod create;
pub(crate) mod deleted;
mod filter;
mod seed;
mod words;

use std::cmp::Reverse;

use serde_json::{Value, json};

use crate::account::records::{Contact, Opportunity};
use crate::account::state::State;
use crate::endpoints::common::resource::Actor::{Optional, Required};
use crate::endpoints::common::resource::{Handler, Names, ONE, Resource, Row, read, write};
use crate::endpoints::common::{self, access};
use crate::endpoints::opportunities::filter::Filter;
use crate::http::call::Call;
use crate::http::cursor::{Key, Part};
use crate::http::page;
use crate::http::payload::Takes::{Either, Json};
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["opportunities"];

const OPPORTUNITIES: &str = "/opportunities";
const OPPORTUNITY: &str = "/opportunities/:opportunity";

/// A write of one opportunity, attributed to `perform_as` if given.
const fn change(method: &'static str, path: &'static str, keys: Names, handler: Handler) -> Row {
    write(method, SCOPE, path, Optional, &[], Json(keys), handler)
}

pub(crate) const RESOURCE: Resource = Resource {
    kind: "opportunities",
    rows: &[
        read(SCOPE, "/opportunities/deleted", common::deleted::QUERY, &[], deleted::list),
        read(SCOPE, OPPORTUNITIES, QUERY, EXPAND, list),
        read(SCOPE, OPPORTUNITY, ONE, EXPAND, get),
        write(
            "POST",
            SCOPE,
            OPPORTUNITIES,
            Required,
            create::QUERY,
            Either(create::KEYS),
            create::create,
        ),
        change("PUT", "/opportunities/:opportunity/stage", &["stage"], change::stage),
        change("PUT", "/opportunities/:opportunity/archived", change::ARCHIVE, change::archive),
        change("POST", "/opportunities/:opportunity/addTags", &["tags"], change::add_tags),
        change("POST", "/opportunities/:opportunity/removeTags", &["tags"], change::remove_tags),
        change("POST", "/opportunities/:opportunity/addLinks", &["links"], change::add_links),
        change("POST", "/opportunities/:opportunity/removeLinks", &["links"], change::remove_links),
        change("POST", "/opportunities/:opportunity/addSources", &["sources"], change::add_sources),
        change(
            "POST",
            "/opportunities/:opportunity/removeSources",
            &["sources"],
            change::remove_sources,
        ),
    ],
    records: Some(|state| state.opportunities.values().map(|row| state.view(row)).collect()),
    seed: Some(seed::seed),
};

/// Deleted ones, seeded once everything else below opportunities is.
pub(crate) const DELETED: Resource = Resource { seed: Some(deleted::seed), ..Resource::EMPTY };

/// The people behind them, which no endpoint here shows by themselves.
pub(crate) const CONTACTS: Resource = Resource {
    kind: "contacts",
    records: Some(|state| state.contacts.values().map(Contact::view).collect()),
    ..Resource::EMPTY
};

/// What can be expanded.
const EXPAND: &[&str] = &["applications", "stage", "owner", "followers", "sourcedBy", "contact"];

/// The query of the list.
const QUERY: &[&str] = &[
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

/// What the list is sorted by.
pub(crate) fn key(state: &State, row: &Opportunity) -> Key {
    vec![
        Part::Rank(state.stage(&row.stage).map_or(0, |stage| stage.rank)),
        Part::Latest(Reverse(row.last_advanced_at)),
        Part::Text(row.id.clone()),
    ]
}

/// The record with the expansions and fields of the request.
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
                let stage = state.stage(&row.stage);
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
    call.select(view)
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let filter = Filter::read(call)?;
    let rows = state.opportunities.values().filter(|row| filter.allows(state, row));
    let rows = rows.map(|row| (key(state, row), row)).collect();
    let page = page::cut(call, rows)?;
    let data = page.rows.into_iter().map(|row| shown(state, row, call)).collect();
    Ok(Reply::List { data, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let row = access::opportunity(state, call)?;
    Ok(Reply::Data(200, shown(state, row, call)))
}
