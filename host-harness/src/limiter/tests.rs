//! Budgets that processes share. Limiters of one process take the same locks as those of several;
//! that the kernel releases a dead process's locks is tried with real processes in `tests/pace.rs`.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::shared::Clock;
use super::*;

/// A directory, and a clock that moves with the test's.
struct Machine {
    folder: tempfile::TempDir,
    clock: Clock,
    told: Arc<AtomicU32>,
}

impl Machine {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: clock(1_000_000), told: Arc::default() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("pace")
    }

    fn process(&self) -> Limiter {
        let told = Arc::clone(&self.told);
        Limiter::default().shared_by(&self.path(), Arc::clone(&self.clock), move |_| {
            told.fetch_add(1, Ordering::Relaxed);
        })
    }

    /// The file of the one budget there is.
    fn file(&self) -> PathBuf {
        self.path().join("00".repeat(32))
    }

    fn told(&self) -> u32 {
        self.told.load(Ordering::Relaxed)
    }
}

/// A clock that shows so many seconds now.
fn clock(seconds: u64) -> Clock {
    let start = Instant::now();
    Arc::new(move || {
        let since = u64::try_from(start.elapsed().as_nanos()).unwrap();
        seconds * 1_000_000_000 + since
    })
}

fn account(limiter: &Limiter) -> Arc<Account> {
    limiter.account([0; 32])
}

async fn send(account: &Arc<Account>, priority: Priority) {
    let mut permit = account.acquire("agent", 10, priority).await;
    permit.sending();
    permit.answered();
}

/// Sends this many one after the other and says how long it took.
async fn series(account: &Arc<Account>, priority: Priority, n: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        send(account, priority).await;
    }
    start.elapsed()
}

fn assert_between(took: Duration, least: u64, most: u64) {
    let (least, most) = (Duration::from_millis(least), Duration::from_millis(most));
    assert!(took >= least && took <= most, "{took:?} is not in {least:?}..{most:?}");
}

#[tokio::test(start_paused = true)]
async fn processes_at_the_same_time_share_burst_and_rate() {
    let machine = Machine::new();
    let processes: Vec<_> = (0..4).map(|_| machine.process()).collect();
    let start = Instant::now();
    join_all(processes.iter().map(|it| async { series(&account(it), Priority::Bulk, 5).await }))
        .await;
    assert_between(start.elapsed(), 0, 10);
    let shares = join_all(
        processes.iter().map(|it| async { series(&account(it), Priority::Bulk, 10).await }),
    )
    .await;
    assert_between(start.elapsed(), 4000, 4200);
    // Nobody is done long before the others.
    assert_between(*shares.iter().min().unwrap(), 2500, 4200);
}

#[tokio::test(start_paused = true)]
async fn processes_one_after_the_other_have_one_burst() {
    let machine = Machine::new();
    assert_between(series(&account(&machine.process()), Priority::Bulk, 20).await, 0, 10);
    assert_between(series(&account(&machine.process()), Priority::Bulk, 10).await, 1000, 1050);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let last = account(&machine.process());
    assert_between(series(&last, Priority::Bulk, 10).await, 0, 10);
    assert_between(series(&last, Priority::Bulk, 1).await, 90, 150);
    let left = std::fs::read_dir(machine.path()).unwrap().count();
    assert_eq!((left, machine.told()), (2, 0), "the budget, and the process that is alive");
}

#[tokio::test(start_paused = true)]
async fn applications_of_all_processes_go_at_two_a_second() {
    let machine = Machine::new();
    let processes = [machine.process(), machine.process()];
    let start = Instant::now();
    join_all(
        processes.iter().map(|it| async { series(&account(it), Priority::Application, 3).await }),
    )
    .await;
    assert_between(start.elapsed(), 2000, 2150);
}

#[tokio::test(start_paused = true)]
async fn a_429_in_one_process_holds_back_the_others() {
    let machine = Machine::new();
    let [one, other] = [account(&machine.process()), account(&machine.process())];
    send(&other, Priority::Bulk).await;
    one.exhaust(Priority::Bulk, Some(Duration::from_secs(2)));
    assert_between(series(&other, Priority::Bulk, 1).await, 2000, 2150);
}

#[tokio::test(start_paused = true)]
async fn a_request_in_flight_in_one_process_is_one_less_for_the_others() {
    let machine = Machine::new();
    let [one, other] = [account(&machine.process()), account(&machine.process())];
    let held = join_all((0..20).map(|_| one.acquire("agent", 10, Priority::Bulk))).await;
    let waits = async {
        let start = Instant::now();
        send(&other, Priority::Bulk).await;
        start.elapsed()
    };
    let gives_back = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(held);
    };
    let (took, ()) = tokio::join!(waits, gives_back);
    assert_between(took, 5000, 5050);
}

