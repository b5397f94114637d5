//! The account a mock starts with, made from a seed: the same seed gives the same bytes.
//!
//! Times count back from the epoch given, never from the wall clock. All people and firms are invented.

mod people;
mod setup;
mod threads;
mod words;

use std::collections::BTreeMap;

use super::page::Issued;
use super::random::Random;
use super::store::State;
use super::webhooks::Webhooks;

/// A day in milliseconds.
const DAY: u64 = 86_400_000;

/// An account with this many opportunities.
pub(super) fn account(seed: u64, opportunities: usize, epoch: u64) -> State {
    // An epoch before this leaves no room for four years of history.
    let epoch = epoch.max(2000 * DAY);
    let mut random = Random::new(seed);
    let stages = setup::stages(&mut random);
    let reasons = setup::reasons(&mut random);
    let users = setup::users(&mut random, epoch);
    let postings = setup::postings(&mut random, &users, epoch);
    let requisitions = setup::requisitions(&mut random, &users);
    let mut state = State {
        stages,
        reasons,
        requisitions,
        users,
        postings,
        contacts: BTreeMap::new(),
        applications: BTreeMap::new(),
        opportunities: BTreeMap::new(),
        notes: Vec::new(),
        webhooks: Webhooks::default(),
        events: Vec::new(),
        issued: Issued::default(),
        random,
    };
    people::add(&mut state, opportunities, epoch);
    threads::add(&mut state, epoch);
    state
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::store::Opportunity;
    use super::*;

    const EPOCH: u64 = 1_767_225_600_000;

    fn written(state: &State) -> String {
        let rows = state.opportunities.values().map(|row| state.view(row));
        let notes = state.notes.iter().map(|note| note.view());
        let applications = state.applications.values().map(|it| it.view());
        let contacts = state.contacts.values().map(|it| it.view());
        let all: Vec<_> = rows.chain(notes).chain(applications).chain(contacts).collect();
        json!([all, state.users, state.postings]).to_string()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_does_not() {
        let account = |seed| written(&account(seed, 60, EPOCH));
        assert_eq!(account(1), account(1));
        assert_ne!(account(1), account(2));
    }

    #[test]
    fn every_awkward_case_is_there() {
        let state = account(1, 250, EPOCH);
        assert_eq!(state.opportunities.len(), 250);
        let hired = |row: &Opportunity| {
            let reason = row.archived.as_ref().and_then(|mark| state.reason(&mark.reason));
            reason.is_some_and(|reason| reason.hired)
        };
        let name = |row: &Opportunity| state.contacts[&row.contact].name.clone();
        type Case<'a> = (&'a str, &'a dyn Fn(&Opportunity) -> bool);
        let rows: [Case; 17] = [
            ("with application", &|row| row.application.is_some()),
            ("lead without application", &|row| {
                row.application.is_none() && row.location.is_none()
            }),
            ("archived", &|row| row.archived.is_some() && !hired(row)),
            ("hired", &hired),
            ("active", &|row| row.archived.is_none()),
            ("snoozed", &|row| row.snoozed_until.is_some()),
            ("confidential", &|row| row.confidential),
            ("never updated", &|row| row.updated_at.is_none()),
            ("updated", &|row| row.updated_at.is_some()),
            ("change by nobody", &|row| {
                row.stage_changes.iter().any(|change| change.user.is_none())
            }),
            ("change by somebody", &|row| {
                row.stage_changes.iter().any(|change| change.user.is_some())
            }),
            ("built-in stage", &|row| row.stage == "offer"),
            ("own stage", &|row| row.stage.len() == 36),
            ("undocumented key", &|row| !row.extra.is_empty()),
            ("not Latin", &|row| name(row).chars().any(|letter| letter as u32 > 0x400)),
            ("anonymized", &|row| state.contacts[&row.contact].is_anonymized),
            ("shared contact", &|row| {
                state.opportunities.values().filter(|other| other.contact == row.contact).count()
                    > 1
            }),
        ];
        for (case, is_there) in rows {
            assert!(state.opportunities.values().any(is_there), "{case}");
        }
        for kind in ["posting", "user", "referral"] {
            let has = |it: &super::super::store::Application| it.fields["type"] == kind;
            assert!(state.applications.values().any(has), "{kind}");
        }
        let notes = &state.notes;
        assert!(notes.iter().any(|note| note.comments.len() > 1));
        assert!(notes.iter().any(|note| note.secret));
        assert!(notes.iter().any(|note| note.comments.iter().any(|it| it.score.is_some())));
        assert!(
            notes.iter().any(|note| note.made_by_api) && notes.iter().any(|note| !note.made_by_api)
        );
    }

    #[test]
    fn every_record_keeps_the_rules_of_its_kind() {
        let state = account(3, 250, EPOCH);
        for row in state.opportunities.values() {
            let last = row.stage_changes.last().map(|change| &change.stage);
            assert_eq!(last, Some(&row.stage), "{}", row.id);
            assert_eq!(row.application.is_some(), row.location.is_some(), "{}", row.id);
            assert_eq!(row.sourced_by.is_some(), row.origin == "sourced", "{}", row.id);
            let times = row.stage_changes.iter().map(|change| change.at);
            assert!(times.is_sorted(), "{}", row.id);
            assert!(
                row.created_at <= row.last_advanced_at && row.last_advanced_at <= EPOCH,
                "{}",
                row.id
            );
            assert!(
                row.archived
                    .as_ref()
                    .is_none_or(|mark| mark.at >= row.last_advanced_at && mark.at <= EPOCH)
            );
        }
    }

    #[test]
    fn an_early_epoch_and_an_empty_account_are_fine() {
        assert!(account(1, 0, 0).opportunities.is_empty());
    }
}
