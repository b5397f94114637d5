//! Components that misbehave, written by hand, and the embedded one against
//! the mock.

mod echo;
mod embedded;
mod typed;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::json;

use super::{CallError, Component, Host, HostConfig, HostError};
use crate::audit::{Audit, Decision, Kind, Record};
use crate::policy::Agent;

fn host(audit: &Audit) -> Host {
    Host::new(HostConfig::default(), audit.clone()).unwrap()
}

/// An agent that may call `probe` and has little of everything.
fn agent() -> Agent {
    let mut agent = Agent::from_grants("prober", &["foreign:probe=full".to_owned()]).unwrap();
    agent.limits.call_timeout = Duration::from_millis(200);
    agent.limits.memory = 8 << 20;
    agent
}

/// A component that exports `probe.run`, whose body is core WebAssembly.
fn probe(body: &str) -> Vec<u8> {
    component(&format!(
        r#"(core module $m (memory (export "memory") 1) (func (export "run") {body}))
           (core instance $i (instantiate $m))
           (func $run (canon lift (core func $i "run")))"#
    ))
}

fn component(items: &str) -> Vec<u8> {
    let text = format!(
        r#"(component {items}
             (instance $probe (export "run" (func $run)))
             (export "test:probe/probe@1.0.0" (instance $probe)))"#
    );
    wat::parse_str(text).unwrap()
}

async fn run(host: &Host, component: &Component) -> CallError {
    host.call(component, &agent(), "probe", "run", &[]).await.unwrap_err()
}

/// The one record of a call.
fn only(audit: &Audit) -> Record {
    let records = audit.records();
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].clone()
}

#[tokio::test]
async fn what_breaks_or_takes_too_much_ends_as_an_error_and_is_recorded() {
    let rows = [
        ("unreachable", "trap", "unreachable"),
        ("(drop (i32.div_u (i32.const 1) (i32.const 0)))", "trap", "divide by zero"),
        ("(drop (i32.load (i32.const -4)))", "trap", "out of bounds"),
        ("(loop (br 0))", "limit", "longer than its `call-timeout` of 0.2 s"),
        (
            "(drop (memory.grow (i32.const 65535)))",
            "limit",
            "memory than its `memory` limit of 8 MiB",
        ),
        ("(loop (drop (memory.grow (i32.const 1))) (br 0))", "limit", "limit of 8 MiB"),
        ("(call 0)", "limit", "call stack"),
    ];
    for (body, kind, message) in rows {
        let audit = Audit::in_memory();
        let host = host(&audit);
        let component = host.load(&probe(body)).unwrap();
        let error = run(&host, &component).await;
        assert!(error.to_string().contains(message), "{body}: {error}");
        let record = only(&audit);
        assert_eq!(record.error.as_deref(), Some(kind), "{body}");
        assert_eq!((record.kind, record.decision), (Kind::Call, Decision::Allowed));
        assert_eq!(record.attempts, Some(0));
    }
}

#[tokio::test]
async fn a_component_that_begins_with_too_much_memory_does_not_begin() {
    let audit = Audit::in_memory();
    let host = host(&audit);
    let bytes = component(
        r#"(core module $m (memory 65536) (func (export "run")))
           (core instance $i (instantiate $m))
           (func $run (canon lift (core func $i "run")))"#,
    );
    let error = run(&host, &host.load(&bytes).unwrap()).await;
    assert!(matches!(&error, CallError::Limit(message) if message.contains("memory")), "{error}");
}

#[tokio::test]
async fn exit_ends_the_call_and_not_the_host() {
    let audit = Audit::in_memory();
    let host = host(&audit);
    let bytes = component(
        r#"(import "wasi:cli/exit@0.2.0" (instance $exit
              (export "exit" (func (param "status" (result))))))
           (core func $exit (canon lower (func $exit "exit")))
           (core module $m (import "wasi" "exit" (func $exit (param i32)))
              (func (export "run") (call $exit (i32.const 1))))
           (core instance $i (instantiate $m
              (with "wasi" (instance (export "exit" (func $exit))))))
           (func $run (canon lift (core func $i "run")))"#,
    );
    let error = run(&host, &host.load(&bytes).unwrap()).await;
    assert!(
        matches!(&error, CallError::Trap(message) if message == "it called exit with status 1"),
        "{error}"
    );
    assert_eq!(only(&audit).error.as_deref(), Some("trap"));
}

#[tokio::test]
async fn an_endless_call_holds_up_no_other_even_on_one_thread() {
    let audit = Audit::in_memory();
    let host = host(&audit);
    let endless = host.load(&probe("(loop (br 0))")).unwrap();
    let quick = host.load(&probe("")).unwrap();
    let mut agent = agent();
    agent.limits.call_timeout = Duration::from_secs(3600);
    let others = async {
        for _ in 0..3 {
            host.call(&quick, &agent, "probe", "run", &[]).await.unwrap();
        }
    };
    tokio::select! {
        biased;
        ended = host.call(&endless, &agent, "probe", "run", &[]) => panic!("it ended: {ended:?}"),
        () = others => {}
    }
}

