//! The pace: Lever's bucket is never run over, by one call or by a hundred.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lever_host::mock::{Config, Rate};
use serde_json::json;

use crate::support::Rig;

async fn limited(opportunities: usize, latency: Duration) -> Rig {
    let rate = Some(Rate { per_second: 10, burst: 20, retry_after: None });
    Rig::with(Config { opportunities, latency, rate, ..Config::default() }).await
}

fn refused(rig: &Rig) -> usize {
    rig.mock.requests().iter().filter(|seen| seen.status == Some(429)).count()
}

#[tokio::test]
async fn a_thousand_records_at_150_ms_are_read_without_a_429() {
    let rig = limited(1000, Duration::from_millis(150)).await;
    let all = rig.ok("opportunities.list-all", json!([{ "limit": 40 }])).await;
    assert_eq!(all["items"].as_array().unwrap().len(), rig.mock.store().opportunity_ids().len());
    assert_eq!(refused(&rig), 0, "{}", rig.mock.describe());
}

#[tokio::test]
async fn pages_without_any_latency_keep_to_the_rate() {
    let rig = limited(120, Duration::ZERO).await;
    let start = Instant::now();
    rig.ok("opportunities.list-all", json!([{ "limit": 3 }])).await;
    let requests = rig.sent().len() as u32;
    assert_eq!(refused(&rig), 0, "{}", rig.mock.describe());
    let bound = Duration::from_millis(100) * (requests - 20);
    let taken = start.elapsed();
    assert!(taken >= bound, "{taken:?} of {bound:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_parallel_calls_of_one_credential_stay_within_the_bucket() {
    let rig = Arc::new(limited(10, Duration::from_millis(20)).await);
    rig.mock.clear_requests();
    let calls = (0..100).map(|_| {
        let rig = Arc::clone(&rig);
        tokio::spawn(async move { rig.call("stages.get", json!(["offer"])).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.expect("no call panics").expect("every call succeeds");
    }
    assert_eq!(rig.sent().len(), 100);
    assert_eq!(refused(&rig), 0, "{}", rig.mock.describe());
}
