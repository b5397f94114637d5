//! A mixed load through random faults, for as long as one likes.
//!
//! `cargo bench --bench soak -- --minutes 10` (20 seconds unless told), or
//! `-- --writes 10000` for so many faulted writes, each compared with the
//! mock's account; `--seed` draws other faults. It ends with 1 when memory
//! grows, a call is stuck, a request is missing in the audit, or a write is
//! doubled or lost without a word.

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lever_host::audit::{Audit, Kind, Record};
use lever_host::mock::{Config, Mock};
use lever_host::policy::Agent;
use lever_host::runtime::CallError;
use serde_json::{Value, json};
use support::random::Random;
use support::{Rig, storm};

/// Agents, and calls that each has under way.
const AGENTS: usize = 4;
const CALLS: usize = 6;

/// No call may take longer: its timeout, and time to wind up.
const STUCK: Duration = Duration::from_secs(30);

/// What resident memory may grow by in the second half: the allocator's slack.
const GROWTH: u64 = 8 << 20;

fn main() {
    let argument = |name: &str| {
        let mut arguments = std::env::args().skip_while(|argument| argument != name).skip(1);
        arguments.next().map(|text| text.parse::<f64>().expect("a number"))
    };
    let seed = argument("--seed").map_or(1, |seed| seed as u64);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("the runtime starts");
    let wrong = match argument("--writes") {
        Some(writes) => runtime.block_on(faulted_writes(writes as usize, seed)),
        None => {
            let minutes = argument("--minutes").unwrap_or(1.0 / 3.0);
            runtime.block_on(soak(Duration::from_secs_f64(minutes * 60.0), seed))
        }
    };
    for wrong in &wrong {
        println!("WRONG: {wrong}");
    }
    println!("{}", if wrong.is_empty() { "all is well" } else { "failed" });
    std::process::exit(i32::from(!wrong.is_empty()));
}

async fn faulted_writes(writes: usize, seed: u64) -> Vec<String> {
    let rig = Arc::new(storm::rig().await);
    let start = Instant::now();
    let tally = storm::writes(&rig, writes, 64, seed).await;
    println!("{tally}\nin {:.1} s, seed {seed}", start.elapsed().as_secs_f32());
    tally.lies
}

/// What the load counted.
#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    stuck: AtomicU64,
    broken: AtomicU64,
}

/// The requests that the mock saw, taken out of it before they pile up.
#[derive(Default)]
struct Seen {
    requests: u64,
    statuses: BTreeMap<u16, u64>,
}

impl Seen {
    fn take(&mut self, mock: &Mock) {
        // Those still undecided stay for the next time.
        for seen in mock.take_requests() {
            self.requests += 1;
            if let Some(status) = seen.status {
                *self.statuses.entry(status).or_default() += 1;
            }
        }
    }
}

async fn soak(length: Duration, seed: u64) -> Vec<String> {
    let path = std::env::temp_dir().join(format!("lever-soak-{}.jsonl", std::process::id()));
    let audit = Audit::to_file(&path).expect("the audit can be written");
    let account = Config { rate: None, opportunities: 60, ..Config::default() };
    let settings =
        [("700", "FIRST_BYTE_TIMEOUT"), ("700", "BETWEEN_BYTES_TIMEOUT"), ("1500", "MAX_WAIT")];
    let settings = settings.map(|(ms, name)| (format!("LEVER_{name}_MS"), ms.to_owned()));
    let rig = Arc::new(Rig::soaking(account, &settings, audit).await);
    let counts = Arc::new(Counts::default());
    let end = Instant::now() + length;
    let workers = (0..AGENTS * CALLS).map(|worker| {
        let (rig, counts) = (Arc::clone(&rig), Arc::clone(&counts));
        let mut agent = rig.agent.clone();
        agent.name = format!("agent-{}", worker % AGENTS);
        tokio::spawn(work(rig, agent, counts, Random(seed ^ ((worker as u64) << 32)), end))
    });
    let workers: Vec<_> = workers.collect();
    let mut seen = Seen::default();
    let mut memory = Vec::new();
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(250).min(length / 40)).await;
        seen.take(&rig.mock);
        memory.extend(resident());
    }
    for worker in workers {
        worker.await.expect("no worker panics");
    }
    // Answers that nobody waited for any more.
    tokio::time::sleep(Duration::from_secs(1)).await;
    seen.take(&rig.mock);
    let log = std::fs::read_to_string(&path).expect("the audit can be read");
    let _ = std::fs::remove_file(&path);
    let wrong = [verdict(&counts, &seen, &log), growth(&memory)].concat();
    println!("{} s, seed {seed}", length.as_secs());
    wrong
}

