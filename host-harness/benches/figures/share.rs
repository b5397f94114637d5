//! Agents of one credential: does each get its share of the pace?

use crate::figure::{Curve, Figure, Row, Target};
use crate::rig;
use lever_host::audit::Audit;
use lever_host::limiter::Rate;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Five times Lever's pace, so that it takes a fifth of the time.
const PACE: Rate = Rate { per_second: 50, burst: 20 };
/// Counted from when the burst is used up, on for some twenty rounds of the most
/// agents but one.
const BEGIN: Duration = Duration::from_secs(1);
const TIME: Duration = Duration::from_secs(8);

pub fn measure() -> Figure {
    // They wait most of the time; so all numbers of agents at once, each with a
    // host and a budget of its own.
    let runs: Vec<_> = [2_usize, 4, 8, 16, 32]
        .iter()
        .map(|&agents| (agents, std::thread::spawn(move || fairness(agents))))
        .collect();
    let points: Vec<(f64, f64)> = runs
        .into_iter()
        .map(|(agents, run)| (agents as f64, run.join().expect("the shares are counted")))
        .collect();
    Figure {
        title: "Agents of one credential: the smallest share against the largest",
        x: "agents",
        y: "smallest share / largest",
        rows: vec![Row::new(
            "16 agents on one credential: smallest share against the largest",
            points[3].1,
            "",
            Target::AtLeast(0.8),
        )],
        curves: vec![Curve::new("share", points), Curve::across("target", 32.0, 0.8)],
        how: "Every fourth agent makes 8 calls at a time and the others one or two; 50 requests \
              a second in place of 10, for 8 seconds from when the burst is used up.",
    }
}

fn fairness(agents: usize) -> f64 {
    let body = br#"{"data":{"id":"offer","text":"Offer"}}"#;
    let base = format!("http://{}/v1", rig::prepared(vec![body.as_slice().into()]));
    let (host, lever) = rig::host(rig::config(&base, PACE), Audit::none());
    let host = Arc::new(host);
    let over = Arc::new(AtomicBool::new(false));
    let shares: Vec<Arc<AtomicU32>> = (0..agents).map(|_| Arc::default()).collect();
    rig::runtime().block_on(async {
        let mut calls = Vec::new();
        for (number, share) in shares.iter().enumerate() {
            let mut agent = rig::agent(&format!("agent-{number}"));
            agent.limits.requests_per_second = PACE.per_second;
            let at_once = [8, 1, 2, 1][number % 4];
            for _ in 0..at_once {
                let (host, lever, over) =
                    (Arc::clone(&host), Arc::clone(&lever), Arc::clone(&over));
                let (agent, share) = (agent.clone(), Arc::clone(share));
                calls.push(tokio::spawn(async move {
                    let args = [json!("offer")];
                    while !over.load(Ordering::Relaxed) {
                        let ended = host.call(&lever, &agent, "stages", "get", &args);
                        ended.await.expect("stages are read");
                        // What was waiting at the end is nobody's share.
                        if !over.load(Ordering::Relaxed) {
                            share.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }));
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
