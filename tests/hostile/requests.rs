//! Requests to where it may not go, in every spelling that wasi:http takes.

use lever_host::audit::{Decision, Kind, Record};
use lever_host::mock::{Content, Effect, Fault};
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use super::{CANARY, Rig, agent};

/// Who said no: the host, by this rule, or wasi:http before anybody was asked.
type No = Option<&'static str>;

const ADDRESS: No = Some("not the API's address");
const MALFORMED: No = Some("malformed request");
const UNKNOWN: No = Some("unknown request");

/// Tries a request twice, once admitting that it failed and once hiding it, and
/// checks that it reached nobody and was written down both times.
async fn is_held_in(rig: &Rig, message: Value, rule: No) {
    let shown = message.to_string();
    let (requests, refused) = (rig.mock.requests().len(), rig.refused().len());
    let demanded = rig.attack("demand", json!([message])).await;
    let said = rig.says("request", json!([message])).await;
    let tried = rig.refused().split_off(refused);
    match (rule, demanded) {
        (Some(rule), Err(CallError::Refused(refusal))) => {
            assert_eq!(refusal.rule, rule, "{shown}: {refusal}");
            assert!(!refusal.message.contains(CANARY), "{shown}: {refusal}");
            assert_eq!(said, "ErrorCode::HttpRequestDenied", "{shown}");
            assert_eq!(tried.len(), 2, "{shown}: {tried:?}");
            assert!(tried.iter().all(|record| record.rule == rule), "{shown}: {tried:?}");
        }
        (None, Err(CallError::Component(_))) => {
            assert!(!said.starts_with(|c: char| c.is_ascii_digit()), "{shown}: {said}");
            assert!(tried.is_empty(), "{shown}: {tried:?}");
        }
        (_, other) => panic!("{shown}: {other:?}, {said}"),
    }
    assert_eq!(rig.mock.requests().len(), requests, "{shown}: {}", rig.mock.describe());
}

