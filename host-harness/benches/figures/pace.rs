//! Reading at Lever's pace: a whole account against latency, and what belongs to
//! many opportunities against their number.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lever_host::audit::Audit;
use lever_host::credentials::Credential;
use lever_host::limiter::Rate as Pace;
use lever_host::mock::{API_KEY, Config, Mock, Rate};
use lever_host::policy::Agent;
use lever_host::runtime::{Component, Host};
use serde_json::{Value, json};

use crate::figure::{Curve, Figure, Row, Target};
use crate::rig;

const RECORDS: usize = 20_000;
const LATENCIES: [u64; 3] = [50, 150, 300];

const OPPORTUNITIES: [usize; 4] = [100, 250, 500, 1_000];
const LATENCY: u64 = 300;

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

/// The notes of so many opportunities.
pub fn notes() -> Figure {
    // All at once, as above.
    let runs = OPPORTUNITIES.map(|number| std::thread::spawn(move || read_notes(number)));
    let taken = runs.map(|run| run.join().expect("the notes are read"));
    let mut rows: Vec<Row> = OPPORTUNITIES
        .iter()
        .zip(&taken)
        .map(|(number, run)| {
            let figure = format!(
                "notes of {number} opportunities at 10/s and {LATENCY} ms: time against the bound \
                 of {:.0} s",
                run.bound
            );
            let target = if *number < 1_000 { Target::None } else { Target::AtMost(1.05) };
            Row::new(figure, run.seconds / run.bound, "", target)
        })
        .collect();
    let refused = taken.iter().map(|run| run.refused).sum::<usize>() as f64;
    rows.push(Row::new("the same: answers of 429", refused, "", Target::AtMost(0.0)));
    let points = |value: fn(&Taken) -> f64| {
        let point = |(number, run): (&usize, &Taken)| (*number as f64, value(run));
        OPPORTUNITIES.iter().zip(&taken).map(point).collect()
    };
    Figure {
        title: "Notes of many opportunities at 10 requests a second and 300 ms",
        x: "opportunities",
        y: "s",
        rows,
        curves: vec![
            Curve::new("list-for-many", points(|run| run.seconds)),
            Curve::new("bound: (requests - 20) / 10", points(|run| run.bound)),
        ],
        how: "Against the mock, in real time, the numbers side by side.",
    }
}

fn read_notes(opportunities: usize) -> Taken {
    rig::runtime().block_on(async {
        // Some more, since this agent cannot read those that are confidential.
        let account = Account::new(opportunities + opportunities / 5, LATENCY).await;
        let ids = account.mock.store().opportunity_ids().into_iter();
        let ids: Vec<String> = ids.take(opportunities).collect();
        assert_eq!(ids.len(), opportunities);
        let start = Instant::now();
        let results = account.call("notes", "list-for-many", &[json!(ids), json!({})]).await;
        let seconds = start.elapsed().as_secs_f64();
        let read = |result: &Value| result["error"].is_null() && result["items"].is_array();
        let results = results.as_array().map_or(0, |all| all.iter().filter(|it| read(it)).count());
        assert_eq!(results, opportunities, "the notes of every opportunity are read");
        account.taken(LATENCY, seconds, opportunities as f64)
    })
}

fn read_all(latency: u64) -> Taken {
    rig::runtime().block_on(async {
        let account = Account::new(RECORDS, latency).await;
        let start = Instant::now();
        let all = account.call("opportunities", "list-all", &[json!({})]).await;
        let seconds = start.elapsed().as_secs_f64();
        let records = all["items"].as_array().map_or(0, Vec::len);
        // Confidential records are not listed, and people have several.
        assert!(records >= RECORDS * 9 / 10, "{records}");
        account.taken(latency, seconds, records.div_ceil(100) as f64)
    })
}

/// An account with Lever's limit, and a host with a budget of its own.
struct Account {
    mock: Mock,
    host: Host,
    lever: Arc<Component>,
    agent: Agent,
}

impl Account {
    async fn new(opportunities: usize, latency: u64) -> Self {
        let mock = Mock::start(Config {
            opportunities,
            latency: Duration::from_millis(latency),
            rate: Some(Rate::default()),
            ..Config::default()
        });
        let mock = mock.await.expect("loopback can be bound");
        let mut config = rig::config(&mock.base_url(), Pace::ACCOUNT);
        config.credential = Some(Credential::api_key(API_KEY).expect("the key is sound").into());
        let (host, lever) = rig::host(config, Audit::none());
        let grants = ["opportunities=read", "notes=read"];
        let agent = Agent::from_grants("reader", &grants.map(str::to_owned));
        Account { mock, host, lever, agent: agent.expect("they are sound") }
    }

    async fn call(&self, interface: &str, function: &str, args: &[Value]) -> Value {
        let called = self.host.call(&self.lever, &self.agent, interface, function, args).await;
        called.expect("all of it is read")
    }

    /// The outcome of reading this many pages.
    fn taken(&self, latency: u64, seconds: f64, pages: f64) -> Taken {
        let seen = self.mock.requests();
        let refused = seen.iter().filter(|seen| seen.status == Some(429)).count();
        Taken { latency, seconds, bound: (pages - 20.0) / 10.0, requests: seen.len(), refused }
    }
}
