//! One leaky bucket in integer nanoseconds, with the time as an argument.
//!
//! A unit is held, undrained, from the moment before its request is sent until
//! the answer's head has come, and only then begins to drain. The server counts
//! the request at some instant in between, so its own bucket of the same size
//! is never fuller than this one, whatever the network does. Nothing here
//! sleeps, locks or reads a clock.
//!
//! It cannot be less strict. All that is known of a request is that the server
//! counted it between its sending and its answer. Let every answered request
//! have been counted as its answer came, and every other one now: nothing that
//! was seen contradicts it, and the server's bucket is then exactly as full as
//! this one. So where a unit is refused here, the server may refuse the
//! request, and draining from any earlier moment is a bet on the network. A
//! test holds both sides. What it costs is the round trip of a burst's first
//! request, in which nothing drains; a steady flow pays nothing, since earlier
//! units drain meanwhile.
//!
//! A request without an answer (cut off, timed out, its connection broken) may
//! have left and not have arrived yet. Its unit is held for [`DELIVERY`] more;
//! this one bound on the network is assumed, for without one such a unit could
//! never be given back.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest that a request is taken to be on its way once its connection is
/// given up: the longest way around the world and the first retransmission,
/// which comes after 200 ms where the way was measured (Linux) and a second
/// where it was not (RFC 6298). At Lever's pace it keeps ten of twenty units
/// from a flood of requests that are all cut off, so the pace itself holds.
pub const DELIVERY: Duration = Duration::from_secs(1);

/// How many requests a second may go out, and how many at once after a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Requests a second, for ever. Zero is taken as one.
    pub per_second: u32,
    /// Requests at once. Zero is taken as one.
    pub burst: u32,
}

impl Rate {
    /// Lever's documented limit for each API key.
    pub const ACCOUNT: Rate = Rate { per_second: 10, burst: 20 };
    /// Lever's limit for applications to postings; no burst is documented, so
    /// one second's worth.
    pub const APPLY: Rate = Rate { per_second: 2, burst: 2 };
    /// The longest wait after a 429 that a server's `Retry-After` can ask for:
    /// a nonsensical value must not silence an account for a day.
    pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(300);

    /// The nanoseconds one unit takes to drain, rounded up.
    const fn cost(self) -> u64 {
        let per_second = if self.per_second == 0 { 1 } else { self.per_second };
        1_000_000_000_u64.div_ceil(per_second as u64)
    }
}

/// Why no unit is free now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// One may be free after this time, which is never zero.
    Time(Duration),
    /// Every unit is held by a request under way; time alone frees none.
    Release,
}

impl Wait {
    /// Whichever may end first.
    pub fn or_sooner(self, other: Wait) -> Wait {
        match (self, other) {
            (Wait::Time(one), Wait::Time(other)) => Wait::Time(one.min(other)),
            (Wait::Release, wait) | (wait, Wait::Release) => wait,
        }
    }
}

/// What became of the request that a unit was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completion {
    /// It was provably never sent.
    NotSent,
    /// The head of its answer is here.
    Answered,
    /// It may have been sent, and there will be no answer.
    Lost,
}

/// A leaky bucket that counts requests under way.
#[derive(Clone, Debug)]
pub struct Bucket {
    cost: u64,
    capacity: u64,
    /// Nanoseconds of draining left, as of `at`.
    level: u64,
    at: u64,
    /// Units that do not drain yet, the lost ones among them.
    held: u64,
    /// When each lost unit begins to drain, in order.
    lost: VecDeque<u64>,
    closed_until: u64,
}

/// What processes that share a bucket must know of it, but for the units in flight: each process
/// has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shared {
    level: u64,
    closed_until: u64,
    lost: VecDeque<u64>,
}

impl Shared {
    /// The same, with every time this much earlier.
    pub fn earlier(mut self, by: u64) -> Self {
        self.closed_until = self.closed_until.saturating_sub(by);
        self.lost.iter_mut().for_each(|at| *at = at.saturating_sub(by));
        self
    }
}

impl Bucket {
    /// An empty bucket.
    pub fn new(rate: Rate) -> Self {
        let cost = rate.cost();
        Self {
            cost,
            capacity: cost.saturating_mul(u64::from(rate.burst.max(1))),
            level: 0,
            at: 0,
            held: 0,
            lost: VecDeque::new(),
            closed_until: 0,
        }
    }

