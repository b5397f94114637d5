//! The pace of outgoing requests: one budget for each credential, shared by
//! every instance and agent, and who of them goes next.
//!
//! Instances live for one call and forget; the budget Lever grants is the
//! key's, so it is kept here. Requests line up in three priorities: those that
//! somebody waits for go before those of a scan, and applications have a pace
//! of their own. `bucket` says how many may go, `fair_queue` whose goes first, `priority`
//! which priority a request has; `account` lets the tasks wait; `budget` is one
//! process's own or, through `shared`, that of all on the machine. Not here:
//! when to send again. A request that was answered 429 fills the bucket and is
//! then the component's to repeat.

mod account;
mod bucket;
mod budget;
pub(crate) mod concurrency;
mod fair_queue;
mod priority;
mod shared;

pub use account::{Account, Permit};
pub use bucket::Rate;
pub use priority::{Priority, RequestClass};
pub use shared::ShareError;

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::files::private_file;
use budget::{Budget, Report};
use shared::{Clock, Ledger};

/// Agents that are remembered without a request waiting; they go when more are
/// there, so that a host with an agent for each of its users does not grow.
const REMEMBERED: usize = 1024;

/// Hands out the budget of each credential; cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Limiter {
    rate: Rate,
    sharing: Sharing,
    accounts: Arc<Mutex<HashMap<[u8; 32], Arc<Account>>>>,
}

/// With whom a limiter's budgets are shared.
#[derive(Clone)]
enum Sharing {
    /// With nobody: this process is taken to be the only one.
    Alone,
    /// With processes that cannot be seen, since the directory cannot be used.
    Unseen,
    /// With every process that uses this directory.
    Directory { path: PathBuf, clock: Clock, report: Report },
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new(Rate::ACCOUNT)
    }
}

impl Limiter {
    /// A limiter that gives each credential this rate, as if no other process used it.
    pub fn new(rate: Rate) -> Self {
        Self { rate, sharing: Sharing::Alone, accounts: Arc::default() }
    }

    /// The same without a burst at the start, for a process beside others that use the credential
    /// and share no directory.
    #[must_use]
    pub fn without_burst(self) -> Self {
        Self { sharing: Sharing::Unseen, accounts: Arc::default(), ..self }
    }

    /// The same with budgets that all processes share that give the same directory, which is made
    /// for its user alone. They have to give the same rate too.
    ///
    /// Where the directory cannot be used, now or later, `report` is told once, and each process
    /// keeps the rate for itself, without a burst at the start.
    #[must_use]
    pub fn shared_in(
        self,
        directory: impl AsRef<Path>,
        report: impl Fn(&ShareError) + Send + Sync + 'static,
    ) -> Self {
        self.shared_by(directory.as_ref(), shared::machine_clock(), report)
    }

    fn shared_by(
        self,
        directory: &Path,
        clock: Clock,
        report: impl Fn(&ShareError) + Send + Sync + 'static,
    ) -> Self {
        let is_told = AtomicBool::new(false);
        let report: Report = Arc::new(move |error| {
            if !is_told.swap(true, Ordering::Relaxed) {
                report(error);
            }
        });
        let sharing = match private_file::make_directory(directory) {
            Ok(()) => Sharing::Directory { path: directory.to_owned(), clock, report },
            Err(reason) => {
                report(&ShareError::new(directory, reason));
                Sharing::Unseen
            }
        };
        Self { rate: self.rate, sharing, accounts: Arc::default() }
    }

    /// The account behind a fingerprint of a credential and the API it is for.
    pub fn account(&self, fingerprint: [u8; 32]) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry(fingerprint);
        Arc::clone(account.or_insert_with(|| Account::new(self.rate, self.budget(&fingerprint))))
    }

    fn budget(&self, fingerprint: &[u8; 32]) -> Budget {
        match &self.sharing {
            Sharing::Alone => Budget::alone(self.rate),
            Sharing::Unseen => Budget::unsure(self.rate),
            Sharing::Directory { path, clock, report } => {
                let name: String = fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
                let ledger = Ledger::new(path, &name, Arc::clone(clock));
                Budget::shared(self.rate, ledger, Arc::clone(report))
            }
        }
    }
}

impl fmt::Debug for Sharing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Sharing::Alone => f.write_str("Alone"),
            Sharing::Unseen => f.write_str("Unseen"),
            Sharing::Directory { path, .. } => f.debug_tuple("Directory").field(path).finish(),
        }
    }
}

#[cfg(test)]
mod tests;
