//! Taking time, memory, handles and requests until somebody says stop.

use std::time::{Duration, Instant};

use lever_host::audit::Kind;
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use super::{BOUND, Rig, agent};

/// As long as a call that would never end may take.
const SHORT: Duration = Duration::from_millis(200);

/// A host whose calls are cut off soon.
async fn hurried() -> Rig {
    let mut rig = Rig::new().await;
    rig.agent.limits.call_timeout = SHORT;
    rig
}

/// How the record says that the last call ended.
fn last_call(rig: &Rig) -> Option<String> {
    let records = rig.audit.records();
    let call = records.into_iter().rfind(|record| record.kind == Kind::Call);
    call.expect("calls are recorded").error
}

/// Runs an attack that must end by a limit, and says which.
async fn limit(rig: &Rig, function: &str, args: Value) -> String {
    match rig.attack(function, args.clone()).await {
        Err(CallError::Limit(limit)) => {
            assert_eq!(last_call(rig).as_deref(), Some("limit"), "{function} {args}");
            limit
        }
        other => panic!("{function} {args}: {other:?}"),
    }
}

/// Runs an attack that must break down, and says how.
async fn trap(rig: &Rig, function: &str, args: Value) -> String {
    match rig.attack(function, args.clone()).await {
        Err(CallError::Trap(cause)) => {
            assert_eq!(last_call(rig).as_deref(), Some("trap"), "{function} {args}");
            cause
        }
        other => panic!("{function} {args}: {other:?}"),
    }
}

