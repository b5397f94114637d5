//! What the host's care costs for one request: the decision and the record.

use std::hint::black_box;
use std::time::Instant;

use lever_host::audit::{Audit, Decision, Kind, Record, call_id};
use lever_host::catalog::Catalog;
use lever_host::policy::{CallScope, Outgoing};
use lever_host::upstream::Upstream;

use crate::figure::{Curve, Figure, Row, Target, median, micros};
use crate::rig;

pub fn measure() -> Figure {
    const TARGET: f64 = 20.0;
    const REQUESTS: usize = 4000;
    let path = std::env::temp_dir().join(format!("lever-figures-{}.jsonl", std::process::id()));
    let audit = Audit::to_file(&path).expect("the audit can be written");
    let decide = || {
        let mut taken = Vec::with_capacity(REQUESTS);
        let (agent, upstream) = (rig::agent("reader"), Upstream::default());
        let scope = CallScope::new("opportunities", "list-page");
        let uri: http::Uri = "https://api.lever.co/v1/opportunities?limit=100&expand=stage\
                              &tag=Boats&offset=p17"
            .parse()
            .expect("it is a URI");
        let common = Record {
            call: call_id(),
            agent: agent.name.clone(),
            component: "37b505e1b59442d3".to_owned(),
            function: scope.id().to_owned(),
            ..Record::default()
        };
        for _ in 0..REQUESTS {
            let start = Instant::now();
            let outgoing = Outgoing::new(&http::Method::GET, &uri);
            let admitted = agent.may_send(Catalog::embedded(), &upstream, &scope, &outgoing);
            let admitted = admitted.expect("it is granted");
            let record = Record {
                kind: Kind::Request,
                decision: Decision::Allowed,
                method: Some(outgoing.method.to_string()),
                host: Some(upstream.host().to_owned()),
                route: Some(admitted.route.template.clone()),
                rule: admitted.rule.to_string(),
                status: Some(200),
                ms: Some(85),
                ..common.clone()
            };
            audit.write(black_box(record)).expect("the record is written");
            taken.push(start.elapsed().as_secs_f64() * 1e6);
        }
        median(taken)
    };
    decide();
    let points: Vec<(f64, f64)> = [1_usize, 2, 4, 8, 16]
        .iter()
        .map(|&threads| {
            let taken = std::thread::scope(|scope| {
                let running: Vec<_> = (0..threads).map(|_| scope.spawn(decide)).collect();
                running.into_iter().map(|it| it.join().expect("nothing panics")).collect()
            });
            (threads as f64, median(taken))
        })
        .collect();
    std::fs::remove_file(&path).expect("the audit can be removed");
    Figure {
        title: "Deciding on one request and writing its record to a file",
        x: "threads that share the audit",
        y: "µs for one request",
        rows: vec![
            Row::new(
                "Policy decision and audit record of one request, to a file",
                points[0].1,
                "µs",
                Target::AtMost(TARGET),
            ),
            Row::new(
                "The line before a change leaves, synced to this disk",
                synced(),
                "µs",
                Target::None,
            ),
        ],
        curves: vec![
            Curve::new("decision and record", points),
            Curve::across("target", 16.0, TARGET),
        ],
        how: "Agent::may_send and Audit::write as a request meets them.",
    }
}

/// What a change waits for its line to be on the disk, in microseconds.
fn synced() -> f64 {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("figures-synced.jsonl");
    let audit = Audit::to_file(&path).expect("the audit can be written");
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("it starts");
    let write = async || {
        let record = Record { kind: Kind::Intent, ..Record::default() };
        audit.write_synced(record).await.expect("the record is written");
    };
    let measure = || runtime.block_on(micros(300, write));
    let taken = std::thread::scope(|scope| scope.spawn(measure).join().expect("nothing panics"));
    std::fs::remove_file(&path).expect("the audit can be removed");
    taken
}
