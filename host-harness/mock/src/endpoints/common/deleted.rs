//! Lists of deleted records.
//!
//! Seeded only: the API deletes none of them.

use serde_json::Value;

use crate::account::records::text;
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};
use crate::http::span::Span;

/// The query of each of the lists.
pub(crate) const QUERY: &[&str] = &["limit", "offset", "deleted_at_start", "deleted_at_end"];

/// The longest window, in milliseconds: 30 days.
const MAX_WINDOW: u64 = 30 * 86_400_000;

/// The required window of a request.
pub(crate) fn window(call: &Call) -> Result<Span, Failure> {
    let span = Span::read(call, "deleted_at")?;
    match (span.start, span.end) {
        (None, _) => Err(Failure::Query("Missing required parameter: deleted_at_start".to_owned())),
        (_, None) => Err(Failure::Query("Missing required parameter: deleted_at_end".to_owned())),
        (Some(start), Some(end)) if start > end => {
            Err(Failure::Query("deleted_at_start must not be later than deleted_at_end".to_owned()))
        }
        (Some(start), Some(end)) if end - start > MAX_WINDOW => Err(Failure::Query(
            "deleted_at_start and deleted_at_end must be at most 30 days apart".to_owned(),
        )),
        _ => Ok(span),
    }
}

/// The records deleted in a window, by their ids.
pub(crate) fn list<'r>(
    records: impl Iterator<Item = &'r Value>,
    window: &Span,
    call: &Call,
) -> Result<Reply, Failure> {
    let at = |record: &Value| record.get("deletedAt").and_then(Value::as_u64);
    let rows = records.filter(|record| window.allows(at(record)));
    let rows = rows
        .map(|record| (page::by_time(at(record).unwrap_or(0), text(record, "id")), record.clone()));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}