#[tokio::test]
async fn what_no_component_gets_is_refused_at_the_load_by_name() {
    for import in [
        "wasi:filesystem/preopens@0.2.0",
        "wasi:filesystem/types@0.2.12",
        "wasi:sockets/tcp@0.2.0",
        "wasi:sockets/ip-name-lookup@0.2.0",
        "wasi:config/store@0.2.0",
        "acme:secrets/vault",
    ] {
        let audit = Audit::in_memory();
        let host = host(&audit);
        let bytes =
            wat::parse_str(format!(r#"(component (import "{import}" (instance)))"#)).unwrap();
        let Err(error) = host.load(&bytes) else { panic!("{import} was let in") };
        assert!(matches!(&error, HostError::Import { imports } if imports == import), "{error}");
        let record = only(&audit);
        assert_eq!(record.decision, Decision::Refused);
        assert!(record.rule.contains(import), "{record:?}");
    }
}

#[test]
fn what_is_no_component_is_refused() {
    let host = host(&Audit::none());
    let module = wat::parse_str("(module)").unwrap();
    for bytes in [b"".as_slice(), b"\0asm", b"(component)", &module, b"\x7fELF"] {
        assert!(matches!(host.load(bytes), Err(HostError::Invalid(_))), "{bytes:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_not_granted_is_refused_and_recorded() {
    let audit = Audit::in_memory();
    let host = host(&audit);
    let component = host.load(&probe("unreachable")).unwrap();
    let denied = Agent::denied("nobody");
    let error = host.call(&component, &denied, "probe", "run", &[]).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(_)), "{error}");
    let record = only(&audit);
    assert_eq!(record.decision, Decision::Refused);
    assert_eq!((record.agent.as_str(), record.function.as_str()), ("nobody", "probe.run"));
    assert_eq!(record.component, component.digest()[..16]);
}

#[tokio::test]
async fn a_wrong_name_or_argument_is_usage_and_recorded() {
    let audit = Audit::in_memory();
    let host = host(&audit);
    let component = host.load(&probe("")).unwrap();
    let rows = [
        (
            ("prob", "run", vec![]),
            "the component has no interface \"prob\"; it has probe",
            ("no-such-function", "prober called prob.run, which the component does not have"),
        ),
        (
            ("probe", "walk", vec![]),
            "probe has no function \"walk\"; it has run",
            ("no-such-function", "prober called probe.walk, which the component does not have"),
        ),
        (
            ("probe", "run", vec![json!(1)]),
            "the function takes no arguments, got 1 arguments",
            ("bad-arguments", "prober called probe.run with arguments that do not fit"),
        ),
    ];
    for (n, ((interface, function, args), expected, recorded)) in rows.into_iter().enumerate() {
        let error = host.call(&component, &agent(), interface, function, &args).await.unwrap_err();
        assert!(matches!(error, CallError::Usage(_)));
        assert_eq!(error.to_string(), expected);
        let record = &audit.records()[n];
        assert_eq!((record.decision, record.rule.as_str()), (Decision::Invalid, ""));
        assert_eq!((record.error.as_deref(), record.text.as_str()), (Some(recorded.0), recorded.1));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_runs_where_nothing_can_be_recorded() {
    let audit = Audit::to_file("/dev/full").unwrap();
    let host = host(&audit);
    let component = host.load(&probe("")).unwrap();
    let first = host.call(&component, &agent(), "probe", "run", &[]).await.unwrap_err();
    assert!(matches!(first, CallError::Audit(..)), "{first}");
    let second = host.call(&component, &agent(), "probe", "run", &[]).await.unwrap_err();
    assert!(matches!(second, CallError::Audit(..)), "{second}");
}

#[tokio::test]
async fn a_call_that_its_caller_lets_go_of_is_recorded() {
    let audit = Audit::in_memory();
    let host = host(&audit);
    let component = host.load(&probe("(loop (br 0))")).unwrap();
    let agent = agent();
    let call = host.call(&component, &agent, "probe", "run", &[]);
    assert!(tokio::time::timeout(Duration::from_millis(30), call).await.is_err());
    assert_eq!(only(&audit).error.as_deref(), Some("abandoned"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_there_are_places_wait_their_turn() {
    let host = Arc::new(host(&Audit::none()));
    let component = host.load(&probe("")).unwrap();
    let mut agent = agent();
    agent.limits.call_timeout = Duration::from_secs(10);
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (host, component, agent) = (Arc::clone(&host), Arc::clone(&component), agent.clone());
        calls.spawn(async move { host.call(&component, &agent, "probe", "run", &[]).await });
    }
    for result in calls.join_all().await {
        assert!(result.is_ok(), "{result:?}");
    }
}

#[tokio::test]
async fn calls_of_one_agent_that_do_not_end_leave_places_for_another() {
    let host = host(&Audit::none());
    let component = host.load(&probe("")).unwrap();
    let (busy, mut other) = (agent(), agent());
    other.name = "other".to_owned();
    let mut held = Vec::new();
    while let Some(permit) = host.calls.acquire(&busy.name).now_or_never() {
        held.push(permit);
    }
    assert_eq!(held.len(), super::engine::CALLS as usize / 2);
    let error = run(&host, &component).await;
    assert!(matches!(error, CallError::Limit(_)), "it waits within its own time: {error}");
    host.call(&component, &other, "probe", "run", &[]).await.unwrap();
    held.pop();
    host.call(&component, &busy, "probe", "run", &[]).await.unwrap();
}

#[tokio::test]
async fn compiled_code_is_found_again_in_the_cache() {
    let directory = std::env::temp_dir().join(format!("lever-cache-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    let config = HostConfig { cache_dir: Some(directory.clone()), ..HostConfig::default() };
    let bytes = probe("unreachable");
    for _ in 0..2 {
        let host = Host::new(config.clone(), Audit::none()).unwrap();
        let component = host.load(&bytes).unwrap();
        assert!(matches!(run(&host, &component).await, CallError::Trap(_)));
    }
    assert!(std::fs::read_dir(&directory).unwrap().next().is_some());
    // The cache may still be writing statistics of its own.
    let _ = std::fs::remove_dir_all(&directory);
}
