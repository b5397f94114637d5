//! Pacing: when the next request may go.
//!
//! Each bucket drains at a fixed rate and holds a burst. A request fills one
//! unit from the moment it is sent, and that unit starts to drain only when its
//! answer has come: whenever in between the server counted it, the server's
//! bucket is never fuller than this one, whatever the network does to the
//! spacing. Integer nanoseconds throughout.

use crate::core::http::request::RequestClass;
use crate::core::{Nanos, SECOND};

/// Requests a second that Lever allows one credential.
pub const PER_SECOND: u32 = 10;

/// A leaking bucket whose units do not leak while their request is in flight.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Time for one unit to drain.
    per_unit: Nanos,
    /// Units that fit, as draining time.
    capacity: Nanos,
    /// What has still to drain, at `at`.
    level: Nanos,
    at: Nanos,
    in_flight: u64,
}

impl Bucket {
    /// A bucket of `per_second` (at least 1) and `burst` (at least 1).
    pub fn new(per_second: u32, burst: u32) -> Self {
        let per_unit = SECOND.checked_div(u64::from(per_second)).unwrap_or(SECOND);
        let capacity = per_unit.saturating_mul(u64::from(burst.max(1)));
        Bucket { per_unit, capacity, level: 0, at: 0, in_flight: 0 }
    }

    /// Takes one unit, or says how long to wait before asking again.
    ///
    /// # Errors
    ///
    /// The wait, above zero. While only responses outstanding fill the bucket it
    /// is the time of one unit.
    pub fn take(&mut self, now: Nanos) -> Result<(), Nanos> {
        let wait = self.wait(now);
        if wait > 0 {
            return Err(wait);
        }
        self.in_flight = self.in_flight.saturating_add(1);
        Ok(())
    }

    /// How long to wait before `take` may succeed; zero if it does now.
    pub fn wait(&mut self, now: Nanos) -> Nanos {
        self.drain(now);
        let held = self.in_flight.saturating_add(1).saturating_mul(self.per_unit);
        let over = self.level.saturating_add(held).saturating_sub(self.capacity);
        match over {
            0 => 0,
            _ if self.level == 0 => self.per_unit,
            over => over.min(self.level),
        }
    }

    /// The response to one request has come, or never will.
    pub fn settle(&mut self, now: Nanos) {
        self.drain(now);
        if let Some(others) = self.in_flight.checked_sub(1) {
            self.in_flight = others;
            self.level = self.level.saturating_add(self.per_unit);
        }
    }

    /// The server says that the bucket is full.
    pub fn fill(&mut self, now: Nanos) {
        self.drain(now);
        self.level = self.level.max(self.capacity);
    }

    /// A clock that goes back drains nothing.
    fn drain(&mut self, now: Nanos) {
        self.level = self.level.saturating_sub(now.saturating_sub(self.at));
        self.at = self.at.max(now);
    }
}

/// Lever's limits for one credential: 10 a second with bursts to 20, and within
/// them 2 a second for applications.
#[derive(Clone, Debug)]
pub struct Limiter {
    general: Bucket,
    apply: Bucket,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::of(PER_SECOND)
    }
}

impl Limiter {
    /// The limits for this many requests a second, and twice as many at once.
    pub fn of(per_second: u32) -> Self {
        let burst = per_second.saturating_mul(2);
        Limiter { general: Bucket::new(per_second, burst), apply: Bucket::new(2, 2) }
    }

    /// Takes what a request of this class needs, all or nothing.
    ///
    /// # Errors
    ///
    /// The wait before asking again, above zero.
    pub fn take(&mut self, class: RequestClass, now: Nanos) -> Result<(), Nanos> {
        let wait = self.wait(class, now);
        if wait > 0 {
            return Err(wait);
        }
        if class == RequestClass::Apply {
            self.apply.take(now)?;
        }
        self.general.take(now)
    }

    /// How long to wait before `take` may succeed; zero if it does now.
    pub fn wait(&mut self, class: RequestClass, now: Nanos) -> Nanos {
        let general = self.general.wait(now);
        match class {
            RequestClass::Apply => general.max(self.apply.wait(now)),
            RequestClass::General => general,
        }
    }

