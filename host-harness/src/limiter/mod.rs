//! The pace of outgoing requests: one budget for each credential, shared by
//! every instance and agent, and who of them goes next.
//!
//! Instances live for one call and forget; the budget Lever grants is the
//! key's, so it is kept here. Requests line up in three lanes: those that
//! somebody waits for go before those of a scan, and applications have a pace
//! of their own. `bucket` says how many may go, `turns` whose goes first, `lane`
//! which lane a request is in; `account` lets the tasks wait. Not here: when to
//! send again. A request that was answered 429 fills the bucket and is then the
//! component's to repeat.

mod account;
mod bucket;
mod lane;
mod turns;

pub use account::{Account, Permit};
pub use bucket::Rate;
pub use lane::{Course, Lane};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Agents that are remembered without a request waiting; they go when more are
/// there, so that a host with an agent for each of its users does not grow.
const REMEMBERED: usize = 1024;

/// Hands out the budget of each credential; cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Limiter {
    rate: Rate,
    accounts: Arc<Mutex<HashMap<[u8; 32], Arc<Account>>>>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new(Rate::ACCOUNT)
    }
}

impl Limiter {
    /// A limiter that gives each credential this rate.
    pub fn new(rate: Rate) -> Self {
        Self { rate, accounts: Arc::default() }
    }

    /// The account behind a credential's fingerprint.
    pub fn account(&self, fingerprint: [u8; 32]) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.entry(fingerprint).or_insert_with(|| Account::new(self.rate)))
    }
}
