//! What an account is set up with: stages and archive reasons, and the tags and sources in use.
//!
//! Reads only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::state::{Opportunity, State};
use crate::endpoints::opportunities::select;
use crate::http::call::Call;
use crate::http::page::{self, Key, Part};
use crate::http::reply::{Answer, Failure};

fn listed(state: &State, call: &Call, rows: Vec<(Key, Value)>) -> Result<Answer, Failure> {
    let page = page::cut(&state.issued, call, rows)?;
    let data = page.rows.into_iter().map(|row| select(row, call)).collect();
    Ok(Answer::List { data, next: page.next })
}

fn one(found: Option<Value>, noun: &'static str, call: &Call) -> Result<Answer, Failure> {
    let found = found.ok_or(Failure::NoRecord(noun))?;
    Ok(Answer::Data(200, select(found, call)))
}

pub(crate) fn stages(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let rows = state
        .stages
        .iter()
        .map(|stage| (vec![Part::Rank(stage.rank), Part::Text(stage.id.clone())], stage.view()));
    listed(state, call, rows.collect())
}

pub(crate) fn stage(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let found = state.stages.iter().find(|stage| stage.id == call.id(0));
    one(found.map(|stage| stage.view()), "Stage", call)
}

pub(crate) fn archive_reasons(state: &mut State, call: &Call) -> Result<Answer, Failure> {
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

pub(crate) fn archive_reason(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    one(state.reason(call.id(0)).map(|reason| reason.view()), "Archive reason", call)
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

pub(crate) fn tags(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    counted(state, call, |row| &row.tags)
}

pub(crate) fn sources(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    counted(state, call, |row| &row.sources)
}
