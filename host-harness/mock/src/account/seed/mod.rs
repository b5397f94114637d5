//! The account a mock starts with, made from a seed: the same seed gives the same bytes.
//!
//! Times count back from the epoch given, never from the wall clock. All people and firms are invented.

mod feedback;
mod gone;
mod panels;
mod papers;
mod people;
mod questions;
mod setup;
mod templates;
#[cfg(test)]
mod tests;
mod threads;
mod words;

use std::collections::BTreeMap;

use crate::account::state::State;
use crate::endpoints::webhooks::Webhooks;
use crate::endpoints::{referrals, requisitions};
use crate::http::page::Issued;
use crate::random::Random;
use crate::server::auth::Tokens;
use crate::server::config::History;

/// A day in milliseconds.
pub(crate) const DAY: u64 = 86_400_000;

/// An account with this many opportunities.
pub(crate) fn account(seed: u64, opportunities: usize, epoch: u64, history: History) -> State {
    // An epoch before this leaves no room for four years of history.
    let epoch = epoch.max(2000 * DAY);
    let mut random = Random::new(seed);
    let stages = setup::stages(&mut random);
    let reasons = setup::reasons(&mut random);
    let users = setup::users(&mut random, epoch);
    let postings = setup::postings(&mut random, &users, epoch, history.shrink());
    let first = [random.uuid(), random.uuid(), random.uuid()];
    let mut state = State {
        stages,
        reasons,
        requisitions: Vec::new(),
        users,
        postings,
        contacts: BTreeMap::new(),
        applications: BTreeMap::new(),
        opportunities: BTreeMap::new(),
        notes: Vec::new(),
        account: String::new(),
        groups: Vec::new(),
        templates: Vec::new(),
        feedback: Vec::new(),
        panels: Vec::new(),
        questions: BTreeMap::new(),
        deleted_opportunities: Vec::new(),
        deleted_applications: Vec::new(),
        deleted_postings: Vec::new(),
        files: Vec::new(),
        file_actions: Vec::new(),
        resumes: Vec::new(),
        offers: Vec::new(),
        referrals: Vec::new(),
        uploads: Vec::new(),
        tokens: Tokens::default(),
        webhooks: Webhooks::default(),
        events: Vec::new(),
        issued: Issued::default(),
        random,
    };
    people::add(&mut state, opportunities, epoch, history);
    threads::add(&mut state, epoch);
    state.account = state.random.uuid();
    questions::add(&mut state);
    templates::add(&mut state, epoch);
    panels::add(&mut state, epoch);
    feedback::add(&mut state);
    papers::add(&mut state);
    gone::add(&mut state, epoch);
    requisitions::seed(&mut state, first, epoch, history.shrink());
    referrals::seed(&mut state);
    state
}

impl History {
    /// What ages are divided by.
    fn shrink(self) -> u64 {
        match self {
            Self::Long => 1,
            Self::Recent => 5,
        }
    }
}
