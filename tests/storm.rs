//! Writes of every kind in parallel through random faults: none doubled, and none
//! lost without the error saying so.
//!
//! `LEVER_STORM=10000 cargo test -p lever-host --test lever storm` makes as
//! many; `LEVER_STORM_SEED` draws other faults.

use std::sync::Arc;

use lever_host::audit::{Kind, Record};

use crate::support::storm;

fn number(name: &str, default: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(default, |text| text.parse().expect("a whole number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_write_is_doubled_or_lost_without_a_word() {
    let seed = number("LEVER_STORM_SEED", 1);
    let writes = number("LEVER_STORM", 600) as usize;
    let rig = Arc::new(storm::rig().await);
    let tally = storm::writes(&rig, writes, 64, seed).await;
    println!("seed {seed}\n{tally}");
    assert!(tally.lies.is_empty(), "seed {seed}:\n{}", tally.lies.join("\n"));
    let made = tally.count();
    assert!((writes..writes + 64 * 6).contains(&made), "{made}");
    let called = tally.functions();
    let missing: Vec<String> =
        storm::functions().into_iter().filter(|id| !called.contains(&id.as_str())).collect();
    assert!(missing.is_empty(), "never written by {missing:?}");
    // Everything stands in the audit, each request with an end.
    let records = rig.audit.records();
    let calls = records.iter().filter(|record| record.kind == Kind::Call).count();
    assert_eq!(calls, made);
    let count = |kind: Kind| records.iter().filter(|record| record.kind == kind).count();
    let (requests, seen) = (count(Kind::Request), rig.mock.requests().len());
    let sent = |record: &&Record| record.method.as_deref().is_some_and(|method| method != "GET");
    let changes: Vec<&Record> = records.iter().filter(sent).collect();
    for (at, record) in changes.iter().enumerate().filter(|(_, it)| it.kind == Kind::Request) {
        let is_its = |intent: &&Record| {
            intent.kind == Kind::Intent
                && (&intent.call, intent.request) == (&record.call, record.request)
        };
        let never_left = record.outcome.as_deref() == Some("not-sent");
        assert!(never_left || changes[..at].iter().any(is_its), "no line before {record:?}");
    }
    // What the mock saw is recorded, and what is recorded as answered it saw. A
    // request that failed may have died before the mock had read it.
    let answered = records.iter().filter(|it| it.kind == Kind::Request && it.status.is_some());
    let answered = answered.count();
    assert!((answered..=requests).contains(&seen), "{answered}, {seen} seen, {requests}");
    // One caller was enough trouble: the host serves the next as ever.
    rig.mock.clear_faults();
    rig.ok("stages.list-page", serde_json::json!([])).await;
}
