//! What processes on one machine share of a budget: a small file for each credential.
//!
//! Whoever takes or gives back a unit holds the file's lock for as long as that takes, some ten
//! microseconds, and never waits for it: where another process has it, the caller is told to look
//! again. Each process writes beside the common level how many requests it has in flight, and holds
//! the lock of a file of its own for as long as it lives. The kernel releases both locks when a
//! process dies, however it dies, so what it had in flight can be told from what is alive, and
//! counts as lost from then on.
//!
//! Processes take turns: one that finds no unit joins a queue in the file, and no other takes what
//! those before it wait for, unless they have stopped looking. Which of a process's requests goes
//! next is not decided here.
//!
//! The name of a file is a digest of the credential's fingerprint and the API's address; nothing in
//! it is secret.

mod alive;
mod state;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::bucket::{Bucket, Completion, DELIVERY, Shared};
use crate::files::{private_file, regular_file};
use alive::{Alive, is_alive};
use state::{Holder, State, Waiter};

/// The size of a file. It holds some 60 bytes for each unit of the budget; one page of memory is
/// written as a whole, so a process that is killed leaves the old state or the new one.
const SIZE: usize = 4096;

/// How often the lock is asked for before the caller is told to look again.
const TRIES: u32 = 32;

/// The pause between two of the later tries.
const PAUSE: Duration = Duration::from_micros(50);

/// The longest that a request can hold its unit, connecting and waiting for the answer's head: 30 s
/// and 300 s, and some. Units of a process that is stopped and not dead come back then.
const LONGEST_IN_FLIGHT: Duration = Duration::from_secs(360);

/// How long a process keeps its turn without looking whether it has come; it looks ten times as
/// often.
const ABSENT: Duration = Duration::from_millis(250);

/// Processes that keep a turn; further ones take what is left.
const QUEUE: usize = 24;

/// Why a budget is not shared.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the pace is not shared with other processes: {} cannot be used ({reason}); this process starts without a burst, \
     and several at once may be answered 429",
    path.display()
)]
pub struct ShareError {
    path: PathBuf,
    reason: String,
}

impl ShareError {
    pub(super) fn new(path: &Path, reason: impl ToString) -> Self {
        Self { path: path.to_owned(), reason: reason.to_string() }
    }
}

/// Nanoseconds from an origin that all processes of the machine share.
pub(super) type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// The machine's clock: since it was started, which nobody can set, where there is such a clock;
/// else the time of day.
pub(super) fn machine_clock() -> Clock {
    Arc::new(|| {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
            let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
            seconds
                .saturating_mul(1_000_000_000)
                .saturating_add(u64::try_from(now.tv_nsec).unwrap_or_default())
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        }
    })
}

/// What becomes of a process's turn when it lets the file go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nobody asked for a unit.
    Same,
    /// It wants none any more.
    Gone,
    /// It waits for one, after it has or has not had one.
    Waits { has_taken: bool },
}

/// Why the file could not be taken.
pub(super) enum Unavailable {
    /// Another process has it at this moment; the error is for when it keeps it.
    Busy(ShareError),
    /// It cannot be used.
    Failed(ShareError),
}

/// One process's side of a shared budget.
pub(super) struct Ledger {
    path: PathBuf,
    clock: Clock,
    /// This process among the others; made when the file is first taken.
    alive: Option<Alive>,
    /// Units of this process in flight, when it last wrote.
    mine: (u64, u64),
    others: Vec<Holder>,
    queue: Vec<Waiter>,
    /// Held while both buckets are ours to change.
    open: Option<File>,
}

impl Ledger {
    pub(super) fn new(directory: &Path, name: &str, clock: Clock) -> Self {
        Self {
            path: directory.join(name),
            clock,
            alive: None,
            mine: (0, 0),
            others: Vec::new(),
            queue: Vec::new(),
            open: None,
        }
    }

    /// Takes the file, brings the buckets up to it, and says what time it is in it.
    pub(super) fn begin(
        &mut self,
        general: &mut Bucket,
        apply: &mut Bucket,
    ) -> Result<u64, Unavailable> {
        let mut file = self.lock()?;
        let fail =
            |path: &Path, error: io::Error| Unavailable::Failed(ShareError::new(path, error));
        let mut text = Vec::with_capacity(SIZE);
        (&mut file)
            .take(2 * SIZE as u64)
            .read_to_end(&mut text)
            .map_err(|error| fail(&self.path, error))?;
        // Read after the lock was had, so that it is never before what another process wrote.
        let now = (self.clock)();
        if self.alive.is_none() {
            self.alive = Some(Alive::show(&self.path).map_err(|error| fail(&self.path, error))?);
        }
        match State::parse(&text, now) {
            Some(state) => self.take_over(state, now, general, apply),
            None => {
                // Whoever damaged it may have sent anything.
                self.others.clear();
                self.queue.clear();
                for (bucket, mine) in [(&mut *general, self.mine.0), (&mut *apply, self.mine.1)] {
                    bucket.restore(Shared::default(), now, mine);
                    bucket.exhaust(now, None);
                }
            }
        }
        self.open = Some(file);
        Ok(now)
    }

