//! Time and randomness from the host.

use wasi::clocks::{monotonic_clock, wall_clock};
use wasi::random::random;

use crate::core::Nanos;
use crate::core::send::scheduler::Clock;

/// The host's clocks.
pub struct WasiClock;

impl Clock for WasiClock {
    fn now(&self) -> Nanos {
        monotonic_clock::now()
    }

    fn wall_ms(&self) -> u64 {
        let now = wall_clock::now();
        now.seconds.saturating_mul(1000).saturating_add(u64::from(now.nanoseconds / 1_000_000))
    }

    fn random(&self) -> u64 {
        random::get_random_u64()
    }
}
