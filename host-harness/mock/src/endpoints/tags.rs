//! The tags in use.
//!
//! Read-only: they are changed on the opportunities.

use crate::account::state::State;
use crate::endpoints::common::counts;
use crate::endpoints::common::resource::{Resource, read};
use crate::http::call::Call;
use crate::http::reply::{Failure, Reply};

pub(crate) const RESOURCE: Resource = Resource {
    kind: "tags",
    rows: &[read(&["tags"], "/tags", counts::QUERY, &[], list)],
    ..Resource::EMPTY
};

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    counts::list(state, call, |row| &row.tags)
}