    fn take_over(&mut self, state: State, now: u64, general: &mut Bucket, apply: &mut Bucket) {
        let own = self.alive.as_ref().map(|alive| alive.id.as_str());
        let oldest = now.saturating_sub(nanos(LONGEST_IN_FLIGHT));
        let (others, gone): (Vec<Holder>, Vec<Holder>) = state
            .holders
            .into_iter()
            .filter(|holder| Some(holder.id.as_str()) != own)
            // No process has more in flight than there is.
            .map(|holder| Holder {
                general: holder.general.min(general.units()),
                apply: holder.apply.min(apply.units()),
                ..holder
            })
            .partition(|holder| holder.at >= oldest && is_alive(&self.path, &holder.id));
        self.others = others;
        let absent = now.saturating_sub(nanos(ABSENT));
        self.queue = state.queue;
        self.queue.retain(|waiter| waiter.at >= absent);
        let restore = |bucket: &mut Bucket, shared, mine: u64, units: fn(&Holder) -> u64| {
            let sum = |from: &[Holder]| from.iter().map(units).fold(0, u64::saturating_add);
            let lost = sum(&gone);
            let in_flight = mine.saturating_add(sum(&self.others)).saturating_add(lost);
            bucket.restore(shared, state.at, in_flight);
            for _ in 0..lost {
                bucket.give_back(Completion::Lost, now);
            }
        };
        restore(general, state.general, self.mine.0, |holder| holder.general);
        restore(apply, state.apply, self.mine.1, |holder| holder.apply);
    }

    /// How many processes have their turn before this one, which has or has not had one since the
    /// file was taken.
    pub(super) fn ahead(&self, has_taken: bool) -> u64 {
        let own = self.alive.as_ref().map(|alive| alive.id.as_str());
        let is_own = |waiter: &&Waiter| Some(waiter.id.as_str()) == own;
        let place = self.queue.iter().position(|waiter| is_own(&waiter));
        match place.filter(|_| !has_taken) {
            Some(place) => place as u64,
            None => self.queue.iter().filter(|waiter| !is_own(waiter)).count() as u64,
        }
    }

    /// Keeps this process's turn, begins a new one after the others', or gives it up.
    fn line_up(&mut self, now: u64, turn: Turn) {
        let Some(id) = self.alive.as_ref().map(|alive| alive.id.clone()) else { return };
        let place = self.queue.iter().position(|waiter| waiter.id == id);
        match (place.and_then(|place| self.queue.get_mut(place)), turn) {
            (Some(waiter), Turn::Waits { has_taken: false }) => waiter.at = now,
            (_, Turn::Waits { .. }) => {
                self.queue.retain(|waiter| waiter.id != id);
                self.queue.push(Waiter { id, at: now });
                self.queue.truncate(QUEUE);
            }
            (_, Turn::Gone) => self.queue.retain(|waiter| waiter.id != id),
            (_, Turn::Same) => {}
        }
    }

    /// Writes the buckets and lets the file go.
    pub(super) fn end(
        &mut self,
        now: u64,
        turn: Turn,
        general: &mut Bucket,
        apply: &mut Bucket,
    ) -> Result<(), ShareError> {
        let Some(mut file) = self.open.take() else { return Ok(()) };
        self.line_up(now, turn);
        let others =
            |units: fn(&Holder) -> u64| self.others.iter().map(units).fold(0, u64::saturating_add);
        self.mine = (
            general.in_flight().saturating_sub(others(|holder| holder.general)),
            apply.in_flight().saturating_sub(others(|holder| holder.apply)),
        );
        let mut holders = self.others.clone();
        if let Some(alive) = self.alive.as_ref().filter(|_| self.mine != (0, 0)) {
            let (general, apply) = self.mine;
            holders.push(Holder { id: alive.id.clone(), general, apply, at: now });
        }
        let state = State {
            version: 1,
            at: now,
            general: general.shared(now),
            apply: apply.shared(now),
            holders,
            queue: self.queue.clone(),
        };
        let written = serde_json::to_vec(&state).map_err(io::Error::from).and_then(|mut text| {
            if text.len() > SIZE {
                return Err(io::Error::other("it would be larger than 4 KiB"));
            }
            // Always the whole of it, so that nothing of a longer state is left behind.
            text.resize(SIZE, b' ');
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&text)
        });
        written.map_err(|error| ShareError::new(&self.path, error))
    }

    /// Units of this process in flight, when it last wrote.
    pub(super) fn mine(&self) -> (u64, u64) {
        self.mine
    }

    fn lock(&self) -> Result<File, Unavailable> {
        let fail = |error: io::Error| Unavailable::Failed(ShareError::new(&self.path, error));
        // By its path each time: a file that was removed would be shared with nobody.
        let file = regular_file::open_with(&mut private(), &self.path).map_err(fail)?;
        for n in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::Error(error)) => return Err(fail(error)),
                Err(TryLockError::WouldBlock) if n < TRIES / 2 => std::thread::yield_now(),
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            }
        }
        Err(Unavailable::Busy(ShareError::new(&self.path, "another process keeps its lock")))
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private_file::for_owner(&mut options);
    options
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

// A dead process's units are lost for as long as its requests may still arrive.
const _: () = assert!(DELIVERY.as_nanos() < LONGEST_IN_FLIGHT.as_nanos());
