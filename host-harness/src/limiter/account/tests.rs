//! Waiting, in time that is moved by hand.

use futures_util::future::join_all;

use super::super::Limiter;
use super::*;

async fn send(account: &Arc<Account>, agent: &str, per_second: u32, priority: Priority) {
    let mut permit = account.acquire(agent, per_second, priority).await;
    permit.sending();
    permit.answered();
}

/// Sends so many one after the other and says how long it took.
async fn series(
    account: &Arc<Account>,
    agent: &str,
    per_second: u32,
    priority: Priority,
    n: u32,
) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        send(account, agent, per_second, priority).await;
    }
    start.elapsed()
}

fn account() -> Arc<Account> {
    Limiter::default().account([0; 32])
}

/// An account whose burst is used up.
async fn drained() -> Arc<Account> {
    let account = account();
    series(&account, "first", 10, Priority::Interactive, 20).await;
    account
}

fn is_clear(account: &Account) -> bool {
    let mut queue = account.queue();
    let now = account.now() + 60_000_000_000;
    let is_waiting = queue.turns.waiting().chain(queue.applications.waiting()).count() > 0;
    let own = queue.own.values_mut().all(|own| own.is_empty(now));
    !is_waiting
        && own
        && queue.waiting.is_empty()
        && queue.budget.general.is_empty(now)
        && queue.budget.apply.is_empty(now)
}

