//! Opportunities that were deleted, shown in full.

use serde_json::{Value, json};

use crate::account::records::{Opportunity, text};
use crate::account::seed::{DAY, History, Seeding};
use crate::account::state::State;
use crate::endpoints::opportunities::seed::opportunity;
use crate::endpoints::{applications, postings};
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Failure, Reply};
use crate::http::span::Span;

/// An opportunity that was deleted.
#[derive(Clone, Debug)]
pub(crate) struct Deleted {
    pub row: Opportunity,
    pub by: String,
    pub at: u64,
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

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    let span = Span::read(call, "deleted_at")?;
    let rows = state.all::<Deleted>().iter().filter(|deleted| {
        span.allows(Some(deleted.at)) && (call.confidential_access || !deleted.row.confidential)
    });
    let rows = rows
        .map(|deleted| (page::by_time(deleted.at, &deleted.row.id), state.deleted_view(deleted)));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

/// How many days before the epoch something was deleted.
const AGES: [u64; 7] = [1, 12, 29, 30, 31, 90, 400];

/// Numbers of people no other opportunity has: the third is confidential.
const FIRST: usize = 23 * 1000 + 5;

/// Deleted records: of opportunities, applications and postings some within the last thirty days
/// and some before.
pub(crate) fn seed(state: &mut State, &Seeding { epoch, .. }: &Seeding) {
    let by = state.users.first().map(|user| text(user, "id").to_owned()).unwrap_or_default();
    let mut known = Vec::new();
    for (n, age) in AGES.into_iter().enumerate() {
        let at = epoch - age * DAY;
        let made = opportunity(state, &mut known, at, History::Long, FIRST + n);
        let Some((mut row, posting)) = made else {
            return;
        };
        row.snoozed_until = None;
        let application = row.application.clone().unwrap_or_else(|| state.random.uuid());
        let posting = posting.map(|posting| text(&posting, "id").to_owned());
        let application = json!({
            "id": application,
            "deletedAt": at,
            "opportunityId": row.id,
            "postingId": posting,
        });
        state.all_mut().push(applications::Deleted(application));
        let posting = json!({"id": state.random.uuid(), "deletedAt": at});
        state.all_mut().push(postings::Deleted(posting));
        state.all_mut().push(Deleted { row, by: by.clone(), at });
    }
}
