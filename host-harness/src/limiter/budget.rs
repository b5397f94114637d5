//! The two buckets that every request of a credential draws from: this process's own, or shared
//! with the other processes of the machine.
//!
//! Between [`Budget::begin`] and [`Budget::end`] the buckets hold what all processes did, and are
//! this one's to change. A shared budget that cannot be used any more becomes the process's own,
//! with an empty burst.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::bucket::{Bucket, Completion, Rate, Shared, Wait};
use super::shared::{Ledger, ShareError, Turn, Unavailable};

/// How often a process that waits looks at a shared budget: another one that gives a unit back
/// cannot wake it.
const LOOK_AGAIN: Duration = Duration::from_millis(25);

/// How soon it looks again where another process was just changing it.
const BUSY: Duration = Duration::from_millis(20);

/// How long another process may keep the lock, which it needs for some microseconds, before the
/// budget is taken to be out of order.
const STUCK: Duration = Duration::from_secs(5);

/// Told why a budget is not shared.
pub(super) type Report = Arc<dyn Fn(&ShareError) + Send + Sync>;

/// The buckets of one credential.
pub(super) struct Budget {
    /// For every request.
    pub general: Bucket,
    /// For applications, which take a unit of both.
    pub apply: Bucket,
    rate: Rate,
    sharing: Option<(Ledger, Report)>,
    /// What could not be written yet, the file being busy.
    pending: Vec<Change>,
    /// What is to become of this process's turn.
    turn: Turn,
    /// Since when the file has been busy, by the process's own clock.
    busy_since: Option<u64>,
}

/// A change that needs no answer.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    /// A unit comes back, of one bucket or of both.
    GiveBack { general: bool, apply: bool, fate: Completion },
    /// A request was answered 429.
    Exhaust { apply: bool, retry_after: Option<Duration> },
}

impl Budget {
    /// A budget of this process alone that nobody has used yet.
    pub fn alone(rate: Rate) -> Self {
        Self {
            general: Bucket::new(rate),
            apply: Bucket::new(Rate::APPLY),
            rate,
            sharing: None,
            pending: Vec::new(),
            turn: Turn::Same,
            busy_since: None,
        }
    }

    /// A budget of this process alone beside others that it cannot see: without a burst at the
    /// start.
    pub fn unsure(rate: Rate) -> Self {
        let mut budget = Self::alone(rate);
        budget.empty(0, (0, 0));
        budget
    }

    /// A budget shared by its file.
    pub fn shared(rate: Rate, ledger: Ledger, report: Report) -> Self {
        Self { sharing: Some((ledger, report)), ..Self::alone(rate) }
    }

    /// Takes the buckets, and says what time it is in them; `now` is the process's own time.
    ///
    /// # Errors
    ///
    /// When another process has them; the wait is short.
    pub fn begin(&mut self, now: u64) -> Result<u64, Wait> {
        let taken = match &mut self.sharing {
            None => Ok(now),
            Some((ledger, _)) => ledger.begin(&mut self.general, &mut self.apply),
        };
        let now = match taken {
            Ok(now) => now,
            Err(Unavailable::Failed(error)) => self.go_alone(&error, now),
            Err(Unavailable::Busy(error)) => {
                let since = *self.busy_since.get_or_insert(now);
                if u128::from(now.saturating_sub(since)) < STUCK.as_nanos() {
                    return Err(Wait::Time(BUSY));
                }
                self.go_alone(&error, now)
            }
        };
        self.busy_since = None;
        self.turn = Turn::Same;
        for change in std::mem::take(&mut self.pending) {
            self.apply_change(change, now);
        }
        Ok(now)
    }

    /// Gives the buckets back; `now` is the process's own time.
    pub fn end(&mut self, budget_now: u64, now: u64) {
        let Some((ledger, _)) = &mut self.sharing else { return };
        if let Err(error) = ledger.end(budget_now, self.turn, &mut self.general, &mut self.apply) {
            self.go_alone(&error, now);
        }
    }

    /// Whether a unit for any request is free that no other process has its turn for.
    ///
    /// # Errors
    ///
    /// What to wait for when none is.
    pub fn check(&mut self, budget_now: u64) -> Result<(), Wait> {
        let has_taken = self.turn == Turn::Gone;
        let ahead = self.sharing.as_ref().map_or(0, |(ledger, _)| ledger.ahead(has_taken));
        let checked = self.general.check_beyond(ahead, budget_now);
        if checked.is_err() {
            self.turn = Turn::Waits { has_taken };
        }
        checked
    }

    /// Leaves the unit found by [`Budget::check`] to others.
    pub fn pass(&mut self) {
        self.turn = Turn::Gone;
    }

    /// Takes the unit found by [`Budget::check`].
    pub fn take(&mut self) {
        self.general.take();
        self.turn = Turn::Gone;
    }

    /// Makes a change now, or as soon as the file is not busy.
    pub fn change(&mut self, change: Change, now: u64) {
        self.pending.push(change);
        if let Ok(budget_now) = self.begin(now) {
            self.end(budget_now, now);
        }
    }

    /// How long a wait may be before the budget is looked at again.
    pub fn until_next_look(&self, wait: Wait) -> Wait {
        match (&self.sharing, wait) {
            (None, wait) => wait,
            (Some(_), Wait::Time(wait)) => Wait::Time(wait.min(LOOK_AGAIN)),
            (Some(_), Wait::Release) => Wait::Time(LOOK_AGAIN),
        }
    }

    fn apply_change(&mut self, change: Change, now: u64) {
        match change {
            Change::GiveBack { general, apply, fate } => {
                if general {
                    self.general.give_back(fate, now);
                }
                if apply {
                    self.apply.give_back(fate, now);
                }
            }
            Change::Exhaust { apply, retry_after } => {
                self.general.exhaust(now, retry_after);
                if apply {
                    self.apply.exhaust(now, retry_after);
                }
            }
        }
    }

    /// Goes on without the others, in the process's own time.
    fn go_alone(&mut self, error: &ShareError, now: u64) -> u64 {
        if let Some((ledger, report)) = self.sharing.take() {
            report(error);
            self.empty(now, ledger.mine());
        }
        now
    }

    /// As if everything had just been used, with this much in flight.
    fn empty(&mut self, now: u64, in_flight: (u64, u64)) {
        self.general = Bucket::new(self.rate);
        self.apply = Bucket::new(Rate::APPLY);
        for (bucket, units) in [(&mut self.general, in_flight.0), (&mut self.apply, in_flight.1)] {
            bucket.restore(Shared::default(), now, units);
            bucket.exhaust(now, None);
        }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("general", &self.general)
            .field("apply", &self.apply)
            .field("is_shared", &self.sharing.is_some())
            .finish_non_exhaustive()
    }
}
