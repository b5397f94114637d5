//! What an account is set up with: stages, archive reasons, users, postings, and its tags and sources.
//!
//! Reads only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::call::Call;
use super::filters::canonical_email;
use super::opportunities::select;
use super::page::{self, Key, Part};
use super::store::{Opportunity, State, text};

/// The query of the list of users.
pub(super) const USERS: &[&str] = &[
    "limit",
    "offset",
    "include",
    "email",
    "accessRole",
    "accessRole[]",
    "includeDeactivated",
    "external_directory_id",
];

fn listed(state: &State, call: &Call, rows: Vec<(Key, Value)>) -> Result<Answer, Failure> {
    let page = page::cut(&state.issued, call, rows)?;
    let data = page.rows.into_iter().map(|row| select(row, call)).collect();
    Ok(Answer::List { data, next: page.next })
}

fn one(found: Option<Value>, noun: &'static str, call: &Call) -> Result<Answer, Failure> {
    let found = found.ok_or(Failure::NoRecord(noun))?;
    Ok(Answer::Data(200, select(found, call)))
}

/// The sort key of users and postings.
fn by_creation(row: &Value) -> Key {
    let created = row.get("createdAt").and_then(Value::as_u64).unwrap_or(0);
    vec![Part::Earliest(created), Part::Text(text(row, "id").to_owned())]
}

pub(super) fn stages(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let rows = state
        .stages
        .iter()
        .map(|stage| (vec![Part::Rank(stage.rank), Part::Text(stage.id.clone())], stage.view()));
    listed(state, call, rows.collect())
}

pub(super) fn stage(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let found = state.stages.iter().find(|stage| stage.id == call.id(0));
    one(found.map(|stage| stage.view()), "Stage", call)
}

pub(super) fn archive_reasons(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let hired = match call.one("type")? {
        None => None,
        Some("hired") => Some(true),
        Some("non-hired") => Some(false),
        Some(_) => return Err(Failure::Query("Invalid parameter: type".to_owned())),
    };
    let rows = state.reasons.iter().enumerate();
    let rows = rows.filter(|(_, reason)| hired.is_none_or(|hired| hired == reason.hired));
    // An account's own order, kept by position.
    let rows = rows.map(|(at, reason)| (vec![Part::Earliest(at as u64)], reason.view()));
    listed(state, call, rows.collect())
}

pub(super) fn archive_reason(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    one(state.reason(call.id(0)).map(|reason| reason.view()), "Archive reason", call)
}

fn is_active(user: &Value) -> bool {
    user.get("deactivatedAt").is_none_or(Value::is_null)
}

pub(super) fn users(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let emails: Vec<_> = call.all("email").into_iter().map(canonical_email).collect();
    let roles = call.all("accessRole");
    let directory_ids = call.all("external_directory_id");
    let with_deactivated = call.flag("includeDeactivated")?.unwrap_or(false);
    let rows = state.users.iter().filter(|user| {
        (with_deactivated || is_active(user))
            && (emails.is_empty() || emails.contains(&canonical_email(text(user, "email"))))
            && (roles.is_empty() || roles.contains(&text(user, "accessRole")))
            && (directory_ids.is_empty()
                || directory_ids.contains(&text(user, "externalDirectoryId")))
    });
    let rows = rows.map(|user| (by_creation(user), user.clone())).collect();
    listed(state, call, rows)
}

pub(super) fn user(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let found = state.user(call.id(0)).filter(|user| is_active(user));
    one(found.cloned(), "User", call)
}

pub(super) fn postings(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let wanted = call.one("state")?;
    let rows = state.postings.iter();
    let rows = rows.filter(|posting| wanted.is_none_or(|wanted| text(posting, "state") == wanted));
    let rows = rows.map(|posting| (by_creation(posting), posting.clone())).collect();
    listed(state, call, rows)
}

pub(super) fn posting(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    one(state.posting(call.id(0)).cloned(), "Posting", call)
}

/// Every text used on opportunities with how often, in the order of the texts.
fn counted(
    state: &State,
    call: &Call,
    texts: impl Fn(&Opportunity) -> &[String],
) -> Result<Answer, Failure> {
    let mut counts = BTreeMap::<&str, u64>::new();
    for text in state.opportunities.values().flat_map(&texts) {
        *counts.entry(text).or_default() += 1;
    }
    let rows = counts.into_iter().map(|(text, count)| {
        (vec![Part::Text(text.to_owned())], json!({"text": text, "count": count}))
    });
    listed(state, call, rows.collect())
}

pub(super) fn tags(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    counted(state, call, |row| &row.tags)
}

pub(super) fn sources(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    counted(state, call, |row| &row.sources)
}
