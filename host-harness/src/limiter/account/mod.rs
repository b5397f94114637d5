//! The budget of one credential: who waits for it, and who gets the next unit.
//!
//! The order is [`FairQueue`]' and the pace is [`Bucket`]'s; here they meet the clock and the tasks
//! that wait. A waiter waits as long as it takes; the call's own timeout ends it by dropping the
//! future, and a dropped waiter leaves no trace.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::Instant;

use super::REMEMBERED;
use super::bucket::{Bucket, Completion, Rate, Wait};
use super::budget::{Budget, Change};
use super::fair_queue::FairQueue;
use super::priority::Priority;

/// The budget of one credential.
#[derive(Debug)]
pub struct Account {
    rate: Rate,
    queue: Mutex<Queue>,
    /// Held by the one of the waiters that watches the time for all of them.
    watch: tokio::sync::Mutex<()>,
    changed: Notify,
    origin: Instant,
}

/// An agent by its name and its own limit.
type Name = (Arc<str>, u32);

/// All buckets, and all requests that wait for them.
#[derive(Debug)]
struct Queue {
    budget: Budget,
    /// The buckets of agents whose limit is narrower than the account's.
    own: HashMap<Name, Bucket>,
    turns: FairQueue<Name>,
    /// Applications before they have a unit of their narrow bucket.
    applications: FairQueue<Name>,
    waiting: HashMap<u64, Waiting>,
    asked: u64,
}

/// A request that has no unit yet.
#[derive(Debug)]
struct Waiting {
    agent: Name,
    priority: Priority,
    /// Whether it is an application that has a unit of the narrow bucket.
    may_apply: bool,
    go: oneshot::Sender<()>,
}

/// The right to send one request; what it holds is given back when it is dropped.
#[derive(Debug)]
pub struct Permit {
    account: Arc<Account>,
    agent: Name,
    priority: Priority,
    fate: Completion,
}

impl Account {
    /// Nobody waits yet for this budget.
    pub(super) fn new(rate: Rate, budget: Budget) -> Arc<Self> {
        Arc::new(Self {
            rate,
            queue: Mutex::new(Queue {
                budget,
                own: HashMap::new(),
                turns: FairQueue::default(),
                applications: FairQueue::default(),
                waiting: HashMap::new(),
                asked: 0,
            }),
            watch: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            origin: Instant::now(),
        })
    }

    /// Waits until `agent`, with this limit of its own, may send one request of this priority.
    ///
    /// An application waits for the narrow budget first and joins the others only when it has a
    /// unit there, so it holds up neither its agent's other requests nor anyone else's.
    pub async fn acquire(
        self: &Arc<Self>,
        agent: &str,
        per_second: u32,
        priority: Priority,
    ) -> Permit {
        let mut place = self.line_up((Arc::from(agent), per_second), priority);
        tokio::select! {
            biased;
            // An error would mean that the queue is gone, and it is ours.
            _ = &mut place.go => {}
            never = self.keep_watch() => match never {},
        }
        place.into_permit()
    }

    /// Takes note of a 429 answered to a request of that priority.
    pub fn exhaust(&self, priority: Priority, retry_after: Option<Duration>) {
        let now = self.now();
        let apply = priority == Priority::Application;
        self.queue().budget.change(Change::Exhaust { apply, retry_after }, now);
    }

    fn line_up(self: &Arc<Self>, agent: Name, priority: Priority) -> Waiter {
        let now = self.now();
        let (go, gone) = oneshot::channel();
        let mut queue = self.queue();
        // At the account's own rate a second bucket would only take the burst
        // away.
        if agent.1 < self.rate.per_second {
            queue.remember(&agent, now);
        }
        queue.asked += 1;
        let number = queue.asked;
        let line = if priority == Priority::Application {
            &mut queue.applications
        } else {
            &mut queue.turns
        };
        line.push(&agent, priority, number);
        queue
            .waiting
            .insert(number, Waiting { agent: agent.clone(), priority, may_apply: false, go });
        let must_wait = queue.deal(now).is_some();
        drop(queue);
        if must_wait {
            // Who watches may be waiting for something else that takes longer.
            self.changed.notify_waiters();
        }
        Waiter { account: Arc::clone(self), number, agent, priority, go: gone, is_taken: false }
    }

