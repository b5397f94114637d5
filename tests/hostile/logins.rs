//! A login by OAuth, and the tokens that webhooks are signed with: nowhere that an
//! agent's instance, its caller or a reader of the audit could find them.

use std::sync::Arc;

use lever_host::audit::Audit;
use lever_host::embedded;
use lever_host::mock::{CLIENT_SECRET, Config, Fault, Mock};
use lever_host::policy::Agent;
use lever_host::runtime::{CallError, Host, HostConfig};
use lever_host::webhooks::{Config as Webhooks, Receiver, SignatureTokens};
use serde_json::{Value, json};

use super::{BOUND, agent, build, memories};
use crate::oauth::browser::{Folder, asked, let_it_end, open, sign_in};
use crate::support::cache;

/// What webhooks are signed with.
const SIGNATURE: &str = "wT5sQ8nVb2KcX7dP";

/// What the mock's tokens and codes begin with; their ends are new each time.
const TOKENS: [&str; 3] = ["mock-access.", "mock-refresh.", "mock-code."];

#[tokio::test(flavor = "multi_thread")]
async fn no_instance_of_an_agent_holds_anything_of_a_login() {
    let control = "something of its own".to_owned();
    let secrets: Vec<String> =
        TOKENS.iter().chain(&[CLIENT_SECRET, SIGNATURE]).map(ToString::to_string).collect();
    let needles: Vec<String> = secrets.iter().chain([&control]).cloned().collect();
    let watch = memories::Watch::for_any_of(&needles);
    let config = Config { rate: None, opportunities: 5, ..Config::default() };
    let mock = Mock::start(config).await.expect("loopback can be bound");
    let (folder, audit) = (Folder::new(), Audit::in_memory());
    let scopes = ["opportunities:write:admin", "stages:read:admin", "offline_access"];
    sign_in(&mock, &folder.file(), &scopes).await;
    let login = open(&mock, &folder.file(), &audit);
    let receiver = Receiver::start(Webhooks {
        cache_dir: Some(cache()),
        audit: audit.clone(),
        jsonl: Some(folder.0.join("events.jsonl")),
        ..Webhooks::new(SignatureTokens::parse(SIGNATURE).expect("it is sound"))
    });
    let receiver = receiver.await.expect("it starts");
    let host = Host::new(
        HostConfig {
            upstream: mock.base_url().parse().expect("the mock's URL is sound"),
            allow_loopback: true,
            credential: Some(login.into()),
            settings: vec![("LEVER_AUTH_URL".to_owned(), mock.auth_url())],
            cache_dir: Some(cache()),
            tune: Some(watch.tune()),
            ..HostConfig::default()
        },
        audit.clone(),
    );
    let host = host.expect("the host starts");
    let hostile = host.load(&build::built().attack).expect("it imports nothing unusual");
    let lever = host.load(embedded::COMPONENT).expect("the component loads");
    let grants = ["stages=read", "opportunities=full", "oauth=full", "raw=read"].map(str::to_owned);
    let sourcer = Agent::from_grants("sourcer", &grants).expect("the grants are well formed");

    let mut outcomes: Vec<Result<Value, CallError>> = Vec::new();
    let authority = mock.auth_url().trim_start_matches("http://").to_owned();
    let message = |path: &str| {
        json!({
            "method": "GET", "scheme": "http", "authority": authority, "path-with-query": path,
            "headers": [["authorization", control]], "body": "",
        })
    };
    for round in 0..3 {
        match round {
            // The access token ends, and is renewed by the next call.
            1 => let_it_end(&mock, &folder.file()).await,
            // Lever takes it no more, and it is renewed while the call waits.
            2 => mock.inject(Fault::status(401)),
            _ => {}
        }
        for (interface, function, args) in [
            ("stages", "list-all", json!([])),
            ("opportunities", "list-page", json!([{ "limit": 1 }])),
            ("raw", "get", json!(["/stages"])),
            ("raw", "get", json!(["/users"])),
        ] {
            let args = args.as_array().expect("a list");
            outcomes.push(host.call(&lever, &sourcer, interface, function, args).await);
        }
        let prober = agent(&[]);
        for (function, args) in [
            ("request", json!([message("/v1/opportunities")])),
            ("demand", json!([message("/v1/users")])),
            ("environment", json!([])),
            ("search", json!([["mock-", "refresh."], message("/v1/opportunities")])),
            ("break-down", json!(["panic"])),
        ] {
            let args = args.as_array().expect("a list");
            let call = host.call(&hostile, &prober, "attack", function, args);
            outcomes.push(tokio::time::timeout(BOUND, call).await.expect("every attack ends"));
        }
    }
    assert!(outcomes.iter().filter(|outcome| outcome.is_ok()).count() >= 12, "{outcomes:?}");
    assert!(outcomes.iter().filter(|outcome| outcome.is_err()).count() >= 6, "{outcomes:?}");
    assert_eq!(asked(&mock), 2, "{}", mock.describe());

    let mut told = format!("{audit:?}\n{:?}\n", audit.records());
    for outcome in &outcomes {
        told.push_str(&format!("{outcome:?}\n{outcome:#?}\n"));
        if let Err(error) = outcome {
            told.push_str(&format!("{error}\n"));
        }
    }
    for secret in &secrets {
        assert!(!told.contains(secret.as_str()), "{secret} in {told}");
    }
    receiver.stop().await;
    drop((host, hostile, lever));
    assert!(watch.instances() >= outcomes.len(), "{} instances", watch.instances());
    assert_eq!(watch.found(), [control]);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_instance_of_an_agent_reaches_the_authorization_server() {
    let mock = Mock::start(Config { rate: None, ..Config::default() }).await;
    let mock = mock.expect("loopback can be bound");
    let audit = Audit::in_memory();
    let host = |settings: Vec<(String, String)>| {
        let config = HostConfig {
            upstream: mock.base_url().parse().expect("the mock's URL is sound"),
            allow_loopback: true,
            settings,
            cache_dir: Some(cache()),
            ..HostConfig::default()
        };
        Host::new(config, audit.clone()).expect("the host starts")
    };
    let grants = ["oauth=full", "raw=read"].map(str::to_owned);
    let agent = Agent::from_grants("sourcer", &grants).expect("the grants are well formed");
    let app = json!({
        "client-id": "app", "client-secret": "s3cret", "redirect-uri": "https://app.example/",
    });
    // By our own component, towards the mock's server and towards Lever's.
    for url in [mock.auth_url(), "https://auth.lever.co".to_owned()] {
        let host = host(vec![("LEVER_AUTH_URL".to_owned(), url)]);
        let lever = host.load(embedded::COMPONENT).expect("the component loads");
        for function in ["refresh", "exchange-code"] {
            let args = [app.clone(), json!("s3cret-token")];
            match host.call(&lever, &agent, "oauth", function, &args).await {
                Err(CallError::Refused(refusal)) => {
                    assert!(!format!("{refusal:?}").contains("s3cret"), "{refusal:?}");
                }
                other => panic!("{function}: {other:?}"),
            }
        }
    }
    // By one that is named like it.
    let host = host(Vec::new());
    let hostile: Arc<_> = host.load(&build::built().attack).expect("it imports nothing unusual");
    let authority = mock.auth_url().trim_start_matches("http://").to_owned();
    let form = "grant_type=refresh_token&refresh_token=s3cret-token";
    let message = |method: &str, authority: &str, path: &str| {
        json!({
            "method": method, "scheme": "http", "authority": authority, "path-with-query": path,
            "headers": [["content-type", "application/x-www-form-urlencoded"]], "body": form,
        })
    };
    let rows = [
        ("oauth", "refresh", message("POST", &authority, "/oauth/token")),
        ("oauth", "refresh", message("POST", &authority, "/v1/../oauth/token")),
        ("oauth", "refresh", message("POST", &authority, "/v1/%2e%2e/oauth/token")),
        ("oauth", "refresh", message("GET", &authority, "/authorize?client_id=x")),
        ("oauth", "refresh", message("POST", "auth.lever.co", "/oauth/token")),
        ("oauth", "refresh", message("POST", &authority, "/v1/oauth/token/")),
        ("raw", "get", message("GET", &authority, "/oauth/token")),
        ("raw", "get", message("GET", &authority, "/v1/oauth/token")),
    ];
    for (interface, function, message) in rows {
        let before = audit.records().len();
        let args = [json!([message])];
        let said = host.call(&hostile, &agent, interface, function, &args).await;
        let said = said.expect("it comes back");
        assert_eq!(said, "0: ErrorCode::HttpRequestDenied\n", "{message}");
        let refused = audit.records().split_off(before).into_iter();
        assert_eq!(
            refused.filter(|it| it.decision == lever_host::audit::Decision::Refused).count(),
            1
        );
    }
    assert!(mock.requests().is_empty(), "{}", mock.describe());
    let records = serde_json::to_string(&audit.records()).expect("records are JSON");
    assert!(!records.contains("s3cret"), "{records}");
}
