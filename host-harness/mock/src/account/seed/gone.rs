//! Seeded records that were deleted: of each kind some within the last thirty days and some before.

use serde_json::{Value, json};

use super::{DAY, people};
use crate::account::state::{State, text};
use crate::endpoints::deleted::Deleted;
use crate::server::config::History;

/// How many days before the epoch something was deleted.
const AGES: [u64; 7] = [1, 12, 29, 30, 31, 90, 400];

/// Numbers of people no other opportunity has: the third is confidential.
const FIRST: usize = 23 * 1000 + 5;

/// Adds deleted records.
pub(crate) fn add(state: &mut State, epoch: u64) {
    let by = state.users.first().map(|user| text(user, "id").to_owned()).unwrap_or_default();
    let mut known = Vec::new();
    for (n, age) in AGES.into_iter().enumerate() {
        let at = epoch - age * DAY;
        let made = people::opportunity(state, &mut known, at, History::Long, FIRST + n);
        let Some((mut row, posting)) = made else {
            return;
        };
        row.snoozed_until = None;
        let application = row.application.clone().unwrap_or_else(|| state.random.uuid());
        let posting = posting.map(|posting| text(&posting, "id").to_owned());
        state.deleted_applications.push(json!({
            "id": application,
            "deletedAt": at,
            "opportunityId": row.id,
            "postingId": posting,
        }));
        let posting: Value = json!({"id": state.random.uuid(), "deletedAt": at});
        state.deleted_postings.push(posting);
        state.deleted_opportunities.push(Deleted { row, by: by.clone(), at });
    }
}
