//! Postings: the list with its filters, one record, their expanded forms.

mod apply;
mod change;
pub(crate) mod form;
mod form_seed;
mod seed;

use serde_json::Value;

use crate::account::postings::{CHANNELS, STATES, category};
use crate::account::records::{text, texts};
use crate::account::state::State;
use crate::endpoints::common::resource::Actor::{Required, Unused};
use crate::endpoints::common::resource::{Names, Resource, read, write};
use crate::endpoints::common::{access, deleted};
use crate::http::call::Call;
use crate::http::cursor::{Key, Part};
use crate::http::page;
use crate::http::payload::Takes::Json;
use crate::http::reply::{Failure, Reply};
use crate::http::span::Span;

const SCOPE: Names = &["postings"];

/// The nearest of Lever's list of scopes, and the one other guides name.
const APPLY_SCOPE: Names = &["postings", "applications"];

const POSTINGS: &str = "/postings";
const POSTING: &str = "/postings/:posting";
const APPLY: &str = "/postings/:posting/apply";

pub(crate) const RESOURCE: Resource = Resource {
    kind: "postings",
    rows: &[
        read(SCOPE, "/postings/deleted", deleted::QUERY, &[], list_deleted),
        read(SCOPE, POSTINGS, QUERY, EXPAND, list),
        read(SCOPE, POSTING, &["include", "distribution"], EXPAND, get),
        write("POST", SCOPE, POSTINGS, Required, &[], Json(change::CREATE), change::create),
        write("POST", SCOPE, POSTING, Required, &[], Json(change::CHANGE), change::update),
        read(SCOPE, APPLY, form::QUERY, &[], form::get),
        write("POST", APPLY_SCOPE, APPLY, Unused, apply::QUERY, Json(apply::KEYS), apply::apply),
    ],
    records: Some(|state| state.postings.clone()),
    seed: Some(seed::seed),
};

/// Their application forms, seeded later than they are.
pub(crate) const FORMS: Resource = Resource { seed: Some(form_seed::seed), ..Resource::EMPTY };

/// A deleted posting, as its list shows it.
#[derive(Clone, Debug)]
pub(crate) struct Deleted(pub Value);

/// What can be expanded.
const EXPAND: &[&str] = &["user", "owner", "hiringManager", "followers"];

/// The query of the list.
const QUERY: &[&str] = &[
    "limit",
    "offset",
    "include",
    "state",
    "distributionChannel",
    "confidentiality",
    "group",
    "team",
    "department",
    "location",
    "commitment",
    "level",
    "tag",
    "updated_at_start",
    "updated_at_end",
];

const GROUPS: [&str; 4] = ["location", "team", "department", "commitment"];

/// Filters that `updated_at_*` cannot be combined with: all but the confidentiality.
const NARROWING: [&str; 9] = [
    "state",
    "distributionChannel",
    "group",
    "team",
    "department",
    "location",
    "commitment",
    "level",
    "tag",
];

/// The record with the expansions and fields of the request.
fn shown(state: &State, posting: &Value, call: &Call) -> Value {
    let mut view = posting.clone();
    for name in call.all("expand") {
        let Some(field) = view.get_mut(name).filter(|_| EXPAND.contains(&name)) else {
            continue;
        };
        match field {
            Value::String(id) => *field = state.user_view(id),
            Value::Array(ids) => {
                ids.iter_mut()
                    .for_each(|id| *id = state.user_view(id.as_str().unwrap_or_default()));
            }
            _ => {}
        }
    }
    call.select(view)
}

fn one_of(call: &Call, name: &str, known: &[&str]) -> Result<Option<String>, Failure> {
    match call.one(name)? {
        Some(value) if !known.contains(&value) => {
            Err(Failure::Query(format!("Invalid parameter: {name}")))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// Whether a posting is shown on one of the requested channels; a list of published ones without
/// channels has the public ones only.
fn is_distributed(posting: &Value, state: Option<&str>, channels: &[&str]) -> bool {
    let own = texts(posting, "distributionChannels");
    match (channels, state) {
        ([], Some("published")) => own.contains(&"public"),
        ([], _) => true,
        (channels, _) => channels.iter().any(|channel| own.contains(channel)),
    }
}

fn has_category(call: &Call, posting: &Value, name: &str) -> bool {
    let wanted = call.all(name);
    let mut own = vec![category(posting, name)];
    if name == "location" {
        own.extend(
            posting.get("categories").map(|it| texts(it, "allLocations")).unwrap_or_default(),
        );
    }
    wanted.is_empty() || wanted.iter().any(|wanted| own.contains(wanted))
}

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let updated = Span::read(call, "updated_at")?;
    let is_dated = updated.start.is_some() || updated.end.is_some();
    if is_dated && NARROWING.iter().any(|name| !call.all(name).is_empty()) {
        return Err(Failure::Query(
            "updated_at_start and updated_at_end can only be combined with confidentiality"
                .to_owned(),
        ));
    }
    let wanted = one_of(call, "state", &STATES)?;
    let group = one_of(call, "group", &GROUPS)?;
    let known = ["non-confidential", "confidential", "all"];
    let confidentiality = one_of(call, "confidentiality", &known)?;
    let confidentiality = confidentiality.as_deref().unwrap_or("non-confidential");
    if confidentiality != "non-confidential" && !call.confidential_access {
        return Err(Failure::Confidential);
    }
    let channels = call.all("distributionChannel");
    if channels.iter().any(|channel| !CHANNELS.contains(channel)) {
        return Err(Failure::Query("Invalid parameter: distributionChannel".to_owned()));
    }
    let tags = call.all("tag");
    let rows = state.postings.iter().filter(|posting| {
        let own_tags = texts(posting, "tags");
        wanted.as_deref().is_none_or(|wanted| text(posting, "state") == wanted)
            && is_distributed(posting, wanted.as_deref(), &channels)
            && (confidentiality == "all" || text(posting, "confidentiality") == confidentiality)
            && ["team", "department", "location", "commitment", "level"]
                .iter()
                .all(|name| has_category(call, posting, name))
            && (tags.is_empty() || tags.iter().any(|tag| own_tags.contains(tag)))
            && updated.allows(posting.get("updatedAt").and_then(Value::as_u64))
    });
    let rows = rows.map(|posting| {
        let mut key: Key =
            group.iter().map(|group| Part::Text(category(posting, group).to_owned())).collect();
        key.extend(page::by_creation(posting));
        (key, posting)
    });
    let page = page::cut(call, rows.collect())?;
    let data = page.rows.into_iter().map(|row| shown(state, row, call)).collect();
    Ok(Reply::List { data, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    one_of(call, "distribution", &["internal", "external"])?;
    Ok(Reply::Data(200, shown(state, access::posting(state, call)?, call)))
}

fn list_deleted(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let window = deleted::window(call)?;
    deleted::list(state.all::<Deleted>().iter().map(|it| &it.0), &window, call)
}