/// Calls until the end, with a fault now and then.
async fn work(
    rig: Arc<Rig>,
    mut agent: Agent,
    counts: Arc<Counts>,
    mut random: Random,
    end: Instant,
) {
    let ids = rig.mock.store().opportunity_ids();
    let usual = Duration::from_secs(10);
    while Instant::now() < end {
        let id = random.of(&ids).clone();
        if random.below(3) == 0 {
            rig.mock.inject(storm::fault(&mut random));
        }
        agent.limits.call_timeout = match random.below(30) {
            0 => Duration::from_millis(random.next() % 300),
            _ => usual,
        };
        let tag = format!("tag {}", random.below(8));
        let calls: Vec<(&str, Value)> = match random.below(9) {
            0 => vec![("opportunities.list-all", json!([{ "limit": 20 }]))],
            1 => vec![("opportunities.get", json!([id]))],
            2 => vec![("raw.get", json!(["/postings"]))],
            3 => vec![("stages.list-page", json!([]))],
            4 => vec![("opportunities.add-tags", json!([id, [tag]]))],
            5 => vec![("opportunities.remove-tags", json!([id, [tag]]))],
            6 => vec![("notes.list-all", json!([id, {}]))],
            // Refused by the policy, and by the guest.
            7 => vec![("raw.get", json!(["/requisitions"])), ("raw.get", json!(["/.."]))],
            _ => vec![("notes.create", json!([id, { "value": "note" }]))],
        };
        for (function, args) in calls {
            let made = call(&rig, &agent, &counts, function, args).await;
            // What was made is removed again, so that the account stays as it is.
            if let ("notes.create", Some(note)) = (function, made) {
                call(&rig, &agent, &counts, "notes.delete", json!([id, note["id"]])).await;
            }
        }
    }
}

async fn call(
    rig: &Rig,
    agent: &Agent,
    counts: &Counts,
    function: &str,
    args: Value,
) -> Option<Value> {
    counts.calls.fetch_add(1, Ordering::Relaxed);
    let result = tokio::time::timeout(STUCK, rig.call_as(agent, function, args)).await;
    match result {
        Err(_) => {
            counts.stuck.fetch_add(1, Ordering::Relaxed);
            None
        }
        Ok(Err(CallError::Usage(error) | CallError::Trap(error))) => {
            println!("{function}: {error}");
            counts.broken.fetch_add(1, Ordering::Relaxed);
            None
        }
        Ok(result) => result.ok(),
    }
}

/// Compares what was called, what the audit says and what the mock saw.
fn verdict(counts: &Counts, seen: &Seen, log: &str) -> Vec<String> {
    let (mut calls, mut requests, mut cut) = (0_u64, 0_u64, 0_u64);
    let mut statuses = BTreeMap::<u16, u64>::new();
    let mut ends = BTreeMap::<String, u64>::new();
    for line in log.lines() {
        let record: Record = serde_json::from_str(line).expect("the audit is whole");
        let is_allowed = record.decision == lever_host::audit::Decision::Allowed;
        match record.kind {
            Kind::Call => {
                calls += 1;
                *ends.entry(record.error.unwrap_or_else(|| "ok".to_owned())).or_default() += 1;
            }
            Kind::Request if is_allowed && record.outcome.as_deref() != Some("not-sent") => {
                requests += 1;
                cut += u64::from(record.error.as_deref() == Some("abandoned"));
                if let Some(status) = record.status {
                    *statuses.entry(status).or_default() += 1;
                }
            }
            Kind::Request => {}
        }
    }
    let made = counts.calls.load(Ordering::Relaxed);
    println!(
        "{made} calls, {calls} in the audit; {requests} requests in the audit, {} at the mock, {cut} cut off",
        seen.requests
    );
    println!("calls by end: {ends:?}");
    println!("answers by status: {statuses:?}");
    let mut wrong = Vec::new();
    let mut check = |is_right: bool, what: String| {
        if !is_right {
            wrong.push(what);
        }
    };
    check(calls == made, format!("{made} calls, {calls} in the audit"));
    check(
        (seen.requests..=seen.requests + cut).contains(&requests),
        format!("{requests} requests in the audit, {} at the mock", seen.requests),
    );
    for (status, count) in &statuses {
        let sent = seen.statuses.get(status).copied().unwrap_or_default();
        check(*count <= sent, format!("{count} answers {status} in the audit, {sent} of the mock"));
    }
    for (name, count) in [("stuck", &counts.stuck), ("broken", &counts.broken)] {
        let count = count.load(Ordering::Relaxed);
        check(count == 0, format!("{count} calls {name}"));
    }
    wrong
}

/// Bytes of this process in memory, on Linux.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}

/// Compares the third quarter with the last.
fn growth(memory: &[u64]) -> Vec<String> {
    let middle = |part: &[u64]| {
        let mut part = part.to_vec();
        part.sort_unstable();
        part.get(part.len() / 2).copied().unwrap_or_default()
    };
    let quarters: Vec<u64> = memory.chunks(memory.len().div_ceil(4).max(1)).map(middle).collect();
    let shown: Vec<String> =
        quarters.iter().map(|bytes| format!("{:.1}", *bytes as f64 / 1048576.0)).collect();
    println!("resident MiB, median of each quarter: {}", shown.join(" "));
    match quarters[..] {
        [.., third, last] if last > third + GROWTH => {
            vec![format!("memory grew by {} bytes in the last quarter", last - third)]
        }
        _ => Vec::new(),
    }
}