    /// Hands out units as they come free, for all who wait. One waiter at a time does; when it may
    /// go, or gives up, the next one takes over.
    async fn keep_watch(&self) -> Infallible {
        let _watch = self.watch.lock().await;
        loop {
            // Registered before the look at the buckets, so that a unit given
            // back between the two is not missed.
            let changed = self.changed.notified();
            let now = self.now();
            let wait = self.queue().deal(now);
            match wait {
                Some(Wait::Time(wait)) => {
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = changed => {}
                    }
                }
                Some(Wait::Release) | None => changed.await,
            }
        }
    }

    fn give_back(&self, agent: &Name, priority: Priority, fate: Completion) {
        let now = self.now();
        let mut queue = self.queue();
        let apply = priority == Priority::Application;
        queue.budget.change(Change::GiveBack { general: true, apply, fate }, now);
        if let Some(own) = queue.own.get_mut(agent) {
            own.give_back(fate, now);
        }
        drop(queue);
        self.changed.notify_waiters();
    }

    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // Nothing in there panics halfway.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Sees to it that an agent has a bucket of its own.
    fn remember(&mut self, agent: &Name, now: u64) {
        if self.own.len() >= REMEMBERED {
            let waits = |name: &Name| {
                self.turns.waiting().chain(self.applications.waiting()).any(|other| other == name)
            };
            self.own.retain(|name, own| !own.is_empty(now) || waits(name));
        }
        let rate = Rate { per_second: agent.1, burst: agent.1 };
        self.own.entry(agent.clone()).or_insert_with(|| Bucket::new(rate));
    }

    /// Lets go whoever may, and says what the others wait for, if there are any.
    fn deal(&mut self, now: u64) -> Option<Wait> {
        if self.waiting.is_empty() {
            return None;
        }
        let budget_now = match self.budget.begin(now) {
            Ok(budget_now) => budget_now,
            Err(wait) => return Some(wait),
        };
        let mut going = Vec::new();
        let wait = self.choose(now, budget_now, &mut going);
        // On the disk before anybody goes: a process that dies in between has sent nothing.
        self.budget.end(budget_now, now);
        for go in going {
            // Whoever waits takes its place back under the lock, so the receiver is there.
            let _ = go.send(());
        }
        wait.map(|wait| self.budget.until_next_look(wait))
    }

    /// Chooses who goes, of the buckets as they are at `budget_now`.
    fn choose(
        &mut self,
        now: u64,
        budget_now: u64,
        going: &mut Vec<oneshot::Sender<()>>,
    ) -> Option<Wait> {
        let mut longest = None;
        let mut note = |wait: Wait| {
            longest = Some(longest.map_or(wait, |other: Wait| other.or_sooner(wait)));
        };
        while self.applications.waiting().next().is_some() {
            if let Err(wait) = self.budget.apply.check(budget_now) {
                note(wait);
                break;
            }
            let Some(number) = self.applications.next(|_| true) else { break };
            if let Some(waiting) = self.waiting.get_mut(&number) {
                self.budget.apply.take();
                waiting.may_apply = true;
                self.turns.push(&waiting.agent, waiting.priority, number);
            }
        }
        while self.turns.waiting().next().is_some() {
            if let Err(wait) = self.budget.check(budget_now) {
                note(wait);
                break;
            }
            let own = &mut self.own;
            let next =
                self.turns.next(|agent| match own.get_mut(agent).map(|own| own.check(now)) {
                    None | Some(Ok(())) => true,
                    Some(Err(wait)) => {
                        note(wait);
                        false
                    }
                });
            let Some(number) = next else {
                // Nobody here may use it now, whatever the others do.
                self.budget.pass();
                break;
            };
            if let Some(waiting) = self.waiting.remove(&number) {
                self.budget.take();
                if let Some(own) = self.own.get_mut(&waiting.agent) {
                    own.take();
                }
                going.push(waiting.go);
            }
        }
        longest
    }
}

/// A place in the line, left when dropped.
struct Waiter {
    account: Arc<Account>,
    number: u64,
    agent: Name,
    priority: Priority,
    go: oneshot::Receiver<()>,
    is_taken: bool,
}

impl Waiter {
    fn into_permit(mut self) -> Permit {
        self.is_taken = true;
        Permit {
            account: Arc::clone(&self.account),
            agent: self.agent.clone(),
            priority: self.priority,
            fate: Completion::NotSent,
        }
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        if self.is_taken {
            return;
        }
        let now = self.account.now();
        let mut queue = self.account.queue();
        match queue.waiting.remove(&self.number) {
            // It may go and will not.
            None => {
                drop(queue);
                return self.account.give_back(&self.agent, self.priority, Completion::NotSent);
            }
            Some(waiting) if waiting.may_apply => {
                queue.turns.remove(&self.agent, self.priority, self.number);
                let change =
                    Change::GiveBack { general: false, apply: true, fate: Completion::NotSent };
                queue.budget.change(change, now);
            }
            Some(_) if self.priority == Priority::Application => {
                queue.applications.remove(&self.agent, self.priority, self.number);
            }
            Some(_) => queue.turns.remove(&self.agent, self.priority, self.number),
        }
        drop(queue);
        self.account.changed.notify_waiters();
    }
}

impl Permit {
    /// Says that the request may be on its way: from here on it counts.
    pub fn sending(&mut self) {
        self.fate = Completion::Lost;
    }

    /// Says that the request was provably never sent after all.
    pub fn not_sent(&mut self) {
        self.fate = Completion::NotSent;
    }

    /// Says that the head of its answer is here.
    pub fn answered(mut self) {
        self.fate = Completion::Answered;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.account.give_back(&self.agent, self.priority, self.fate);
    }
}

#[cfg(test)]
mod tests;
