//! A mixed load through random faults, for as long as one likes.
//!
//! `cargo bench --bench soak -- --minutes 10` (20 seconds unless told), or
//! `-- --writes 10000` for so many faulted writes, each compared with the
//! mock's account; `--seed` draws other faults. It ends with 1 when memory
//! grows, a call is stuck, a request is missing in the audit, the pace is
//! overrun, a grant is not kept to, or a write is doubled or lost without a
//! word. Beside it, processes that write are killed (SIGKILL) at any moment.

#[allow(dead_code, reason = "shared with the tests")]
#[path = "../../../tests/support/mod.rs"]
mod support;

mod account;
mod jobs;
mod killed;
mod memory;
mod verdict;
mod worker;

use std::sync::Arc;
use std::time::{Duration, Instant};

use lever_host::audit::Audit;
use lever_host::embedded;
use lever_host::limiter::{Limiter, Rate as Pace};
use lever_host::mock::{Config, Downloads, Mock, Rate};
use lever_host::policy::Agent;
use lever_host::runtime::{Host, HostConfig};

use support::{Rig, storm};
use verdict::Seen;
use worker::{Counts, Worker};

/// Agents by what they were granted, all there is where nothing is named; each has calls under way in several lanes.
const AGENTS: [(&str, &[&str]); 6] = [
    ("all", &[]),
    ("sourcer", &["opportunities=full", "notes=full", "stages=read", "archive-reasons=read"]),
    (
        "coordinator",
        &[
            "interviews=full",
            "panels=full",
            "feedback=full",
            "feedback-templates=full",
            "users=read",
        ],
    ),
    ("careers", &["postings=full", "applications=full", "uploads=full", "raw=read"]),
    ("files", &["files=full", "resumes=read", "offers=read", "opportunities=read"]),
    (
        "admin",
        &["webhooks=full", "users=full", "feedback-templates=full", "opportunities.get=allow"],
    ),
];

/// Calls that each agent has under way.
const CALLS: usize = 4;

/// Requests a second and at once, of the mock and of the host before it: fewer
/// than the agents could make, so that somebody always waits.
const PER_SECOND: u32 = 200;
const BURST: u32 = 40;

/// An agent with a limit of its own.
const NARROW: (&str, u32) = ("files", 20);

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
    for wrong in wrong.iter().take(20) {
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

async fn soak(length: Duration, seed: u64) -> Vec<String> {
    let path = std::env::temp_dir().join(format!("lever-soak-{}.jsonl", std::process::id()));
    let audit = Audit::to_file(&path).expect("the audit can be written");
    let rig = Arc::new(rig(audit).await);
    let counts = Arc::new(Counts::new());
    let mut workers = Vec::new();
    for number in 0..AGENTS.len() * CALLS {
        let worker = Worker::new(&rig, agent(number), &counts, number, AGENTS.len() * CALLS, seed);
        workers.push(worker.await);
    }
    let end = Instant::now() + length;
    let workers: Vec<_> = workers.into_iter().map(|worker| tokio::spawn(worker.run(end))).collect();
    let killed = tokio::spawn(killed::processes(end, seed));
    let mut seen = Seen::default();
    let mut memory = Vec::new();
    while Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(250).min(length / 40)).await;
        seen.take(&rig.mock);
        memory.extend(memory::resident());
    }
    for worker in workers {
        worker.await.expect("no worker panics");
    }
    // Answers that nobody waited for any more.
    tokio::time::sleep(Duration::from_secs(1)).await;
    seen.take(&rig.mock);
    let log = std::fs::read_to_string(&path).expect("the audit can be read");
    let _ = std::fs::remove_file(&path);
    let killed = killed.await.expect("nothing panics");
    let wrong = [verdict::verdict(&counts, &seen, &log), memory::growth(&memory), killed].concat();
    println!("{} s, seed {seed}", length.as_secs());
    wrong
}

/// A mock and a host with the same pace, and short timeouts.
async fn rig(audit: Audit) -> Rig {
    let account = Config {
        rate: Some(Rate { per_second: PER_SECOND, burst: BURST, retry_after: None }),
        opportunities: 240,
        downloads: Downloads::Redirect,
        ..Config::default()
    };
    let mock = Mock::start(account).await.expect("loopback can be bound");
    let settings =
        [("700", "FIRST_BYTE_TIMEOUT"), ("700", "BETWEEN_BYTES_TIMEOUT"), ("1500", "MAX_WAIT")];
    let config = HostConfig {
        limiter: Limiter::new(Pace { per_second: PER_SECOND, burst: BURST }),
        settings: settings.map(|(ms, name)| (format!("LEVER_{name}_MS"), ms.to_owned())).into(),
        ..support::host_config(&mock)
    };
    let host = Host::new(config, audit.clone()).expect("the host starts");
    let lever = host.load(embedded::COMPONENT).expect("the component loads");
    Rig { mock, host: Arc::new(host), lever, audit, agent: agent(0) }
}

/// The agent that a worker works for.
fn agent(worker: usize) -> Agent {
    let (name, grants) = AGENTS[worker % AGENTS.len()];
    let grants = match grants {
        [] => support::all(),
        grants => grants.iter().map(ToString::to_string).collect(),
    };
    let agent = Agent::from_grants(name, &grants).expect("the grants are well formed");
    let agent = agent.with_download_host("127.0.0.1");
    let mut agent = agent.expect("that is a host");
    agent.eeo = true;
    agent.limits.requests_per_second = if name == NARROW.0 { NARROW.1 } else { PER_SECOND };
    agent.limits.call_timeout = worker::USUAL;
    agent
}
