//! Reading postings: the list with its filters, one record, their expanded forms.
//!
//! Changes live in `posting_writes`, the application form in `questions`.

pub(crate) mod apply;
pub(crate) mod form;
pub(crate) mod write;

use serde_json::{Value, json};

use crate::account::state::{State, text};
use crate::endpoints::opportunities::filter::Span;
use crate::endpoints::opportunities::select;
use crate::http::call::Call;
use crate::http::page::{self, Key, Part};
use crate::http::reply::{Answer, Failure};

/// What can be expanded.
pub(crate) const EXPAND: &[&str] = &["user", "owner", "hiringManager", "followers"];

/// The query of the list.
pub(crate) const QUERY: &[&str] = &[
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

/// The states a posting can be in.
pub(crate) const STATES: [&str; 6] =
    ["published", "internal", "closed", "draft", "pending", "rejected"];

/// Where a published posting can be shown.
pub(crate) const CHANNELS: [&str; 2] = ["internal", "public"];

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

pub(crate) fn is_confidential(posting: &Value) -> bool {
    text(posting, "confidentiality") == "confidential"
}

/// A category of a posting; empty when absent.
pub(crate) fn category<'p>(posting: &'p Value, name: &str) -> &'p str {
    posting.get("categories").map_or("", |categories| text(categories, name))
}

/// The strings of a list inside a record.
pub(crate) fn texts<'p>(record: &'p Value, name: &str) -> Vec<&'p str> {
    let items = record.get(name).and_then(Value::as_array);
    items.map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// The record a path names, refused where the credential may not see it.
pub(crate) fn find<'s>(state: &'s State, call: &Call) -> Result<&'s Value, Failure> {
    let posting = state.posting(call.id(0)).ok_or(Failure::NoRecord("Posting"))?;
    if is_confidential(posting) && !call.confidential_access {
        return Err(Failure::Confidential);
    }
    Ok(posting)
}

/// The record as the request wants it shown.
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
    select(view, call)
}

fn one_of(call: &Call, name: &str, known: &[&str]) -> Result<Option<String>, Failure> {
    match call.one(name)? {
        Some(value) if !known.contains(&value) => {
            Err(Failure::Query(format!("Invalid parameter: {name}")))
        }
        value => Ok(value.map(str::to_owned)),
    }
}

/// Whether a posting is shown on one of the channels asked for; a list of published ones that asks
/// for none has the public ones only.
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

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
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
    let page = page::cut(&state.issued, call, rows.collect())?;
    let data = page.rows.into_iter().map(|row| shown(state, row, call)).collect();
    Ok(Answer::List { data, next: page.next })
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    one_of(call, "distribution", &["internal", "external"])?;
    Ok(Answer::Data(200, shown(state, find(state, call)?, call)))
}

/// Where people find a posting on the job site; null while they cannot.
pub(crate) fn urls(id: &str, state: &str) -> Value {
    let site = "https://jobs.lever.co/harborlight";
    match state {
        "published" | "internal" => json!({
            "list": site,
            "show": format!("{site}/{id}"),
            "apply": format!("{site}/{id}/apply"),
        }),
        _ => Value::Null,
    }
}
