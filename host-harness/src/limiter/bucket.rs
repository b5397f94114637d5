//! One leaky bucket in integer nanoseconds, with the time as an argument.
//!
//! A unit is held, undrained, from the moment before its request is sent until
//! the answer's head has come, and only then begins to drain. The server counts
//! the request at some instant in between, so its own bucket of the same size
//! is never fuller than this one, whatever the network does. Nothing here
//! sleeps, locks or reads a clock.

use std::time::Duration;

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

/// A leaky bucket that counts requests under way.
#[derive(Clone, Debug)]
pub struct Bucket {
    cost: u64,
    capacity: u64,
    /// Nanoseconds of draining left, as of `at`.
    level: u64,
    at: u64,
    held: u64,
    closed_until: u64,
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
            closed_until: 0,
        }
    }

    /// Takes a unit for a request that is about to be sent.
    ///
    /// # Errors
    ///
    /// What to wait for when none is free. `now` is in nanoseconds from any
    /// fixed origin; a time before an earlier one counts as that one.
    pub fn try_acquire(&mut self, now: u64) -> Result<(), Wait> {
        self.drain(now);
        if let Some(left) = self.closed_until.checked_sub(self.at).filter(|n| *n > 0) {
            return Err(Wait::Time(Duration::from_nanos(left)));
        }
        let held = self.held.saturating_add(1).saturating_mul(self.cost);
        let Some(room) = self.capacity.checked_sub(held) else {
            return Err(Wait::Release);
        };
        match self.level.checked_sub(room) {
            None | Some(0) => {
                self.held += 1;
                Ok(())
            }
            Some(excess) => Err(Wait::Time(Duration::from_nanos(excess))),
        }
    }

    /// Gives back the unit of a request that may have reached the server.
    pub fn settle(&mut self, now: u64) {
        self.drain(now);
        self.held = self.held.saturating_sub(1);
        self.level = self.level.saturating_add(self.cost).min(self.capacity);
    }

    /// Gives back the unit of a request that was provably never sent.
    pub fn cancel(&mut self) {
        self.held = self.held.saturating_sub(1);
    }

    /// Takes note of a 429: the server's bucket is full, so this one is too.
    pub fn exhaust(&mut self, now: u64, retry_after: Option<Duration>) {
        self.drain(now);
        self.level = self.capacity;
        if let Some(wait) = retry_after {
            let wait = wait.min(Rate::LONGEST_RETRY_AFTER);
            let wait = u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
            self.closed_until = self.closed_until.max(self.at.saturating_add(wait));
        }
    }

    fn drain(&mut self, now: u64) {
        let passed = now.saturating_sub(self.at);
        self.level = self.level.saturating_sub(passed);
        self.at = self.at.max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    enum Step {
        Take(Result<(), Wait>),
        Settle,
        Cancel,
        Exhaust(Option<u64>),
    }
    use Step::*;

    fn ms(n: u64) -> Wait {
        Wait::Time(Duration::from_millis(n))
    }

    #[test]
    fn units_come_and_go_as_the_table_says() {
        let small = Rate { per_second: 10, burst: 2 };
        let tables: &[(&str, &[(u64, Step)])] = &[
            (
                "a burst, then all are held",
                &[
                    (0, Take(Ok(()))),
                    (0, Take(Ok(()))),
                    (0, Take(Err(Wait::Release))),
                    (900, Take(Err(Wait::Release))),
                ],
            ),
            (
                "a unit drains only after its answer",
                &[
                    (0, Take(Ok(()))),
                    (0, Take(Ok(()))),
                    (500, Settle),
                    (500, Take(Err(ms(100)))),
                    (560, Take(Err(ms(40)))),
                    (600, Take(Ok(()))),
                ],
            ),
            (
                "a request never sent costs nothing",
                &[(0, Take(Ok(()))), (0, Take(Ok(()))), (1, Cancel), (1, Take(Ok(())))],
            ),
            (
                "a 429 fills the bucket",
                &[
                    (0, Take(Ok(()))),
                    (10, Exhaust(None)),
                    (10, Settle),
                    (10, Take(Err(ms(100)))),
                    (110, Take(Ok(()))),
                ],
            ),
            (
                "retry-after is honoured beyond that",
                &[
                    (0, Take(Ok(()))),
                    (0, Exhaust(Some(3000))),
                    (0, Settle),
                    (1000, Take(Err(ms(2000)))),
                    (3000, Take(Ok(()))),
                ],
            ),
            (
                "a retry-after of a day is five minutes",
                &[
                    (0, Exhaust(Some(86_400_000))),
                    (0, Take(Err(ms(300_000)))),
                    (300_000, Take(Ok(()))),
                ],
            ),
            (
                "time running backwards drains nothing",
                &[
                    (1000, Take(Ok(()))),
                    (1000, Take(Ok(()))),
                    (1000, Settle),
                    (1000, Settle),
                    (0, Take(Err(ms(100)))),
                ],
            ),
        ];
        for (name, steps) in tables {
            let mut bucket = Bucket::new(small);
            for (n, (at, step)) in steps.iter().enumerate() {
                let now = at * MS;
                match step {
                    Take(expected) => {
                        assert_eq!(bucket.try_acquire(now), *expected, "{name}, step {n}");
                    }
                    Settle => bucket.settle(now),
                    Cancel => bucket.cancel(),
                    Exhaust(after) => bucket.exhaust(now, after.map(Duration::from_millis)),
                }
            }
        }
    }

    #[test]
    fn a_refusal_always_names_a_wait_above_zero() {
        for (per_second, burst) in [(0, 0), (1, 1), (3, 7), (10, 20), (1_000_000_000, 1)] {
            let mut bucket = Bucket::new(Rate { per_second, burst });
            for step in 0..200_u64 {
                let now = step.wrapping_mul(0x9e37_79b9) % 50_000_000 + step * 1_000_000;
                if let Err(Wait::Time(wait)) = bucket.try_acquire(now) {
                    assert!(wait > Duration::ZERO);
                }
                if step % 3 == 0 {
                    bucket.settle(now);
                }
            }
        }
    }

    /// Lever's side: a token bucket that counts a request when it arrives.
    struct Server {
        level: u64,
        at: u64,
    }

    #[test]
    fn the_server_never_overflows_whatever_the_delays() {
        let rate = Rate::ACCOUNT;
        let cost = rate.cost();
        for seed in 1..40_u64 {
            let mut random = seed;
            let mut next = move |below: u64| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random % below
            };
            let mut bucket = Bucket::new(rate);
            // (time, 0 = arrives at the server, 1 = the answer's head is here)
            let mut events: Vec<(u64, u8)> = Vec::new();
            let mut arrivals = Vec::new();
            let mut now = 0;
            for _ in 0..400 {
                loop {
                    events.sort_unstable();
                    while events.first().is_some_and(|(at, _)| *at <= now) {
                        let (at, kind) = events.remove(0);
                        if kind == 1 {
                            bucket.settle(at);
                        } else {
                            arrivals.push(at);
                        }
                    }
                    match bucket.try_acquire(now) {
                        Ok(()) => break,
                        Err(Wait::Time(wait)) => now += u64::try_from(wait.as_nanos()).unwrap(),
                        Err(Wait::Release) => now = now.max(events[0].0),
                    }
                }
                let arrival = now + next(800 * MS);
                events.push((arrival, 0));
                events.push((arrival + next(800 * MS), 1));
            }
            arrivals.sort_unstable();
            let mut server = Server { level: 0, at: 0 };
            for at in arrivals {
                server.level = server.level.saturating_sub(at - server.at) + cost;
                server.at = at;
                assert!(server.level <= cost * u64::from(rate.burst), "seed {seed}: a 429 at {at}");
            }
        }
    }
}