#[tokio::test]
async fn it_cannot_run_for_ever() {
    let rig = hurried().await;
    for way in ["empty", "host-calls", "bulk-memory", "polling"] {
        let limit = limit(&rig, "run", json!([way])).await;
        assert_eq!(limit, "the call took longer than its `call-timeout` of 0.2 s", "{way}");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn others_are_served_while_it_runs_for_ever() {
    // One thread for both: it has to give way.
    let mut rig = Rig::new().await;
    rig.agent.limits.call_timeout = Duration::from_secs(3600);
    tokio::select! {
        biased;
        ended = rig.attack("run", json!(["empty"])) => panic!("it ended first: {ended:?}"),
        () = rig.is_unharmed() => {}
    }
}

#[tokio::test]
async fn it_cannot_sleep_for_ever() {
    let rig = hurried().await;
    for nanoseconds in [3_600_000_000_000, i64::MAX as u64, u64::MAX] {
        let limit = limit(&rig, "sleep", json!([nanoseconds])).await;
        assert_eq!(limit, "the call took longer than its `call-timeout` of 0.2 s", "{nanoseconds}");
    }
    assert_eq!(rig.says("sleep", json!([1_000_000])).await, "awake");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn it_cannot_have_more_memory_than_its_limit() {
    let mut rig = Rig::new().await;
    rig.agent.limits.memory = 32 << 20;
    assert_eq!(rig.says("grow", json!([8 << 20])).await, "grew by 8388608 bytes");
    for bytes in [32_u64 << 20, 4 << 30] {
        assert_eq!(
            limit(&rig, "grow", json!([bytes])).await,
            "the component asked for more memory than its `memory` limit of 32 MiB"
        );
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn it_cannot_have_all_the_memory_that_it_can_address() {
    let mut rig = Rig::new().await;
    rig.agent.limits.memory = 4 << 30;
    assert_eq!(
        limit(&rig, "grow", json!([8_u64 << 30])).await,
        "the component asked for more memory than its `memory` limit of 4096 MiB"
    );
    rig.is_unharmed().await;
}

#[tokio::test]
async fn it_cannot_hold_a_million_handles() {
    let rig = Rig::new().await;
    for thing in ["fields", "full-fields", "pollables", "requests"] {
        assert_eq!(
            limit(&rig, "hoard", json!([thing, 1_000_000])).await,
            "the component holds too many handles",
            "{thing}"
        );
        assert_eq!(rig.says("hoard", json!([thing, 500])).await, "has 500");
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn thousands_of_requests_in_flight_are_paced_and_cut_off() {
    let mut rig = Rig::new().await;
    let start = Instant::now();
    let message = rig.message("GET", "/v1/opportunities");
    assert_eq!(
        limit(&rig, "flood", json!([message, 10_000])).await,
        "the component holds too many handles"
    );
    // Long enough to send one on any machine, and too short for 500.
    rig.agent.limits.call_timeout = 10 * SHORT;
    let limit = limit(&rig, "flood", json!([message, 500])).await;
    assert_eq!(limit, "the call took longer than its `call-timeout` of 2 s");
    // A burst of 20, then 10 a second.
    let most = 21 + start.elapsed().as_millis() / 100;
    let sent = rig.mock.requests().len() as u128;
    assert!((1..=most).contains(&sent), "{sent} were sent, {most} may be");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_call_that_keeps_on_trying_what_it_may_not_is_ended() {
    let rig = Rig::new().await;
    match rig.attack("flood", json!([rig.message("GET", "/v1/users"), 1_000_000])).await {
        Err(CallError::Refused(refusal)) => assert_eq!(refusal.rule, "no grant for users"),
        other => panic!("{other:?}"),
    }
    let refused = rig.refused().len();
    assert!((100..10_000).contains(&refused), "{refused}");
    assert!(rig.mock.requests().is_empty(), "{}", rig.mock.describe());
    rig.is_unharmed().await;
}

#[tokio::test]
async fn what_it_prints_goes_nowhere_and_fills_nothing() {
    let rig = Rig::new().await;
    assert_eq!(rig.says("print", json!([32])).await, "printed");
    let mut rig = rig;
    rig.agent.limits.call_timeout = SHORT;
    assert_eq!(
        limit(&rig, "print", json!([u32::MAX])).await,
        "the call took longer than its `call-timeout` of 0.2 s"
    );
    rig.is_unharmed().await;
}

#[tokio::test]
async fn it_ends_itself_and_nobody_else() {
    let rig = Rig::new().await;
    for status in [0, 1, 255] {
        let cause = trap(&rig, "quit", json!([status])).await;
        // WASI 0.2 knows success and failure only.
        let seen = i32::from(status != 0);
        assert_eq!(cause, format!("it called exit with status {seen}"));
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn its_breakdowns_are_its_own() {
    let rig = Rig::new().await;
    let rows = [
        ("panic", "hostile \\u{1b}[31mpanic"),
        ("unreachable", "unreachable"),
        ("empty-poll", "empty poll list"),
        ("wild-pointer", "out of bounds"),
        ("much-randomness", "exceeds limit 65536"),
    ];
    for (way, expected) in rows {
        let cause = trap(&rig, "break-down", json!([way])).await;
        assert!(cause.contains(expected), "{way}: {cause}");
        assert!(!cause.chars().any(char::is_control), "{way}: {cause}");
    }
    let limit = limit(&rig, "break-down", json!(["recursion"])).await;
    assert_eq!(limit, "the component's call stack is exhausted");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn arguments_larger_than_its_memory_are_an_error() {
    let mut rig = Rig::new().await;
    rig.agent = agent(&[]);
    rig.agent.limits.memory = 4 << 20;
    let mut message = rig.message("GET", "/v1/opportunities");
    message["body"] = "x".repeat(8 << 20).into();
    let outcome = rig.attack("request", json!([message])).await;
    assert!(matches!(outcome, Err(CallError::Limit(_))), "{outcome:?}");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_request_leaves_no_handle_behind() {
    let mut rig = Rig::unpaced().await;
    rig.agent.limits.call_timeout = BOUND;
    let message = rig.message("GET", "/v1/opportunities?limit=1");
    assert_eq!(rig.says("repeat", json!([message, 1])).await, "1 answered");
    let after_one = rig.host.most_handles();
    assert_eq!(rig.says("repeat", json!([message, 200])).await, "200 answered");
    assert_eq!(rig.host.most_handles(), after_one);
    rig.is_unharmed().await;
}
