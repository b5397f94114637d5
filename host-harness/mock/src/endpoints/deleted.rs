//! What was deleted: opportunities in full, applications and postings by their ids.
//!
//! Nothing gets here through the API, which deletes none of them.

use serde_json::{Value, json};

use crate::account::state::{Opportunity, State, text};
use crate::endpoints::opportunities::filter::Span;
use crate::http::call::Call;
use crate::http::page::{self, Key, Part};
use crate::http::reply::{Answer, Failure};

/// The query of each of the lists.
pub(crate) const QUERY: &[&str] = &["limit", "offset", "deleted_at_start", "deleted_at_end"];

/// The widest window, in milliseconds: 30 days.
const WIDEST: u64 = 30 * 86_400_000;

/// An opportunity that is gone.
#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    pub row: Opportunity,
    pub by: String,
    pub at: u64,
}

fn key(at: u64, id: &str) -> Key {
    vec![Part::Earliest(at), Part::Text(id.to_owned())]
}

impl State {
    /// A deleted opportunity as its list shows it.
    pub fn deleted_view(&self, deleted: &Deleted) -> Value {
        let mut view = self.view(&deleted.row);
        if let Some(map) = view.as_object_mut() {
            map.insert("deletedBy".to_owned(), json!(deleted.by));
            map.insert("deletedAt".to_owned(), json!(deleted.at));
        }
        view
    }
}

/// The window a request names, which it must.
fn window(call: &Call) -> Result<Span, Failure> {
    let span = Span::read(call, "deleted_at")?;
    match (span.start, span.end) {
        (None, _) => Err(Failure::Query("Missing required parameter: deleted_at_start".to_owned())),
        (_, None) => Err(Failure::Query("Missing required parameter: deleted_at_end".to_owned())),
        (Some(start), Some(end)) if start > end => {
            Err(Failure::Query("deleted_at_start must not be later than deleted_at_end".to_owned()))
        }
        (Some(start), Some(end)) if end - start > WIDEST => Err(Failure::Query(
            "deleted_at_start and deleted_at_end must be at most 30 days apart".to_owned(),
        )),
        _ => Ok(span),
    }
}

fn listed(state: &State, call: &Call, rows: &[Value], span: &Span) -> Result<Answer, Failure> {
    let at = |row: &Value| row.get("deletedAt").and_then(Value::as_u64);
    let rows = rows.iter().filter(|row| span.allows(at(row)));
    let rows = rows.map(|row| (key(at(row).unwrap_or(0), text(row, "id")), row.clone()));
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

pub(crate) fn opportunities(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let span = Span::read(call, "deleted_at")?;
    let rows = state.deleted_opportunities.iter().filter(|deleted| {
        span.allows(Some(deleted.at)) && (call.confidential_access || !deleted.row.confidential)
    });
    let rows = rows.map(|deleted| (key(deleted.at, &deleted.row.id), state.deleted_view(deleted)));
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

pub(crate) fn applications(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let span = window(call)?.without_end();
    listed(state, call, &state.deleted_applications, &span)
}

pub(crate) fn postings(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let span = window(call)?;
    listed(state, call, &state.deleted_postings, &span)
}
