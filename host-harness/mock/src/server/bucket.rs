//! The token bucket of one credential.
//!
//! Counts in whole billionths of a request, so that no rate needs a float; it holds no clock.

use std::time::Duration;

/// One request, in billionths.
const REQUEST: u128 = 1_000_000_000;

/// A bucket that refills continuously.
#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: u32,
    burst: u32,
    level: u128,
    seen: Duration,
}

impl Bucket {
    /// A full bucket.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second, burst, level: u128::from(burst) * REQUEST, seen: Duration::ZERO }
    }

    /// Takes one request at this time since start.
    ///
    /// # Errors
    /// The wait until one would be there; above zero, and `Duration::MAX` when none ever will.
    pub fn take(&mut self, at: Duration) -> Result<(), Duration> {
        let elapsed = at.saturating_sub(self.seen).as_nanos();
        self.seen = self.seen.max(at);
        // Nanoseconds times requests a second are billionths of a request.
        let full = u128::from(self.burst) * REQUEST;
        self.level = (self.level + elapsed * u128::from(self.per_second)).min(full);
        if self.level >= REQUEST {
            self.level -= REQUEST;
            return Ok(());
        }
        if self.per_second == 0 || self.burst == 0 {
            return Err(Duration::MAX);
        }
        let wait = (REQUEST - self.level).div_ceil(u128::from(self.per_second));
        Err(Duration::from_nanos(u64::try_from(wait).unwrap_or(u64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_allows_its_burst_and_then_its_rate() {
        let ms = Duration::from_millis;
        // (per second, burst, times of the calls in ms, what the last one gets)
        type Row = (u32, u32, &'static [u64], Result<(), Duration>);
        let rows: [Row; 8] = [
            (10, 2, &[0, 0], Ok(())),
            (10, 2, &[0, 0, 0], Err(ms(100))),
            (10, 2, &[0, 0, 40], Err(ms(60))),
            (10, 2, &[0, 0, 100], Ok(())),
            (10, 2, &[0, 0, 100, 100], Err(ms(100))),
            (10, 2, &[0, 0, 9000, 9000, 9000], Err(ms(100))),
            (3, 1, &[0, 0], Err(Duration::from_nanos(333_333_334))),
            (0, 1, &[0, 0], Err(Duration::MAX)),
        ];
        for (per_second, burst, times, expected) in rows {
            let mut bucket = Bucket::new(per_second, burst);
            let last = times.iter().map(|&at| bucket.take(ms(at))).last();
            assert_eq!(last, Some(expected), "{per_second}/{burst} at {times:?}");
        }
    }

    #[test]
    fn waiting_as_long_as_told_is_enough() {
        let mut bucket = Bucket::new(3, 1);
        let mut at = Duration::ZERO;
        bucket.take(at).unwrap();
        for _ in 0..50 {
            at += bucket.take(at).unwrap_err();
            bucket.take(at).unwrap();
        }
    }
}
