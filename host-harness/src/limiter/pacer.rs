//! Waiting for a unit of a [`Bucket`]: first come, first served.
//!
//! A waiter waits as long as it takes; the call's own timeout ends it by
//! dropping the future, and a dropped waiter leaves no trace.

use super::bucket::{Bucket, Rate, Wait};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// A bucket that requests queue for, in the order of their asking.
#[derive(Debug)]
pub struct Pacer {
    bucket: Mutex<Bucket>,
    /// tokio's mutex hands itself on in the order of asking.
    queue: tokio::sync::Mutex<()>,
    released: Notify,
    origin: Instant,
}

impl Pacer {
    /// An idle pacer.
    pub fn new(rate: Rate) -> Arc<Self> {
        Arc::new(Self {
            bucket: Mutex::new(Bucket::new(rate)),
            queue: tokio::sync::Mutex::new(()),
            released: Notify::new(),
            origin: Instant::now(),
        })
    }

    /// Waits for its turn and then for a free unit.
    pub async fn acquire(self: &Arc<Self>) -> Unit {
        let _turn = self.queue.lock().await;
        loop {
            // Registered before the look at the bucket, so that a release
            // between the two is not missed.
            let released = self.released.notified();
            let wait = match self.lock().try_acquire(self.now()) {
                Ok(()) => {
                    return Unit { pacer: Arc::clone(self), sent: false };
                }
                Err(wait) => wait,
            };
            match wait {
                Wait::Time(wait) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = released => {}
                    }
                }
                Wait::Release => released.await,
            }
        }
    }

    /// Takes note of a 429.
    pub fn exhaust(&self, retry_after: Option<Duration>) {
        let now = self.now();
        self.lock().exhaust(now, retry_after);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn lock(&self) -> MutexGuard<'_, Bucket> {
        // The bucket is plain numbers, whole after every statement.
        self.bucket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to send one request; given back when dropped.
#[derive(Debug)]
pub struct Unit {
    pacer: Arc<Pacer>,
    sent: bool,
}

impl Unit {
    /// Says that the request may be on its way: from here on the unit counts.
    pub fn sending(&mut self) {
        self.sent = true;
    }

    /// Says that the request was provably never sent after all.
    pub fn not_sent(&mut self) {
        self.sent = false;
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        let now = self.pacer.now();
        let mut bucket = self.pacer.lock();
        if self.sent {
            bucket.settle(now);
        } else {
            bucket.cancel();
        }
        drop(bucket);
        self.pacer.released.notify_waiters();
    }
}
