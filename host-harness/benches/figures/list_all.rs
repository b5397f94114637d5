//! Reading a whole account at Lever's pace, against latency.

use crate::figure::{Curve, Figure, Row, Target};
use crate::rig;
use lever_host::audit::Audit;
use lever_host::credentials::Credential;
use lever_host::limiter::Rate as Pace;
use lever_host::mock::{API_KEY, Config, Mock, Rate};
use serde_json::json;
use std::time::{Duration, Instant};

const RECORDS: usize = 20_000;
const LATENCIES: [u64; 3] = [50, 150, 300];

struct Taken {
    latency: u64,
    seconds: f64,
    bound: f64,
    requests: usize,
    refused: usize,
}

pub fn measure() -> Figure {
    // Each takes the time of its bound at least, spent waiting; so all three at
    // once, each with a mock and a credential's budget of its own.
    let runs: Vec<_> =
        LATENCIES.iter().map(|&latency| std::thread::spawn(move || read_all(latency))).collect();
    let taken: Vec<Taken> =
        runs.into_iter().map(|run| run.join().expect("the account is read")).collect();
    let mut rows: Vec<Row> = taken
        .iter()
        .map(|run| {
            Row::new(
                format!(
                    "list-all of 20,000 at 10/s and {} ms: time against the bound of {:.1} s",
                    run.latency, run.bound
                ),
                run.seconds / run.bound,
                "",
                Target::AtMost(1.05),
            )
        })
        .collect();
    let refused = taken.iter().map(|run| run.refused).sum::<usize>() as f64;
    rows.push(Row::new("the same: answers of 429", refused, "", Target::AtMost(0.0)));
    let requests = taken.iter().map(|run| run.requests).max().unwrap_or_default() as f64;
    rows.push(Row::new("the same: requests", requests, "", Target::None));
    let points = taken.iter().map(|run| (run.latency as f64, run.seconds)).collect();
    Figure {
        title: "list-all of 20,000 opportunities at 10 requests a second",
        x: "latency in ms",
        y: "s",
        rows,
        curves: vec![
            Curve::new("list-all", points),
            Curve::across("bound: (pages - 20) / 10", 300.0, taken[0].bound),
        ],
        how: "Against the mock, in real time, the latencies side by side.",
    }
}

fn read_all(latency: u64) -> Taken {
    rig::runtime().block_on(async {
        let mock = Mock::start(Config {
            opportunities: RECORDS,
            latency: Duration::from_millis(latency),
            rate: Some(Rate::default()),
            ..Config::default()
        });
        let mock = mock.await.expect("loopback can be bound");
        let mut config = rig::config(&mock.base_url(), Pace::ACCOUNT);
        config.credential = Some(Credential::api_key(API_KEY).expect("the key is sound").into());
        let (host, lever) = rig::host(config, Audit::none());
        let mut agent = rig::agent("reader");
        agent.limits.requests_per_second = Pace::ACCOUNT.per_second;
        let start = Instant::now();
        let all = host.call(&lever, &agent, "opportunities", "list-all", &[json!({})]).await;
        let seconds = start.elapsed().as_secs_f64();
        let all = all.expect("the account is read");
        let records = all["items"].as_array().map_or(0, Vec::len);
        let seen = mock.requests();
        // Confidential records are not listed, and people have several.
        assert!(records >= RECORDS * 9 / 10, "{records}");
        let pages = records.div_ceil(100) as f64;
        let refused = seen.iter().filter(|seen| seen.status == Some(429)).count();
        Taken { latency, seconds, bound: (pages - 20.0) / 10.0, requests: seen.len(), refused }
    })
}