#[tokio::test(start_paused = true)]
async fn thirty_requests_take_one_second_after_a_burst_of_twenty() {
    for priority in [Priority::Interactive, Priority::Bulk] {
        let took = series(&account(), "a", 10, priority, 30).await;
        assert!(took >= Duration::from_secs(1), "{took:?}");
        assert!(took < Duration::from_millis(1100), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn applications_have_a_lane_of_two_a_second_and_hold_up_nobody() {
    let account = account();
    let (slow, fast) = tokio::join!(
        series(&account, "a", 10, Priority::Application, 6),
        series(&account, "a", 10, Priority::Interactive, 10)
    );
    assert!(slow >= Duration::from_secs(2), "{slow:?}");
    assert!(fast < Duration::from_millis(100), "{fast:?}");
    assert!(is_clear(&account));
}

#[tokio::test(start_paused = true)]
async fn one_agents_applications_do_not_hold_up_anothers() {
    let account = account();
    let many = join_all((0..20).map(|_| send(&account, "many", 10, Priority::Application)));
    let one = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        series(&account, "one", 10, Priority::Application, 1).await
    };
    let (_, took) = tokio::join!(many, one);
    assert!(took <= Duration::from_millis(1000), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_agents_own_limit_comes_first_and_leaves_the_rest_to_others() {
    let account = account();
    let (narrow, wide) = tokio::join!(
        series(&account, "narrow", 2, Priority::Bulk, 6),
        series(&account, "wide", 10, Priority::Bulk, 14)
    );
    assert!(narrow >= Duration::from_secs(2), "{narrow:?}");
    assert!(wide < Duration::from_millis(100), "{wide:?}");
}

#[tokio::test(start_paused = true)]
async fn who_watches_for_something_later_holds_up_nobody() {
    let account = account();
    // The watcher waits half a second for its own limit, the account being free.
    series(&account, "narrow", 1, Priority::Bulk, 1).await;
    let narrow = series(&account, "narrow", 1, Priority::Bulk, 1);
    let wide = async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        series(&account, "wide", 10, Priority::Bulk, 21).await
    };
    let (narrow, wide) = tokio::join!(narrow, wide);
    assert!(wide <= Duration::from_millis(200), "{wide:?}");
    assert!(narrow >= Duration::from_millis(900), "{narrow:?}");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_bulk_request_of_its_own_does_not_hold_up_an_interactive_one() {
    // Within the account's limit, and within the agent's own.
    for per_second in [10, 2] {
        let account = drained().await;
        series(&account, "a", per_second, Priority::Bulk, per_second).await;
        let start = Instant::now();
        let scan = join_all((0..10).map(|_| send(&account, "a", per_second, Priority::Bulk)));
        let one = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            series(&account, "a", per_second, Priority::Interactive, 1).await;
            start.elapsed()
        };
        let (_, took) = tokio::join!(scan, one);
        let unit = Duration::from_secs(1) / per_second;
        assert!(took <= unit + Duration::from_millis(1), "{took:?} at {per_second}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_interactive_request_waits_for_one_unit_however_many_scans_there_are() {
    let account = drained().await;
    let scans = join_all((0..15).map(|agent| {
        let account = Arc::clone(&account);
        async move {
            let name = format!("scan-{agent}");
            join_all((0..4).map(|_| send(&account, &name, 10, Priority::Bulk))).await;
        }
    }));
    let asks = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        for _ in 0..LEADS {
            let took = series(&account, "person", 10, Priority::Interactive, 1).await;
            assert!(took <= Duration::from_millis(100), "{took:?}");
            // As one who reads before asking again.
            tokio::time::sleep(Duration::from_millis(390)).await;
        }
    };
    let (_, ()) = tokio::join!(scans, asks);
    assert!(is_clear(&account));
}

/// Requests of a person who asks more often than its share.
const LEADS: u32 = 8;

#[tokio::test(start_paused = true)]
async fn agents_take_turns_however_many_requests_one_has_waiting() {
    let account = drained().await;
    let order = Mutex::new(Vec::new());
    let one = |agent: &'static str| {
        let (account, order) = (&account, &order);
        async move {
            send(account, agent, 10, Priority::Interactive).await;
            order.lock().unwrap().push(agent);
        }
    };
    tokio::join!(one("busy"), one("busy"), one("busy"), one("busy"), one("late"), one("late"));
    let order = order.into_inner().unwrap();
    let late = order.iter().position(|agent| *agent == "late");
    assert!(late.is_some_and(|n| n <= 1), "{order:?}");
}

#[tokio::test(start_paused = true)]
async fn sixteen_agents_get_the_same_whatever_their_lanes() {
    let account = drained().await;
    let shares: Vec<_> = (0..16).map(|_| std::sync::atomic::AtomicU32::new(0)).collect();
    let shares = &shares;
    let load = join_all((0..16_usize).flat_map(|agent| {
        let priority = [Priority::Interactive, Priority::Bulk][agent % 2];
        let account = &account;
        (0..[8, 1, 2, 1][agent / 2 % 4]).map(move |_| async move {
            let name = format!("agent-{agent}");
            loop {
                send(account, &name, 10, priority).await;
                shares[agent].fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        })
    }));
    let _ = tokio::time::timeout(Duration::from_secs(160), load).await;
    let shares: Vec<u32> =
        shares.iter().map(|n| n.load(std::sync::atomic::Ordering::Relaxed)).collect();
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    // A hundred each, but for the lead of eight.
    assert!(f64::from(*least) / f64::from(*most) >= 0.9, "{shares:?}");
}

#[tokio::test(start_paused = true)]
async fn a_429_holds_everyone_back_for_as_long_as_it_says() {
    let account = account();
    account.exhaust(Priority::Bulk, Some(Duration::from_secs(2)));
    let took = series(&account, "other", 10, Priority::Interactive, 1).await;
    assert!(took >= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gives_up_leaves_no_trace() {
    for priority in [Priority::Interactive, Priority::Bulk, Priority::Application] {
        let account = drained().await;
        // Both who watches and who waits behind it.
        let two = join_all((0..2).map(|_| account.acquire("a", 2, priority)));
        let gone = tokio::time::timeout(Duration::from_millis(10), two).await;
        assert!(gone.is_err());
        let took = series(&account, "b", 10, priority, 1).await;
        assert!(took <= Duration::from_millis(101), "{took:?}");
        assert!(is_clear(&account), "{priority:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_that_gives_up_as_it_may_go_leaves_no_trace() {
    for priority in [Priority::Interactive, Priority::Application] {
        let account = account();
        let place = account.line_up((Arc::from("a"), 2), priority);
        assert!(account.queue().waiting.is_empty(), "it may go");
        drop(place);
        assert!(is_clear(&account));
        let took = series(&account, "a", 10, Priority::Interactive, 20).await;
        assert!(took < Duration::from_millis(1), "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_counts_until_it_must_have_arrived() {
    let account = account();
    for _ in 0..20 {
        let mut permit = account.acquire("a", 10, Priority::Interactive).await;
        permit.sending();
    }
    let took = series(&account, "a", 10, Priority::Interactive, 1).await;
    let least = super::super::bucket::DELIVERY + Duration::from_millis(100);
    assert!(took >= least && took < least + Duration::from_millis(10), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_stuck_however_calls_come_and_go() {
    let account = Limiter::new(Rate { per_second: 50, burst: 5 }).account([0; 32]);
    let account = &account;
    let all = join_all((0..500_u64).map(|n| async move {
        let number = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let priority = [Priority::Interactive, Priority::Bulk, Priority::Application]
            [(number % 7 % 3) as usize];
        let (name, own) =
            [("a", 50), ("b", 50), ("c", 50), ("narrow", 9)][(number / 7 % 4) as usize];
        tokio::time::sleep(Duration::from_millis(number / 28 % 8000)).await;
        let patience = Duration::from_millis(number / 29 % 5000);
        let permit = tokio::time::timeout(patience, account.acquire(name, own, priority)).await;
        let Ok(mut permit) = permit else { return 0 };
        if number % 5 > 0 {
            permit.sending();
            let call = tokio::time::sleep(Duration::from_millis(number / 31 % 300));
            if tokio::time::timeout(Duration::from_millis(250), call).await.is_ok() {
                permit.answered();
            }
        }
        1
    }));
    let gone: u32 = tokio::time::timeout(Duration::from_secs(60), all).await.unwrap().iter().sum();
    assert!((200..500).contains(&gone), "{gone}");
    assert!(is_clear(account));
    let took = series(account, "a", 50, Priority::Bulk, 1).await;
    assert!(took <= super::super::bucket::DELIVERY + Duration::from_millis(200), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn agents_that_are_gone_are_forgotten() {
    let account = account();
    for n in 0..REMEMBERED * 2 {
        send(&account, &format!("agent-{n}"), 2, Priority::Bulk).await;
    }
    let remembered = account.queue().own.len();
    assert!(remembered <= REMEMBERED, "{remembered}");
}

#[tokio::test(start_paused = true)]
async fn two_keys_have_two_budgets_and_one_key_has_one() {
    let limiter = Limiter::default();
    assert!(Arc::ptr_eq(&limiter.account([1; 32]), &limiter.clone().account([1; 32])));
    assert!(!Arc::ptr_eq(&limiter.account([1; 32]), &limiter.account([2; 32])));
}