#[tokio::test]
async fn it_reads_what_it_was_granted() {
    let rig = Rig::new().await;
    let said = rig.says("request", json!([rig.message("GET", "/v1/opportunities")])).await;
    assert!(said.starts_with("200\n"), "{said}");
    let id = rig.mock.store().opportunity_ids().remove(0);
    assert!(said.contains(&id), "{said}");
    let sent = rig.mock.requests();
    assert_eq!(sent.len(), 1, "{}", rig.mock.describe());
    let records = rig.audit.records();
    let (request, call) = (&records[0], &records[1]);
    assert_eq!((request.kind, request.decision), (Kind::Request, Decision::Allowed));
    assert_eq!(request.rule, "opportunities=read");
    assert_eq!((call.kind, call.decision), (Kind::Call, Decision::Allowed));
    assert_eq!(call.rule, "foreign:attack=full");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn it_does_not_run_without_a_grant_of_its_own() {
    let mut rig = Rig::new().await;
    rig.agent = lever_host::policy::Agent::from_grants("prober", &["opportunities=full".into()])
        .expect("a grant");
    let message = rig.message("GET", "/v1/opportunities");
    match rig.attack("request", json!([message])).await {
        Err(CallError::Refused(refusal)) => {
            assert_eq!(refusal.rule, "no grant for foreign:attack");
            assert!(refusal.message.contains("--grant foreign:attack=full"), "{refusal}");
        }
        other => panic!("{other:?}"),
    }
    assert!(rig.mock.requests().is_empty(), "{}", rig.mock.describe());
    rig.is_unharmed().await;
}

#[tokio::test]
async fn no_other_address_is_reached() {
    let rig = Rig::new().await;
    let (mock, port) = (rig.authority(), rig.evil_port());
    let own_port = mock.rsplit(':').next().expect("it has a port").to_owned();
    let rows: Vec<(&str, Option<String>, No)> = vec![
        // Other hosts and other ports of the same one.
        ("http", Some(format!("127.0.0.1:{port}")), ADDRESS),
        ("http", Some(format!("localhost:{port}")), ADDRESS),
        ("http", Some("127.0.0.1".into()), ADDRESS),
        ("http", Some("evil.example".into()), ADDRESS),
        ("https", Some("api.lever.co".into()), ADDRESS),
        ("http", Some("169.254.169.254".into()), ADDRESS),
        ("http", Some("[::1]:80".into()), ADDRESS),
        ("http", Some(format!("[::ffff:127.0.0.1]:{port}")), ADDRESS),
        // The mock's own address by another name.
        ("http", Some(format!("localhost:{own_port}")), ADDRESS),
        ("http", Some(format!("2130706433:{own_port}")), ADDRESS),
        ("http", Some(format!("127.1:{own_port}")), ADDRESS),
        ("http", Some(format!("127.0.0.1.:{own_port}")), ADDRESS),
        ("http", Some(format!("[::ffff:7f00:1]:{own_port}")), ADDRESS),
        ("http", Some(format!("127.0.0.1:0{own_port}")), ADDRESS),
        // User information, before either host.
        ("http", Some(format!("{mock}@127.0.0.1:{port}")), ADDRESS),
        ("http", Some(format!("canary@127.0.0.1:{port}")), ADDRESS),
        ("http", Some(format!("canary:canary@{mock}")), ADDRESS),
        ("http", Some(format!("@{mock}")), ADDRESS),
        // Ends of a host in disguise.
        ("http", Some(format!("{mock}/@127.0.0.1:{port}")), None),
        ("http", Some(format!("{mock}?127.0.0.1:{port}")), None),
        ("http", Some(format!("{mock}#127.0.0.1:{port}")), None),
        ("http", Some(format!("{mock}\\127.0.0.1:{port}")), None),
        ("http", Some(format!("{mock}\r\nhost: 127.0.0.1:{port}")), None),
        ("http", Some(format!("{mock} 127.0.0.1:{port}")), None),
        ("http", Some(String::new()), None),
        ("http", None, None),
        // Other schemes.
        ("https", Some(mock.clone()), ADDRESS),
        ("ftp", Some(mock.clone()), ADDRESS),
        ("file", Some(mock.clone()), ADDRESS),
        ("HTTP", Some(mock.clone()), ADDRESS),
        ("unix", Some(mock.clone()), ADDRESS),
        ("http://", Some(mock.clone()), None),
    ];
    for (scheme, authority, rule) in rows {
        let mut message = rig.message("GET", "/v1/opportunities");
        message["scheme"] = scheme.into();
        message["authority"] = authority.into();
        is_held_in(&rig, message, rule).await;
    }
    let mut message = rig.message("GET", "/v1/opportunities");
    message["scheme"] = Value::Null;
    is_held_in(&rig, message, ADDRESS).await;

    // The record names the host that was tried, not the one that would be right.
    let records = rig.refused();
    let evil: Vec<&Record> =
        records.iter().filter(|record| record.host.as_deref() == Some("evil.example")).collect();
    assert_eq!(evil.len(), 2, "{records:?}");
    assert_eq!(
        evil[0].text,
        "prober was refused GET to evil.example for attack.demand: not the API's address"
    );
    rig.is_unharmed().await;
}

#[tokio::test]
async fn no_other_path_is_reached() {
    let rig = Rig::new().await;
    let rows: [(&str, No); 41] = [
        ("/v1/users", Some("no grant for users")),
        ("/v1/users/canary", Some("no grant for users")),
        ("/v1/opportunities/canary/notes", Some("notes=off")),
        ("/v1/%75sers", Some("no grant for users")),
        ("/v1/candidates", UNKNOWN),
        ("/v1/opportunities/canary/canary", UNKNOWN),
        ("/v2/opportunities", Some("outside the API's path")),
        ("/opportunities", Some("outside the API's path")),
        ("/v1x/opportunities", Some("outside the API's path")),
        ("/", MALFORMED),
        ("", MALFORMED),
        // Another place altogether.
        ("//evil.example/v1/opportunities", MALFORMED),
        ("http://evil.example/v1/opportunities", None),
        ("evil.example/v1/opportunities", None),
        ("*", None),
        ("@evil.example/v1/opportunities", None),
        ("/\\evil.example/v1/opportunities", MALFORMED),
        // Dots, plain and escaped.
        ("/v1/../v2/opportunities", MALFORMED),
        ("/v1/opportunities/../users", MALFORMED),
        ("/v1/opportunities/%2e%2e/users", MALFORMED),
        ("/v1/opportunities/%2E./users", MALFORMED),
        ("/v1/opportunities/.%2e/users", MALFORMED),
        ("/v1/opportunities/./canary", MALFORMED),
        ("/v1/opportunities/...", MALFORMED),
        // Slashes in disguise.
        ("/v1//opportunities", MALFORMED),
        ("/v1/opportunities/", UNKNOWN),
        ("/v1/opportunities%2f..%2fusers", MALFORMED),
        ("/v1/opportunities/a%5c..%5cusers", MALFORMED),
        ("/v1/opportunities/..\\users", MALFORMED),
        ("/v1/opportunities/%252e%252e/users", MALFORMED),
        ("/v1/opportunities/..;/users", MALFORMED),
        ("/v1/opportunities/%c0%ae%c0%ae/users", MALFORMED),
        // Ends of the path in disguise; characters that cut a line.
        ("/v1/opportunities%3f/../users", MALFORMED),
        ("/v1/users%23/opportunities", MALFORMED),
        ("/v1/opportunities/canary%00", MALFORMED),
        ("/v1/opportunities/canary%0d%0ahost:%20evil.example", MALFORMED),
        ("/v1/opportunities HTTP/1.1\r\nhost: evil.example\r\n\r\nGET /v1/users", None),
        ("/v1/opportunities canary", None),
        ("/v1/opportunities/caf\u{e9}", MALFORMED),
        ("/v1/Opportunities", UNKNOWN),
        ("?/v1/opportunities", MALFORMED),
    ];
    for (path, rule) in rows {
        is_held_in(&rig, rig.message("GET", path), rule).await;
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_fragment_never_leaves_and_cannot_change_the_path() {
    let rig = Rig::new().await;
    // Cut off by wasi:http itself: what is judged and sent is the rest.
    let said =
        rig.says("request", json!([rig.message("GET", "/v1/opportunities#/../users")])).await;
    assert!(said.starts_with("200\n"), "{said}");
    is_held_in(&rig, rig.message("GET", "/v1/users#/v1/opportunities"), Some("no grant for users"))
        .await;
    let sent = rig.mock.requests();
    assert_eq!(sent.len(), 1, "{}", rig.mock.describe());
    assert_eq!((sent[0].path.as_str(), sent[0].query.as_deref()), ("/v1/opportunities", None));
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_grant_to_read_writes_nothing() {
    let rig = Rig::new().await;
    let id = rig.mock.store().opportunity_ids().remove(0);
    let stage = format!("/v1/opportunities/{id}/stage?perform_as=canary");
    let only_read = Some("only opportunities=read");
    let rows: Vec<(&str, &str, No)> = vec![
        ("PUT", &stage, only_read),
        ("POST", "/v1/opportunities?perform_as=canary", only_read),
        ("DELETE", "/v1/opportunities/canary", UNKNOWN),
        ("PATCH", "/v1/opportunities/canary", UNKNOWN),
        ("CONNECT", "/v1/opportunities", UNKNOWN),
        ("TRACE", "/v1/opportunities", UNKNOWN),
        ("HEAD", "/v1/opportunities", UNKNOWN),
        ("OPTIONS", "/v1/opportunities", UNKNOWN),
        ("get", "/v1/opportunities", UNKNOWN),
        ("GET /v1/users HTTP/1.1\r\n\r\nGET", "/v1/opportunities", None),
        ("GET /v1/users", "/v1/opportunities", None),
        ("", "/v1/opportunities", None),
    ];
    for (method, path, rule) in rows {
        let mut message = rig.message(method, path);
        message["body"] = json!({ "stage": "canary" }).to_string().into();
        is_held_in(&rig, message, rule).await;
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn confidential_records_are_not_asked_for() {
    let rig = Rig::new().await;
    let rows: [(&str, No); 8] = [
        ("confidentiality=all", Some("confidential = false")),
        ("confidentiality=confidential", Some("confidential = false")),
        ("confidentiality=%61ll", Some("confidential = false")),
        ("confidentiality=non-confidential&confidentiality=all", MALFORMED),
        ("Confidentiality=all", MALFORMED),
        ("confidentiality[]=all", MALFORMED),
        ("c%6fnfidentiality=all", Some("confidential = false")),
        ("tag=canary&confidentiality=all", Some("confidential = false")),
    ];
    for (query, rule) in rows {
        let path = format!("/v1/opportunities?{query}");
        is_held_in(&rig, rig.message("GET", &path), rule).await;
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_redirect_is_followed_neither_by_the_host_nor_by_the_component() {
    let rig = Rig::new().await;
    for code in [301, 302, 303, 307, 308] {
        let place = format!("http://127.0.0.1:{}/v1/opportunities", rig.evil_port());
        rig.mock.inject(Fault::new(Effect::Status {
            code,
            body: Content::Empty,
            headers: vec![("Location".to_owned(), place)],
        }));
        let before = rig.mock.requests().len();
        let said = rig.says("chase", json!([rig.message("GET", "/v1/opportunities")])).await;
        assert!(said.starts_with(&format!("{code}\n")), "{said}");
        assert!(said.ends_with("\nthen ErrorCode::HttpRequestDenied"), "{said}");
        assert_eq!(rig.mock.requests().len(), before + 1, "{}", rig.mock.describe());
    }
    assert_eq!(rig.refused().len(), 5);
    rig.is_unharmed().await;
}

#[tokio::test]
async fn the_widest_grants_reach_no_further_than_the_catalog() {
    let mut rig = Rig::new().await;
    rig.agent = agent(&["users=read", "notes=full", "stages=read", "raw=read"]);
    for (path, rule) in [
        ("/v1/users/../opportunities", MALFORMED),
        ("/v1/users?access_token=canary", MALFORMED),
        ("/v1/users?_method=DELETE", MALFORMED),
        ("/v1/audit_events/canary/canary", UNKNOWN),
        ("/v2/users", Some("outside the API's path")),
    ] {
        is_held_in(&rig, rig.message("GET", path), rule).await;
    }
    rig.is_unharmed().await;
}
