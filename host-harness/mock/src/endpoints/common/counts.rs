//! Lists of the texts in use.

use std::collections::BTreeMap;

use serde_json::json;

use crate::account::records::Opportunity;
use crate::account::state::State;
use crate::endpoints::common::resource::Names;
use crate::http::call::Call;
use crate::http::cursor::Part;
use crate::http::page;
use crate::http::reply::{Failure, Reply};

/// The query of such a list.
pub(crate) const QUERY: Names = &["limit", "offset"];

/// Every text used on opportunities with how often, in the order of the texts.
pub(crate) fn list(
    state: &State,
    call: &Call,
    texts: impl Fn(&Opportunity) -> &[String],
) -> Result<Reply, Failure> {
    let mut counts = BTreeMap::<&str, u64>::new();
    for text in state.opportunities.values().flat_map(&texts) {
        *counts.entry(text).or_default() += 1;
    }
    let rows = counts.into_iter().map(|(text, count)| {
        (vec![Part::Text(text.to_owned())], json!({"text": text, "count": count}))
    });
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}
