//! The embedded component against the mock.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::{CallError, Host, HostConfig};
use crate::audit::{Audit, Decision, Kind};
use crate::credentials::Credential;
use crate::mock::{API_KEY, Config, Mock};
use crate::policy::Agent;

async fn mock(latency: Duration) -> Mock {
    Mock::start(Config { opportunities: 150, latency, ..Config::default() }).await.unwrap()
}

fn host(mock: &Mock, audit: &Audit) -> Host {
    host_with(mock, audit, API_KEY)
}

fn host_with(mock: &Mock, audit: &Audit, key: &str) -> Host {
    Host::new(config(mock, key), audit.clone()).unwrap()
}

fn config(mock: &Mock, key: &str) -> HostConfig {
    HostConfig {
        upstream: mock.base_url().parse().unwrap(),
        allow_loopback: true,
        credential: Some(Credential::api_key(key).unwrap().into()),
        // Compiled once for all tests and runs, not once for each.
        cache_dir: Some(std::env::temp_dir().join("lever-host-test-cache")),
        ..HostConfig::default()
    }
}

fn agent(grants: &[&str]) -> Agent {
    let grants: Vec<String> = grants.iter().map(ToString::to_string).collect();
    Agent::from_grants("sourcer", &grants).unwrap()
}

async fn call(
    host: &Host,
    agent: &Agent,
    function: (&str, &str),
    args: &[Value],
) -> Result<Value, CallError> {
    let component = host.load(crate::embedded::COMPONENT).unwrap();
    host.call(&component, agent, function.0, function.1, args).await
}

#[tokio::test]
async fn a_list_is_read_and_every_request_is_recorded() {
    let (mock, audit) = (mock(Duration::ZERO).await, Audit::in_memory());
    let host = host(&mock, &audit);
    let agent = agent(&["opportunities=read"]);
    let page = call(&host, &agent, ("opportunities", "list-all"), &[]).await.unwrap();
    let held = mock.store().opportunity_ids().len();
    assert_eq!(page["items"].as_array().unwrap().len(), held);
    // Two, or more where the machine is slow.
    let sent = mock.requests().len();
    assert!(sent >= 2, "{}", mock.describe());
    let records = audit.records();
    assert_eq!(records.iter().filter(|record| record.kind == Kind::Request).count(), sent);
    let last = records.last().unwrap();
    assert_eq!((last.attempts, last.records), (Some(sent as u32), Some(held as u64)));
    assert!(records.iter().all(|record| record.call == last.call));
    let text = serde_json::to_string(&records).unwrap();
    for id in mock.store().opportunity_ids() {
        assert!(!text.contains(&id), "an id in the audit");
    }
}

#[tokio::test]
async fn a_path_that_is_not_granted_is_refused_on_the_wire() {
    let (mock, audit) = (mock(Duration::ZERO).await, Audit::in_memory());
    let host = host(&mock, &audit);
    let agent = agent(&["raw=read", "opportunities=read"]);
    let args = [json!("/users"), json!([])];
    let error = call(&host, &agent, ("raw", "get"), &args).await.unwrap_err();
    let CallError::Refused(refusal) = &error else { panic!("{error}") };
    assert!(refusal.message.contains("users=read"), "{refusal}");
    assert_eq!(mock.requests().len(), 0, "{}", mock.describe());
    let records = audit.records();
    assert_eq!((records[0].kind, records[0].decision), (Kind::Request, Decision::Refused));
    assert_eq!(records[1].error.as_deref(), Some("refused-by-host"));

    let args = [json!("/opportunities"), json!([])];
    call(&host, &agent, ("raw", "get"), &args).await.unwrap();
    assert_eq!(mock.requests().len(), 1);
}