    /// The response to one request of this class has come, or never will.
    pub fn settle(&mut self, class: RequestClass, now: Nanos) {
        if class == RequestClass::Apply {
            self.apply.settle(now);
        }
        self.general.settle(now);
    }

    /// The server answered 429 to a request of this class.
    pub fn fill(&mut self, class: RequestClass, now: Nanos) {
        if class == RequestClass::Apply {
            self.apply.fill(now);
        } else {
            self.general.fill(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::MILLISECOND;
    use proptest::prelude::*;

    const STEP: Nanos = 100 * MILLISECOND;

    #[test]
    fn a_burst_of_twenty_goes_at_once_and_then_ten_a_second() {
        let mut bucket = Bucket::new(10, 20);
        for _ in 0..20 {
            assert_eq!(bucket.take(0), Ok(()));
            bucket.settle(0);
        }
        for i in 0..50 {
            assert_eq!(bucket.take(i * STEP), Err(STEP));
            assert_eq!(bucket.take((i + 1) * STEP), Ok(()));
            bucket.settle((i + 1) * STEP);
        }
    }

    #[test]
    fn a_unit_does_not_drain_before_its_answer() {
        let mut bucket = Bucket::new(10, 2);
        assert_eq!(bucket.take(0), Ok(()));
        assert_eq!(bucket.take(0), Ok(()));
        assert_eq!(bucket.take(9 * SECOND), Err(STEP));
        bucket.settle(9 * SECOND);
        assert_eq!(bucket.take(9 * SECOND), Err(STEP));
        assert_eq!(bucket.take(9 * SECOND + STEP), Ok(()));
    }

    #[test]
    fn a_429_fills_the_bucket() {
        let mut bucket = Bucket::new(10, 20);
        bucket.fill(0);
        assert_eq!(bucket.take(0), Err(STEP));
        assert_eq!(bucket.take(STEP), Ok(()));
    }

    #[test]
    fn a_clock_that_jumps_back_neither_drains_nor_blocks_for_ever() {
        let mut bucket = Bucket::new(10, 1);
        assert_eq!(bucket.take(SECOND), Ok(()));
        bucket.settle(SECOND);
        assert_eq!(bucket.take(0), Err(STEP));
        assert_eq!(bucket.take(SECOND + STEP), Ok(()));
    }

    #[test]
    fn applications_have_a_second_limit_of_two_a_second() {
        let mut limiter = Limiter::default();
        for _ in 0..2 {
            assert_eq!(limiter.take(RequestClass::Apply, 0), Ok(()));
            limiter.settle(RequestClass::Apply, 0);
        }
        assert_eq!(limiter.take(RequestClass::Apply, 0), Err(SECOND / 2));
        assert_eq!(limiter.take(RequestClass::General, 0), Ok(()));
    }

    proptest! {
        /// Requests sent as the bucket allows, counted by the server at any
        /// moment between sending and answer: its bucket never runs over.
        #[test]
        fn the_servers_bucket_never_runs_over(delays in proptest::collection::vec((0_u64..400, 0_u64..400), 1..200)) {
            let mut bucket = Bucket::new(10, 20);
            let (mut now, mut counted, mut answers) = (0, Vec::new(), Vec::new());
            for (to, back) in delays {
                loop {
                    answers.sort_unstable();
                    while let Some(first) = answers.first().copied().filter(|at| *at <= now) {
                        bucket.settle(first);
                        answers.remove(0);
                    }
                    match bucket.take(now) {
                        Ok(()) => break,
                        Err(wait) => {
                            prop_assert!(wait > 0);
                            now = answers.first().map_or(now + wait, |at| (now + wait).min(*at));
                        }
                    }
                }
                counted.push(now + to * MILLISECOND);
                answers.push(now + (to + back) * MILLISECOND);
            }
            counted.sort_unstable();
            let (mut level, mut last) = (0_u64, 0);
            for at in counted {
                level = level.saturating_sub(at - last) + STEP;
                last = at;
                prop_assert!(level <= 20 * STEP, "the server counts {level} ns");
            }
        }
    }
}
