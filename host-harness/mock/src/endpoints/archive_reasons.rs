//! Why opportunities are archived.
//!
//! Read-only: an account sets the reasons up in the product.

use crate::account::records::Reason;
use crate::account::seed::Seeding;
use crate::account::state::State;
use crate::endpoints::common::resource::{Names, ONE, Resource, read};
use crate::http::call::Call;
use crate::http::cursor::Part;
use crate::http::page;
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["archive_reasons"];

const QUERY: Names = &["limit", "offset", "include", "type"];

pub(crate) const RESOURCE: Resource = Resource {
    kind: "archive_reasons",
    rows: &[
        read(SCOPE, "/archive_reasons", QUERY, &[], list),
        read(SCOPE, "/archive_reasons/:reason", ONE, &[], get),
    ],
    records: Some(|state| state.reasons.iter().map(Reason::view).collect()),
    seed: Some(seed),
};

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let hired = match call.one("type")? {
        None => None,
        Some("hired") => Some(true),
        Some("non-hired") => Some(false),
        Some(_) => return Err(Failure::Query("Invalid parameter: type".to_owned())),
    };
    let rows = state.reasons.iter().enumerate();
    let rows = rows.filter(|(_, reason)| hired.is_none_or(|hired| hired == reason.hired));
    // An account's own order, kept by position.
    let rows =
        rows.map(|(at, reason)| (vec![Part::Earliest(at as u64)], call.select(reason.view())));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let reason = state.reason(call.id(0)).ok_or(Failure::NoRecord("Archive reason"))?;
    Ok(Reply::Data(200, call.select(reason.view())))
}

/// Archive reasons: text, active, hired.
const REASONS: [(&str, bool, bool); 9] = [
    ("Hired", true, true),
    ("Hired as contractor", true, true),
    ("Underqualified", true, false),
    ("Unresponsive", true, false),
    ("Withdrew", true, false),
    ("Timing", true, false),
    ("Offer declined", true, false),
    ("Position closed", true, false),
    ("Culture fit", false, false),
];

fn seed(state: &mut State, _: &Seeding) {
    let random = &mut state.random;
    let reasons =
        REASONS.map(|(text, active, hired)| Reason { id: random.uuid(), text, active, hired });
    state.reasons = reasons.into();
}
