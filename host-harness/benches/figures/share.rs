//! Agents of one credential: does each get its share of the pace, and how long
//! does one wait who asks while others read everything?

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use lever_host::audit::Audit;
use lever_host::limiter::Rate;
use lever_host::policy::Agent;
use lever_host::runtime::{Component, Host};

use crate::figure::{Curve, Figure, Row, Target, median, millis};
use crate::rig;

/// Five times Lever's pace, so that it takes a fifth of the time.
const PACE: Rate = Rate { per_second: 50, burst: 20 };
/// Counted from when the burst is used up and nobody is ahead of its turn any
/// more, on for some twenty rounds of the most agents but one.
const BEGIN: Duration = Duration::from_secs(4);
const TIME: Duration = Duration::from_secs(8);

/// Both read one page: one as a page that somebody asked for, one as a whole
/// list, which goes behind.
const PAGE: &str = "list-page";
const LIST: &str = "list-all";

pub fn measure() -> Figure {
    // They wait most of the time; so all numbers of agents at once, each with a
    // host and a budget of its own.
    let run = |lists: bool| {
        let run = move |agents| (agents, std::thread::spawn(move || fairness(agents, lists)));
        [2_usize, 4, 8, 16, 32].map(run)
    };
    let points = |runs: [(usize, std::thread::JoinHandle<f64>); 5]| {
        let end = |(agents, run): (usize, std::thread::JoinHandle<f64>)| {
            (agents as f64, run.join().expect("the shares are counted"))
        };
        Vec::from(runs.map(end))
    };
    let (alike, mixed) = (run(false), run(true));
    let (alike, mixed) = (points(alike), points(mixed));
    let row = |figure: &str, points: &[(f64, f64)]| {
        Row::new(figure, points[3].1, "", Target::AtLeast(0.8))
    };
    Figure {
        title: "Agents of one credential: the smallest share against the largest",
        x: "agents",
        y: "smallest share / largest",
        rows: vec![
            row("16 agents on one credential: smallest share against the largest", &alike),
            row("the same, every second one reading whole lists", &mixed),
        ],
        curves: vec![
            Curve::new("pages", alike),
            Curve::new("pages and lists", mixed),
            Curve::across("target", 32.0, 0.8),
        ],
        how: "Of every eight agents, two make 8 calls at a time and the others one or two; 50 \
              requests a second in place of 10, for 8 seconds from when the burst is used up.",
    }
}

fn fairness(agents: usize, lists: bool) -> f64 {
    let (host, lever) = host(PACE);
    let over = Arc::new(AtomicBool::new(false));
    let shares: Vec<Arc<AtomicU32>> = (0..agents).map(|_| Arc::default()).collect();
    rig::runtime().block_on(async {
        let mut calls = Vec::new();
        for (number, share) in shares.iter().enumerate() {
            let agent = agent(&format!("agent-{number}"), PACE);
            let function = if lists && number % 2 == 1 { LIST } else { PAGE };
            for _ in 0..[8, 8, 1, 1, 2, 2, 1, 1][number % 8] {
                calls.push(greedy(&host, &lever, &agent, function, share, &over));
            }
        }
        tokio::time::sleep(BEGIN).await;
        shares.iter().for_each(|share| share.store(0, Ordering::Relaxed));
        tokio::time::sleep(TIME).await;
        over.store(true, Ordering::Relaxed);
        for call in calls {
            call.await.expect("no call panics");
        }
    });
    let counts = || shares.iter().map(|share| f64::from(share.load(Ordering::Relaxed)));
    counts().fold(f64::MAX, f64::min) / counts().fold(0.0, f64::max)
}

/// How long a person waits beside agents that read everything, at Lever's own
/// pace.
pub fn wait() -> Figure {
    let runs = [0_usize, 1, 2, 4, 8, 15]
        .map(|scans| (scans, std::thread::spawn(move || millis(wait_beside(scans)))));
    let points: Vec<(f64, f64)> = runs
        .into_iter()
        .map(|(scans, run)| (scans as f64, run.join().expect("the wait is measured")))
        .collect();
    Figure {
        title: "A call beside agents that read whole lists, at 10 requests a second",
        x: "agents that read whole lists, 4 at a time each",
        y: "ms",
        rows: vec![Row::new(
            "A call beside 15 agents that read whole lists: median",
            points[5].1,
            "ms",
            Target::None,
        )],
        curves: vec![Curve::new("a call", points)],
        how: "One call every two seconds for 30 seconds; without latency.",
    }
}

fn wait_beside(scans: usize) -> Duration {
    let (host, lever) = host(Rate::ACCOUNT);
    let over = Arc::new(AtomicBool::new(false));
    rig::runtime().block_on(async {
        let mut calls = Vec::new();
        for number in 0..scans {
            let agent = agent(&format!("scan-{number}"), Rate::ACCOUNT);
            for _ in 0..4 {
                calls.push(greedy(&host, &lever, &agent, LIST, &Arc::default(), &over));
            }
        }
        // The burst is used up.
        tokio::time::sleep(Duration::from_secs(4)).await;
        let person = agent("person", Rate::ACCOUNT);
        let mut waits = Vec::new();
        for number in 0..15 {
            let start = Instant::now();
            host.call(&lever, &person, "stages", PAGE, &[]).await.expect("stages are read");
            waits.push(start.elapsed().as_secs_f64());
            // Not in step with the pace.
            let next = Duration::from_millis(2000 + number * 37 % 100);
            tokio::time::sleep(next.saturating_sub(start.elapsed())).await;
        }
        over.store(true, Ordering::Relaxed);
        for call in calls {
            call.await.expect("no call panics");
        }
        Duration::from_secs_f64(median(waits))
    })
}

fn host(pace: Rate) -> (Arc<Host>, Arc<Component>) {
    let body = br#"{"data":[{"id":"offer","text":"Offer"}],"hasNext":false}"#;
    let base = format!("http://{}/v1", rig::prepared(vec![body.as_slice().into()]));
    // Every call has a place, whatever its agent's others do.
    let config = lever_host::runtime::HostConfig { calls: Some(128), ..rig::config(&base, pace) };
    let (host, lever) = rig::host(config, Audit::none());
    (Arc::new(host), lever)
}

fn agent(name: &str, pace: Rate) -> Agent {
    let mut agent = rig::agent(name);
    agent.limits.requests_per_second = pace.per_second;
    agent
}

/// Calls again and again, and counts the calls.
fn greedy(
    host: &Arc<Host>,
    lever: &Arc<Component>,
    agent: &Agent,
    function: &'static str,
    share: &Arc<AtomicU32>,
    over: &Arc<AtomicBool>,
) -> tokio::task::JoinHandle<()> {
    let (host, lever, agent) = (Arc::clone(host), Arc::clone(lever), agent.clone());
    let (share, over) = (Arc::clone(share), Arc::clone(over));
    tokio::spawn(async move {
        while !over.load(Ordering::Relaxed) {
            let ended = host.call(&lever, &agent, "stages", function, &[]).await;
            ended.expect("stages are read");
            // What was waiting at the end is nobody's share.
            if !over.load(Ordering::Relaxed) {
                share.fetch_add(1, Ordering::Relaxed);
            }
        }
    })
}
