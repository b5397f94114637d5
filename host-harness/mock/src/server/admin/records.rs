//! Records by kind: the plural that Lever's paths have, so that a client's result can be compared
//! with them.

use serde_json::{Map, Value, json};

use crate::account::records::text;
use crate::account::state::State;
use crate::endpoints::RESOURCES;
use crate::server::admin::request::Refusal;

/// A kind and all its records.
type Kind = (&'static str, fn(&State) -> Vec<Value>);

fn kinds() -> impl Iterator<Item = Kind> {
    RESOURCES.iter().filter_map(|resource| Some((resource.kind, resource.records?)))
}

fn of(state: &State, kind: &str) -> Result<Vec<Value>, Refusal> {
    let found = kinds().find(|(known, _)| *known == kind);
    let (_, all) = found.ok_or_else(|| {
        let mut known: Vec<_> = kinds().map(|(known, _)| known).collect();
        known.sort_unstable();
        (404, format!("unknown kind {kind}; expected one of {}", known.join(", ")))
    })?;
    Ok(all(state))
}

/// Every record of a kind.
pub(crate) fn all(state: &State, kind: &str) -> Result<Value, Refusal> {
    Ok(json!({"records": of(state, kind)?}))
}

/// One record.
pub(crate) fn one(state: &State, kind: &str, id: &str) -> Result<Value, Refusal> {
    let found = of(state, kind)?.into_iter().find(|record| text(record, "id") == id);
    found.ok_or_else(|| (404, format!("no {kind} record has the id {id}")))
}

/// How many there are of each kind.
pub(crate) fn counts(state: &State) -> Value {
    let counts = kinds().map(|(kind, all)| (kind.to_owned(), json!(all(state).len())));
    Value::Object(counts.collect::<Map<_, _>>())
}
