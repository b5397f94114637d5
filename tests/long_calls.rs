//! Calls that make thousands of requests: what they leave behind in the host.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Rig;

/// Ids that the account does not know, each answered by one request.
fn unknown_ids(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("00000000-0000-4000-8000-{n:012}")).collect()
}

/// A host that is not paced, for calls that take as long as they take.
async fn rig() -> Rig {
    let mut rig = Rig::unpaced(&[("LEVER_REQUESTS_PER_SECOND", "100000")]).await;
    rig.agent.limits.call_timeout = Duration::from_secs(3600);
    rig
}

/// Calls for so many ids; the handles that were left in the host at its end.
async fn handles_after(function: &str, ids: usize, rest: &[Value]) -> usize {
    let rig = rig().await;
    let mut asked = unknown_ids(ids);
    let known = rig.mock.store().opportunity_ids();
    asked.extend(known.iter().take(8).cloned());
    let count = asked.len();
    rig.mock.clear_requests();
    let arguments = [&[json!(asked)], rest].concat();
    let answer = rig.call(function, Value::from(arguments)).await;
    let answer = answer.unwrap_or_else(|error| panic!("{function}: {error}"));
    let rows = answer.as_array().expect("a row for each id");
    assert_eq!(rows.len(), count);
    let is_not_found = |row: &&Value| row["error"]["kind"] == "not-found";
    assert_eq!(rows.iter().filter(is_not_found).count(), ids, "{function}");
    assert!(rig.host.requests_sent() >= count as u64);
    rig.host.most_handles()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_for_ten_thousand_ids_holds_no_more_handles_at_its_end_than_one_for_none() {
    let none = handles_after("notes.list-for-many", 0, &[json!({})]).await;
    let many = handles_after("notes.list-for-many", 10_000, &[json!({})]).await;
    assert_eq!(many, none);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_for_many_ids_makes_more_requests_than_the_host_has_handles_for() {
    let rows: [(&str, &[Value]); 2] = [
        ("opportunities.get-many", &[json!([]), json!([])]),
        ("offers.list-for-many", &[json!({})]),
    ];
    for (function, rest) in rows {
        let none = handles_after(function, 0, rest).await;
        assert_eq!(handles_after(function, 1_200, rest).await, none, "{function}");
    }
}
