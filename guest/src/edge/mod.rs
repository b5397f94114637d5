//! Where the component touches its host: HTTP, clocks, randomness, environment.
//!
//! Nothing here decides: no `if` on a status, no retry, no pacing.

mod clock;
mod sending;
mod transport;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::core::client::{Client, Local};
use crate::core::error::Error;
use crate::core::send::limiter::Limiter;
use crate::core::send::scheduler::Clock as _;
use crate::core::settings::Settings;

pub use clock::WasiClock;
pub use transport::Wasi;

/// The pace, for hosts that keep instances alive.
static LIMITER: Mutex<Option<Limiter>> = Mutex::new(None);

/// What one call has of its host, of which nothing stays but the pace.
pub struct Host {
    transport: Wasi,
    limiter: MutexGuard<'static, Option<Limiter>>,
    settings: Settings,
}

/// A client made of what the host gives.
pub type HostClient<'a> = Client<'a, Wasi, WasiClock>;

impl Host {
    /// Begins a call.
    ///
    /// # Errors
    ///
    /// A setting that cannot be used.
    #[inline(never)]
    pub fn open() -> Result<Box<Self>, Error> {
        let settings = Settings::from_environment(wasi::cli::environment::get_environment())?;
        let limiter = LIMITER.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Box::new(Host { transport: Wasi::default(), limiter, settings }))
    }

    /// The client of this call.
    #[inline(never)]
    pub fn client(&mut self) -> HostClient<'_> {
        let pace = self.settings.requests_per_second;
        Client {
            transport: &mut self.transport,
            clock: &WasiClock,
            limiter: self.limiter.get_or_insert_with(|| Limiter::of(pace)),
            settings: &self.settings,
        }
    }
}

/// What the host says, for calls that send nothing.
pub fn local() -> Local {
    Local {
        settings: Settings::from_environment(wasi::cli::environment::get_environment()),
        wall_ms: WasiClock.wall_ms(),
    }
}