/// What a process that was killed leaves behind, and one that was stopped.
#[tokio::test(start_paused = true)]
async fn requests_of_a_dead_process_are_given_up_at_once_and_of_a_stopped_one_in_time() {
    for (is_alive, least, most) in [(false, 1500, 1600), (true, 360_000, 363_000)] {
        let machine = Machine::new();
        let process = account(&machine.process());
        send(&process, Priority::Bulk).await;
        let text = std::fs::read_to_string(machine.file()).unwrap();
        let mut state: serde_json::Value = serde_json::from_str(&text).unwrap();
        state["holders"] = serde_json::json!([
            {"id": "0123456789abcdef", "general": 20, "apply": 2, "at": state["at"]}
        ]);
        std::fs::write(machine.file(), state.to_string()).unwrap();
        let alive = machine.path().join(format!("{}.0123456789abcdef.alive", "00".repeat(32)));
        let lock = std::fs::File::create(&alive).unwrap();
        if is_alive {
            lock.lock().unwrap();
        }
        assert_between(series(&process, Priority::Application, 1).await, least, most);
        assert_eq!(alive.exists(), is_alive);
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_file_is_an_empty_burst() {
    for text in ["{", "{}", "null", "my notes", "{\"version\":2}"] {
        let machine = Machine::new();
        let process = account(&machine.process());
        std::fs::write(machine.file(), text).unwrap();
        assert_between(series(&process, Priority::Bulk, 1).await, 90, 150);
        assert_between(series(&process, Priority::Bulk, 10).await, 950, 1100);
        assert_eq!(machine.told(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_was_set_back_or_a_new_start_of_the_machine_stops_nobody() {
    let mut machine = Machine::new();
    let before = account(&machine.process());
    series(&before, Priority::Bulk, 20).await;
    before.exhaust(Priority::Bulk, Some(Duration::from_secs(3)));
    drop(before);
    machine.clock = clock(60);
    let after = account(&machine.process());
    assert_between(series(&after, Priority::Bulk, 1).await, 3000, 3150);
    assert_between(series(&after, Priority::Bulk, 20).await, 0, 2000);
}

#[tokio::test(start_paused = true)]
async fn numbers_that_nobody_wrote_hold_nobody_up_for_long() {
    let machine = Machine::new();
    let process = account(&machine.process());
    let most = u64::MAX;
    let bucket = serde_json::json!({"level": most, "closed_until": most, "lost": [most, most]});
    let state = serde_json::json!({
        "version": 1, "at": 1, "general": bucket, "apply": bucket,
        "holders": [{"id": "../../x", "general": most, "apply": most, "at": most}]
    });
    std::fs::write(machine.file(), state.to_string()).unwrap();
    assert_between(series(&process, Priority::Bulk, 1).await, 0, 303_000);
}

#[tokio::test(start_paused = true)]
async fn where_the_directory_cannot_be_used_it_is_said_once_and_there_is_no_burst() {
    let machine = Machine::new();
    std::fs::write(machine.path(), "a file").unwrap();
    let process = machine.process();
    for fingerprint in [[0; 32], [1; 32]] {
        let account = process.account(fingerprint);
        assert_between(series(&account, Priority::Bulk, 1).await, 90, 150);
    }
    assert_eq!(machine.told(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_directory_that_is_lost_on_the_way_is_said_once_and_costs_the_burst() {
    let machine = Machine::new();
    let process = account(&machine.process());
    let mut held = process.acquire("agent", 10, Priority::Bulk).await;
    held.sending();
    std::fs::remove_dir_all(machine.path()).unwrap();
    std::fs::write(machine.path(), "a file").unwrap();
    assert_between(series(&process, Priority::Bulk, 1).await, 90, 250);
    held.answered();
    assert_between(series(&process, Priority::Bulk, 10).await, 900, 1200);
    assert_eq!(machine.told(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_never_let_go_is_given_up() {
    let machine = Machine::new();
    let process = account(&machine.process());
    send(&process, Priority::Bulk).await;
    let file = std::fs::File::open(machine.file()).unwrap();
    file.lock().unwrap();
    assert_between(series(&process, Priority::Bulk, 1).await, 5000, 5500);
    assert_eq!(machine.told(), 1);
}

/// The server's side: it counts a request at some instant between its sending and its answer.
struct Counting {
    level: u64,
    at: Instant,
    refused: u32,
}

impl Counting {
    fn count(&mut self) {
        let passed = u64::try_from(self.at.elapsed().as_nanos()).unwrap();
        (self.level, self.at) = (self.level.saturating_sub(passed), Instant::now());
        if self.level + 100_000_000 > 2_000_000_000 {
            self.refused += 1;
        } else {
            self.level += 100_000_000;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn however_long_answers_take_the_server_refuses_no_process() {
    let machine = Machine::new();
    let server = Mutex::new(Counting { level: 0, at: Instant::now(), refused: 0 });
    let processes: Vec<_> = (0..3).map(|_| machine.process()).collect();
    join_all((0..240_u64).map(|n| {
        let account = account(&processes[(n % 3) as usize]);
        let server = &server;
        async move {
            let random = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            let ms = Duration::from_millis;
            tokio::time::sleep(ms(random % 15_000)).await;
            let mut permit = account.acquire("agent", 10, Priority::Bulk).await;
            permit.sending();
            tokio::time::sleep(ms(random / 7 % 400)).await;
            server.lock().unwrap().count();
            tokio::time::sleep(ms(random / 11 % 400)).await;
            permit.answered();
        }
    }))
    .await;
    assert_eq!(server.into_inner().unwrap().refused, 0);
}
