//! The stages of the pipeline.
//!
//! Read-only: an account sets them up in the product.

use crate::account::records::Stage;
use crate::account::seed::Seeding;
use crate::account::state::State;
use crate::endpoints::common::resource::{Names, ONE, PAGE, Resource, read};
use crate::http::call::Call;
use crate::http::cursor::Part;
use crate::http::page;
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["stages"];

pub(crate) const RESOURCE: Resource = Resource {
    kind: "stages",
    rows: &[read(SCOPE, "/stages", PAGE, &[], list), read(SCOPE, "/stages/:stage", ONE, &[], get)],
    records: Some(|state| state.stages.iter().map(Stage::view).collect()),
    seed: Some(seed),
};

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let rows = state.stages.iter().map(|stage| {
        let key = vec![Part::Rank(stage.rank), Part::Text(stage.id.clone())];
        (key, call.select(stage.view()))
    });
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let stage = state.stage(call.id(0)).ok_or(Failure::NoRecord("Stage"))?;
    Ok(Reply::Data(200, call.select(stage.view())))
}

/// Pipeline stages: built-in id (empty: a UUID), text, rank in tenths.
const STAGES: [(&str, &str, u32); 12] = [
    ("lead-new", "New lead", 1000),
    ("lead-reached-out", "Reached out", 1010),
    ("lead-responded", "Responded", 1020),
    ("applicant-new", "New applicant", 2000),
    ("", "Recruiter screen", 2010),
    ("", "Phone interview", 2300),
    ("", "Technical exercise", 2305),
    ("", "On-site interview", 2310),
    ("", "Team match", 2400),
    ("", "Reference check", 2420),
    ("offer", "Offer", 3000),
    ("", "Background check", 3010),
];

fn seed(state: &mut State, _: &Seeding) {
    let random = &mut state.random;
    let stages = STAGES.map(|(id, text, rank)| {
        let id = if id.is_empty() { random.uuid() } else { id.to_owned() };
        Stage { id, text, rank }
    });
    state.stages = stages.into();
}
