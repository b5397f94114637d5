//! Where the component touches its host: HTTP, clocks, randomness, environment.
//!
//! Nothing here decides: no `if` on a status, no retry, no pacing.

mod clock;
mod sending;
mod transport;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::core::client::Client;
use crate::core::error::Error;
use crate::core::limiter::Lanes;
use crate::core::settings::Settings;

pub use clock::WasiClock;
pub use transport::Wasi;

/// The pace, for hosts that keep instances alive.
static LANES: Mutex<Option<Lanes>> = Mutex::new(None);

/// What a call has of its host. Made and given back in one place for all
/// functions, which keeps each of them small.
struct Open {
    transport: Wasi,
    lanes: MutexGuard<'static, Option<Lanes>>,
    settings: Settings,
}

impl Open {
    #[inline(never)]
    fn new() -> Result<Self, Error> {
        let settings = Settings::from_environment(wasi::cli::environment::get_environment())?;
        let lanes = LANES.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Open { transport: Wasi::default(), lanes, settings })
    }

    #[inline(never)]
    fn client(&mut self) -> Client<'_, Wasi, WasiClock> {
        let pace = self.settings.requests_per_second;
        Client {
            transport: &mut self.transport,
            clock: &WasiClock,
            lanes: self.lanes.get_or_insert_with(|| Lanes::of(pace)),
            settings: &self.settings,
        }
    }

    #[inline(never)]
    fn close(self) {}
}

/// Does one call with a client made of what the host gives, and keeps nothing
/// of it but the pace.
///
/// # Errors
///
/// A setting that cannot be used, or what `act` returns.
pub fn with_lever<R>(
    act: impl FnOnce(&mut Client<'_, Wasi, WasiClock>) -> Result<R, Error>,
) -> Result<R, Error> {
    let mut open = Open::new()?;
    let result = act(&mut open.client());
    open.close();
    result
}

/// The wall clock, for calls that send nothing.
pub fn wall_ms() -> u64 {
    crate::core::scheduler::Clock::wall_ms(&WasiClock)
}