    /// Whether a unit is free.
    ///
    /// # Errors
    ///
    /// What to wait for when none is. `now` is in nanoseconds from any fixed
    /// origin; a time before an earlier one counts as that one.
    pub fn check(&mut self, now: u64) -> Result<(), Wait> {
        self.check_beyond(0, now)
    }

    /// Whether a unit is free beside this many others.
    ///
    /// # Errors
    ///
    /// As [`Bucket::check`].
    pub fn check_beyond(&mut self, others: u64, now: u64) -> Result<(), Wait> {
        self.drain(now);
        let wait_until = |at: u64| Wait::Time(Duration::from_nanos(at - self.at));
        if self.closed_until > self.at {
            return Err(wait_until(self.closed_until));
        }
        let held = self.held.saturating_add(1).saturating_add(others).saturating_mul(self.cost);
        let Some(room) = self.capacity.checked_sub(held) else {
            return Err(self.lost.front().map_or(Wait::Release, |at| wait_until(*at)));
        };
        match self.level.checked_sub(room) {
            None | Some(0) => Ok(()),
            Some(excess) => Err(Wait::Time(Duration::from_nanos(excess))),
        }
    }

    /// Takes a unit for a request that is about to be sent, found free by
    /// [`Bucket::check`].
    pub fn take(&mut self) {
        self.held += 1;
    }

    /// Gives back a unit.
    pub fn give_back(&mut self, fate: Completion, now: u64) {
        self.drain(now);
        match fate {
            Completion::NotSent => self.held = self.held.saturating_sub(1),
            Completion::Answered => self.settle(),
            Completion::Lost => self.lost.push_back(self.at.saturating_add(nanos(DELIVERY))),
        }
    }

    /// Takes note of a 429: the server's bucket is full, so this one is too.
    pub fn exhaust(&mut self, now: u64, retry_after: Option<Duration>) {
        self.drain(now);
        self.level = self.capacity;
        if let Some(wait) = retry_after {
            let wait = nanos(wait.min(Rate::LONGEST_RETRY_AFTER));
            self.closed_until = self.closed_until.max(self.at.saturating_add(wait));
        }
    }

    /// Takes over what another process left at that time, with `in_flight` units held by requests
    /// of all processes.
    ///
    /// Times further ahead than any that is ever written are cut to the longest there is.
    pub fn restore(&mut self, shared: Shared, at: u64, in_flight: u64) {
        self.at = at;
        self.level = shared.level.min(self.capacity);
        self.closed_until =
            shared.closed_until.min(at.saturating_add(nanos(Rate::LONGEST_RETRY_AFTER)));
        let last = at.saturating_add(nanos(DELIVERY));
        self.lost = shared.lost;
        self.lost.iter_mut().for_each(|until| *until = (*until).min(last));
        self.lost.truncate(usize::try_from(self.units()).unwrap_or(usize::MAX));
        self.held = in_flight.saturating_add(self.lost.len() as u64);
    }

    /// What it is now, for the other processes.
    pub fn shared(&mut self, now: u64) -> Shared {
        self.drain(now);
        Shared { level: self.level, closed_until: self.closed_until, lost: self.lost.clone() }
    }

    /// Units there are.
    pub fn units(&self) -> u64 {
        self.capacity / self.cost
    }

    /// Units held by requests in flight.
    pub fn in_flight(&self) -> u64 {
        self.held.saturating_sub(self.lost.len() as u64)
    }

    /// Whether it is as good as new.
    pub fn is_empty(&mut self, now: u64) -> bool {
        self.drain(now);
        self.held == 0 && self.level == 0 && self.closed_until <= self.at
    }

    /// Lets a held unit begin to drain.
    fn settle(&mut self) {
        self.held = self.held.saturating_sub(1);
        self.level = self.level.saturating_add(self.cost).min(self.capacity);
    }

    fn drain(&mut self, now: u64) {
        while let Some(at) = self.lost.front().copied().filter(|at| *at <= now) {
            self.lost.pop_front();
            self.drain_to(at);
            self.settle();
        }
        self.drain_to(now);
    }

    fn drain_to(&mut self, now: u64) {
        let passed = now.saturating_sub(self.at);
        self.level = self.level.saturating_sub(passed);
        self.at = self.at.max(now);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
