//! The resources of Lever's API: each one's rows, records, handlers and seed, under the name its
//! paths have.
//!
//! A further one is a file, its `mod` and its entry in [`RESOURCES`].

pub(crate) mod applications;
mod archive_reasons;
pub(crate) mod candidates;
pub(crate) mod common;
pub(crate) mod feedback;
pub(crate) mod feedback_templates;
pub(crate) mod file_actions;
pub(crate) mod files;
pub(crate) mod interviews;
pub(crate) mod job_site;
pub(crate) mod notes;
pub(crate) mod offers;
pub(crate) mod opportunities;
pub(crate) mod panels;
pub(crate) mod postings;
pub(crate) mod referrals;
pub(crate) mod requisitions;
pub(crate) mod resumes;
mod sources;
mod stages;
mod tags;
pub(crate) mod uploads;
mod users;
pub(crate) mod webhooks;

use crate::account::seed::{DAY, Seeding};
use crate::account::state::State;
use crate::endpoints::common::resource::{Resource, Row};
use crate::random::Random;

/// Every resource, in the order of their seeds. Where two rows fit a path, the first counts.
pub(crate) const RESOURCES: &[Resource] = &[
    stages::RESOURCE,
    archive_reasons::RESOURCE,
    users::RESOURCE,
    postings::RESOURCE,
    requisitions::IDS,
    opportunities::RESOURCE,
    opportunities::CONTACTS,
    applications::RESOURCE,
    tags::RESOURCE,
    sources::RESOURCE,
    notes::RESOURCE,
    ACCOUNT_ID,
    postings::FORMS,
    feedback_templates::RESOURCE,
    panels::RESOURCE,
    interviews::RESOURCE,
    feedback::RESOURCE,
    resumes::RESOURCE,
    files::RESOURCE,
    file_actions::RESOURCE,
    offers::RESOURCE,
    uploads::RESOURCE,
    opportunities::DELETED,
    requisitions::RESOURCE,
    referrals::RESOURCE,
    webhooks::RESOURCE,
];

/// The account's own id, drawn where it always was: a seed makes the same account for ever.
const ACCOUNT_ID: Resource =
    Resource { seed: Some(|state, _| state.account = state.random.uuid()), ..Resource::EMPTY };

/// Every row.
pub(crate) fn rows() -> impl Iterator<Item = &'static Row> {
    RESOURCES.iter().flat_map(|resource| resource.rows)
}

/// A seeded account.
pub(crate) fn account(seed: u64, seeding: Seeding) -> State {
    // An epoch before this leaves no room for four years of history.
    let seeding = Seeding { epoch: seeding.epoch.max(2000 * DAY), ..seeding };
    let mut state = State::new(Random::new(seed));
    for seed in RESOURCES.iter().filter_map(|resource| resource.seed) {
        seed(&mut state, &seeding);
    }
    state
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_resource_has_a_kind_of_its_own_and_rows_that_say_what_they_need() {
        let mut kinds = HashSet::new();
        for resource in RESOURCES.iter().filter(|resource| resource.records.is_some()) {
            assert!(kinds.insert(resource.kind), "{} is there twice", resource.kind);
        }
        for row in rows() {
            assert!(row.path.starts_with('/') && !row.scope.is_empty(), "{row:?}");
            assert_eq!(row.method == "GET", row.actor == common::resource::Actor::None, "{row:?}");
        }
    }
}
