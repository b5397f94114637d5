//! The pace of outgoing requests: one bucket for each credential, shared by
//! every instance and agent, a narrower lane for applications, and each
//! agent's own limit in front.
//!
//! Instances live for one call and forget; the budget Lever grants is the
//! key's, so it is kept here. Not here: when to send again. A request that was
//! answered 429 empties the bucket and is then the component's to repeat.

mod bucket;
mod pacer;

pub use bucket::{Bucket, Rate, Wait};
pub use pacer::{Pacer, Unit};

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Hands out the lanes of each credential; cheap to clone and to share.
#[derive(Clone, Debug)]
pub struct Limiter {
    rate: Rate,
    accounts: Arc<Mutex<HashMap<[u8; 32], Arc<Account>>>>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new(Rate::ACCOUNT)
    }
}

impl Limiter {
    /// A limiter that gives each credential this rate.
    pub fn new(rate: Rate) -> Self {
        Self { rate, accounts: Arc::default() }
    }

    /// The account behind a credential's fingerprint.
    pub fn account(&self, fingerprint: [u8; 32]) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(accounts.entry(fingerprint).or_insert_with(|| Account::new(self.rate)))
    }
}

/// The budget of one credential.
#[derive(Debug)]
pub struct Account {
    rate: Rate,
    general: Arc<Pacer>,
    apply: Arc<Pacer>,
    agents: Mutex<HashMap<(String, u32), Arc<Agent>>>,
}

/// One agent's place in front of the account. Its requests wait here, one at a
/// time reaches the account's queue, so agents take turns there whatever the
/// number of requests each has waiting.
#[derive(Debug)]
struct Agent {
    turn: tokio::sync::Mutex<()>,
    own: Option<Arc<Pacer>>,
}

/// The units one request holds.
#[derive(Debug)]
pub struct Permit {
    units: Vec<Unit>,
}

impl Account {
    fn new(rate: Rate) -> Arc<Self> {
        Arc::new(Self {
            rate,
            general: Pacer::new(rate),
            apply: Pacer::new(Rate::APPLY),
            agents: Mutex::default(),
        })
    }

    /// Waits until `agent` may send one request.
    ///
    /// `apply` says that it is an application to a posting. The order of the
    /// queues is part of the design: the slow lane first, so that a waiting
    /// application holds up neither its agent's other requests nor anyone
    /// else's.
    pub async fn acquire(&self, agent: &str, per_second: u32, apply: bool) -> Permit {
        let mut units = Vec::with_capacity(3);
        if apply {
            units.push(self.apply.acquire().await);
        }
        let agent = self.agent(agent, per_second);
        let _turn = agent.turn.lock().await;
        if let Some(own) = &agent.own {
            units.push(own.acquire().await);
        }
        units.push(self.general.acquire().await);
        Permit { units }
    }

    /// Takes note of a 429 answered to a request of that lane.
    pub fn exhaust(&self, apply: bool, retry_after: Option<Duration>) {
        self.general.exhaust(retry_after);
        if apply {
            self.apply.exhaust(retry_after);
        }
    }

    fn agent(&self, name: &str, per_second: u32) -> Arc<Agent> {
        let mut agents = self.agents.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(agents.entry((name.to_owned(), per_second)).or_insert_with(|| {
            // At the account's own rate a second bucket would only
            // take the burst away.
            let own = (per_second < self.rate.per_second)
                .then(|| Pacer::new(Rate { per_second, burst: per_second }));
            Arc::new(Agent { turn: tokio::sync::Mutex::new(()), own })
        }))
    }
}

impl Permit {
    /// Says that the request may be on its way.
    pub fn sending(&mut self) {
        self.units.iter_mut().for_each(Unit::sending);
    }

    /// Says that the request was provably never sent after all.
    pub fn not_sent(&mut self) {
        self.units.iter_mut().for_each(Unit::not_sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::Instant;

    async fn send(account: &Account, agent: &str, per_second: u32, apply: bool) {
        let mut permit = account.acquire(agent, per_second, apply).await;
        permit.sending();
    }

    fn account() -> Arc<Account> {
        Limiter::default().account([0; 32])
    }

    #[tokio::test(start_paused = true)]
    async fn thirty_requests_take_one_second_after_a_burst_of_twenty() {
        let account = account();
        let start = Instant::now();
        for _ in 0..30 {
            send(&account, "a", 10, false).await;
        }
        let took = start.elapsed();
        assert!(took >= Duration::from_secs(1), "{took:?}");
        assert!(took < Duration::from_millis(1100), "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn applications_have_a_lane_of_two_a_second_and_hold_up_nobody() {
        let account = account();
        let start = Instant::now();
        let slow = async {
            for _ in 0..6 {
                send(&account, "a", 10, true).await;
            }
            start.elapsed()
        };
        let fast = async {
            for _ in 0..10 {
                send(&account, "a", 10, false).await;
            }
            start.elapsed()
        };
        let (slow, fast) = tokio::join!(slow, fast);
        assert!(slow >= Duration::from_secs(2), "{slow:?}");
        assert!(fast < Duration::from_millis(100), "{fast:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn an_agents_own_limit_comes_first_and_leaves_the_rest_to_others() {
        let account = account();
        let start = Instant::now();
        let narrow = async {
            for _ in 0..6 {
                send(&account, "narrow", 2, false).await;
            }
            start.elapsed()
        };
        let wide = async {
            for _ in 0..14 {
                send(&account, "wide", 10, false).await;
            }
            start.elapsed()
        };
        let (narrow, wide) = tokio::join!(narrow, wide);
        assert!(narrow >= Duration::from_secs(2), "{narrow:?}");
        assert!(wide < Duration::from_millis(100), "{wide:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn agents_take_turns_however_many_requests_one_has_waiting() {
        let account = account();
        for _ in 0..20 {
            send(&account, "first", 10, false).await;
        }
        let order = Mutex::new(Vec::new());
        let one = |agent: &'static str| {
            let (account, order) = (&account, &order);
            async move {
                send(account, agent, 10, false).await;
                order.lock().unwrap().push(agent);
            }
        };
        tokio::join!(one("busy"), one("busy"), one("busy"), one("busy"), one("late"), one("late"),);
        let order = order.into_inner().unwrap();
        let late = order.iter().position(|agent| *agent == "late");
        assert!(late.is_some_and(|n| n <= 1), "{order:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_holds_everyone_back_for_as_long_as_it_says() {
        let account = account();
        account.exhaust(false, Some(Duration::from_secs(2)));
        let start = Instant::now();
        send(&account, "other", 10, false).await;
        assert!(start.elapsed() >= Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiter_that_gives_up_leaves_no_trace() {
        let account = account();
        for _ in 0..20 {
            send(&account, "a", 10, false).await;
        }
        let gone =
            tokio::time::timeout(Duration::from_millis(10), account.acquire("a", 10, true)).await;
        assert!(gone.is_err());
        let start = Instant::now();
        send(&account, "b", 10, true).await;
        assert!(start.elapsed() <= Duration::from_millis(101));
    }

    #[tokio::test(start_paused = true)]
    async fn two_keys_have_two_budgets_and_one_key_has_one() {
        let limiter = Limiter::default();
        assert!(Arc::ptr_eq(&limiter.account([1; 32]), &limiter.clone().account([1; 32])));
        assert!(!Arc::ptr_eq(&limiter.account([1; 32]), &limiter.account([2; 32])));
    }
}