#[tokio::test]
async fn a_call_beyond_its_time_ends_and_its_request_is_of_unknown_outcome() {
    let (mock, audit) = (mock(Duration::from_secs(20)).await, Audit::in_memory());
    let host = host(&mock, &audit);
    let mut agent = agent(&["notes=full"]);
    // Its request arrives before that on any machine.
    agent.limits.call_timeout = Duration::from_secs(2);
    let id = mock.store().opportunity_ids()[0].clone();
    let args = [json!(id), json!({"value": "x"})];
    let error = call(&host, &agent, ("notes", "create"), &args).await.unwrap_err();
    assert!(matches!(error, CallError::Limit(_)), "{error}");
    let records = audit.records();
    let [intent, request, call] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((intent.kind, intent.request), (Kind::Intent, request.request));
    assert_eq!(request.error.as_deref(), Some("abandoned"));
    assert_eq!(request.outcome.as_deref(), Some("unknown"));
    assert_eq!((call.error.as_deref(), call.attempts), (Some("limit"), Some(1)));
    assert_eq!((call.outcome.as_deref(), call.changes), (Some("unknown"), Some(1)));
}

#[tokio::test]
async fn a_change_without_an_answer_holds_up_a_stop_for_a_while_alone() {
    let (mock, audit) = (mock(Duration::from_secs(600)).await, Audit::in_memory());
    let config = HostConfig { grace: Some(Duration::from_millis(50)), ..config(&mock, API_KEY) };
    let host = Host::new(config, audit.clone()).unwrap();
    let id = mock.store().opportunity_ids()[0].clone();
    let args = [json!(id), json!({"value": "x"})];
    let agent = agent(&["notes=full"]);
    let stop = async {
        while mock.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        host.stopper().stop();
    };
    let (result, ()) = tokio::join!(call(&host, &agent, ("notes", "create"), &args), stop);
    let error = result.unwrap_err();
    assert!(matches!(error, CallError::Stopped(_)), "{error}");
    assert!(error.to_string().ends_with("read the record before trying again"), "{error}");
    let last = audit.records().pop().unwrap();
    assert_eq!(
        (last.error.as_deref(), last.outcome.as_deref()),
        (Some("stopped"), Some("unknown"))
    );

    // Nothing begins any more.
    let error = call(&host, &agent, ("notes", "create"), &args).await.unwrap_err();
    assert!(error.to_string().ends_with("nothing was changed"), "{error}");
    assert_eq!(mock.requests().len(), 1);
    assert_eq!(audit.records().pop().unwrap().outcome.as_deref(), Some("not-applied"));
}

#[tokio::test]
async fn a_fixed_user_is_put_into_every_write() {
    let (mock, audit) = (mock(Duration::ZERO).await, Audit::none());
    let host = host(&mock, &audit);
    let mut agent = agent(&["notes=full"]);
    let users = mock.store().users();
    agent.perform_as = users[0]["id"].as_str().map(str::to_owned);
    let id = mock.store().opportunity_ids()[0].clone();
    let args = [json!(id), json!({"value": "x"})];
    call(&host, &agent, ("notes", "create"), &args).await.unwrap();
    let requests = mock.requests();
    let write = requests.iter().find(|request| request.method == "POST").unwrap();
    assert_eq!(write.values("perform_as"), [agent.perform_as.as_deref().unwrap()]);
}

#[tokio::test]
async fn four_calls_at_once_share_one_budget_and_meet_no_429() {
    let (mock, audit) = (mock(Duration::from_millis(5)).await, Audit::in_memory());
    let host = host(&mock, &audit);
    let agent = agent(&["stages=read"]);
    let component = host.load(crate::embedded::COMPONENT).unwrap();
    let one = async || {
        for _ in 0..7 {
            host.call(&component, &agent, "stages", "list-all", &[]).await.unwrap();
        }
    };
    tokio::join!(one(), one(), one(), one());
    let requests = mock.requests();
    assert!(requests.len() >= 28);
    assert!(requests.iter().all(|request| request.status == Some(200)), "{}", mock.describe());
}

#[tokio::test]
async fn a_wrong_key_is_the_components_error() {
    let (mock, audit) = (mock(Duration::ZERO).await, Audit::in_memory());
    let host = host_with(&mock, &audit, "another-key");
    let agent = agent(&["stages=read"]);
    let error = call(&host, &agent, ("stages", "list-all"), &[]).await.unwrap_err();
    let CallError::Component(answer) = &error else { panic!("{error}") };
    assert_eq!(answer["kind"], "unauthorized");
    assert_eq!(answer["status"], 401);
    assert!(!answer.to_string().contains("another-key"));
    let last = audit.records().pop().unwrap();
    assert_eq!((last.error.as_deref(), last.status), (Some("unauthorized"), Some(401)));
}
