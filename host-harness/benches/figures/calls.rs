//! What a call costs before it does anything, and what a delivery's check and
//! the start of a process cost.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use lever_host::audit::Audit;
use lever_host::mock::{API_KEY, Config, Mock};
use serde_json::{Value, json};

use crate::figure::{Curve, Figure, Row, Target, median, micros, millis};
use crate::rig;

/// Nobody listens here; nothing is sent.
const NOWHERE: &str = "http://127.0.0.1:9/v1";

pub fn trivial() -> Figure {
    const TARGET: f64 = 40.0;
    const CALLS: usize = 2000;
    let (host, lever) = rig::host(rig::unpaced(NOWHERE), Audit::none());
    let (host, agent) = (Arc::new(host), rig::agent("caller"));
    // An empty delivery is refused at once.
    let args: Arc<[Value]> = Arc::new([json!(""), json!("token"), Value::Null, json!(0)]);
    let runtime = rig::runtime();
    let mut points = Vec::new();
    for side_by_side in [1_usize, 2, 4, 8, 16, 32] {
        let taken = runtime.block_on(async {
            let calls = (0..side_by_side).map(|_| {
                let (host, lever, agent) = (Arc::clone(&host), Arc::clone(&lever), agent.clone());
                let args = Arc::clone(&args);
                tokio::spawn(async move {
                    let mut taken = Vec::with_capacity(CALLS);
                    for _ in 0..CALLS / side_by_side {
                        let start = Instant::now();
                        let ended = host.call(&lever, &agent, "webhook-events", "decode", &args);
                        assert!(ended.await.is_err());
                        taken.push(start.elapsed().as_secs_f64() * 1e6);
                    }
                    median(taken)
                })
            });
            let mut taken = Vec::new();
            for call in calls.collect::<Vec<_>>() {
                taken.push(call.await.expect("no call panics"));
            }
            median(taken)
        });
        points.push((side_by_side as f64, taken));
    }
    Figure {
        title: "A call that does nothing, in a fresh instance",
        x: "callers at once",
        y: "µs for one call",
        rows: vec![Row::new(
            "A call that does nothing, in a fresh instance",
            points[0].1,
            "µs",
            Target::AtMost(TARGET),
        )],
        curves: vec![Curve::new("call", points), Curve::across("target", 32.0, TARGET)],
        how: "webhook-events.decode of an empty body through Host::call, without an audit.",
    }
}

pub fn webhook() -> Figure {
    const TARGET: f64 = 50.0;
    let (host, lever) = rig::host(rig::unpaced(NOWHERE), Audit::none());
    let agent = rig::agent("receiver");
    let mut points = Vec::new();
    rig::runtime().block_on(async {
        for kib in [1_usize, 2, 4, 8, 16] {
            let args = delivery(kib << 10);
            let taken = micros(500, async || {
                let event = host.call(&lever, &agent, "webhook-events", "decode", &args).await;
                assert_eq!(event.expect("it is authentic")["kind"], "candidate-hired");
            })
            .await;
            points.push((kib as f64, taken));
        }
    });
    Figure {
        title: "Checking and decoding a webhook delivery",
        x: "KiB",
        y: "µs",
        rows: vec![Row::new(
            "Webhook delivery of 4 KiB, checked and decoded in a fresh instance",
            points[2].1,
            "µs",
            Target::AtMost(TARGET),
        )],
        curves: vec![
            Curve::new("webhook-events.decode", points),
            Curve::across("target", 16.0, TARGET),
        ],
        how: "The recorded candidateHired with a longer data object, through Host::call.",
    }
}

/// A recorded delivery, its data filled up to this size: the signature covers
/// the token and the time alone.
fn delivery(size: usize) -> [Value; 4] {
    let text = include_str!("../../../tests/fixtures/webhooks/candidateHired.json");
    let vectors = include_str!("../../../tests/fixtures/webhooks/_signature_vectors.json");
    let vectors: Value = serde_json::from_str(vectors).expect("the fixture is JSON");
    let mut delivery: Value = serde_json::from_str(text).expect("the fixture is JSON");
    for number in 0.. {
        let missing = size.saturating_sub(delivery.to_string().len());
        if missing < 64 {
            break;
        }
        delivery["data"][format!("field{number}")] = json!("x".repeat(40));
    }
    let now = delivery["triggeredAt"].clone();
    [json!(delivery.to_string()), vectors["signatureToken"].clone(), Value::Null, now]
}

pub fn start() -> Figure {
    const TARGET: f64 = 40.0;
    const STARTS: usize = 40;
    let runtime = rig::runtime();
    let mock = runtime
        .block_on(Mock::start(Config { rate: None, ..Config::default() }))
        .expect("loopback can be bound");
    let run = || {
        let start = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_lever-host"))
            .args(["--base-url", &mock.base_url(), "--allow-loopback", "--grant", "stages=read"])
            .args(["call", "stages", "get", "\"offer\""])
            .env("LEVER_API_KEY", API_KEY)
            .env("XDG_CACHE_HOME", rig::cache())
            .output()
            .expect("the program starts");
        let taken = millis(start.elapsed());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        taken
    };
    run();
    let taken: Vec<f64> = (0..STARTS).map(|_| run()).collect();
    let points = taken.iter().enumerate().map(|(number, taken)| (number as f64, *taken)).collect();
    Figure {
        title: "Process start to first answer, compiled code in the cache",
        x: "run",
        y: "ms",
        rows: vec![Row::new(
            "Process start to the first answer, warm cache",
            median(taken),
            "ms",
            Target::AtMost(TARGET),
        )],
        curves: vec![
            Curve::new("lever-host call stages get", points),
            Curve::across("target", STARTS as f64, TARGET),
        ],
        how: "The program is started, reads one stage from a mock and ends.",
    }
}
