//! Headers, bodies and trailers that would turn an allowed request into another.

use lever_host::mock::{Content, Effect, Fault};
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use super::{BASIC, CANARY, KEY, Rig, agent};

/// A request that may go out, with these headers.
fn with(rig: &Rig, headers: &[(&str, &str)]) -> Value {
    let mut message = rig.message("GET", "/v1/opportunities?limit=1");
    message["headers"] = json!(headers);
    message
}

/// Checks that one request went out in all, with the host's credential, and
/// with nothing of what the component wrote.
fn is_the_hosts_own(rig: &Rig, shown: &str) {
    let sent = rig.mock.requests();
    let [seen] = sent.as_slice() else { panic!("{shown}: {}", rig.mock.describe()) };
    let given = seen.headers.iter().filter(|(name, _)| name == "authorization");
    let given: Vec<&str> = given.map(|(_, value)| value.as_str()).collect();
    assert_eq!(given, [format!("Basic {BASIC}")], "{shown}");
    let hosts = seen.headers.iter().filter(|(name, _)| name == "host");
    let hosts: Vec<&str> = hosts.map(|(_, value)| value.as_str()).collect();
    assert_eq!(hosts, [rig.authority()], "{shown}");
    assert!(!format!("{:?}", seen.headers).contains(CANARY), "{shown}: {:?}", seen.headers);
    let harmless = ["authorization", "host", "content-length", "accept", "user-agent"];
    let strange = seen.headers.iter().find(|(name, _)| !harmless.contains(&name.as_str()));
    assert_eq!(strange, None, "{shown}");
}

#[tokio::test]
async fn its_own_credentials_and_routing_give_way_to_the_hosts() {
    let rig = Rig::new().await;
    let rows: [&[(&str, &str)]; 20] = [
        &[],
        &[("authorization", "Basic canary")],
        &[("Authorization", "Bearer canary"), ("AUTHORIZATION", "Basic canary")],
        &[("proxy-authorization", "Basic canary")],
        &[("cookie", "session=canary"), ("set-cookie", "session=canary")],
        &[("host", "canary.example")],
        &[("host", "canary.example"), ("Host", "127.0.0.1")],
        &[(":authority", "canary.example"), (":path", "/v1/users")],
        &[("forwarded", "host=canary"), ("x-forwarded-host", "canary"), ("via", "canary")],
        &[("x-original-url", "/canary"), ("x-rewrite-url", "/canary")],
        &[("x-http-method-override", "CANARY"), ("x-method-override", "canary")],
        // Asks a proxy on the way to drop the credential, or the host to.
        &[("connection", "authorization, canary")],
        &[("connection", "close"), ("keep-alive", "canary"), ("proxy-connection", "canary")],
        &[("te", "trailers, canary"), ("trailer", "authorization"), ("expect", "100-continue")],
        &[("upgrade", "canary"), ("http2-settings", "canary")],
        &[("transfer-encoding", "chunked, canary")],
        // Lines within a header.
        &[("accept", "x\r\nauthorization: Basic canary")],
        &[("accept", "x\nhost: canary"), ("user-agent", "canary\0")],
        &[("x-canary\r\nauthorization", "Basic canary"), ("x-canary: y", "canary")],
        &[("", "canary"), (" host", "canary"), ("host ", "canary"), ("host\t", "canary")],
    ];
    for headers in rows {
        rig.mock.clear_requests();
        let said = rig.says("request", json!([with(&rig, headers)])).await;
        assert!(said.contains("200\n"), "{headers:?}: {said}");
        is_the_hosts_own(&rig, &format!("{headers:?}"));
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn a_second_request_within_the_first_is_never_seen() {
    let rig = Rig::new().await;
    let inner = format!("GET /v1/users HTTP/1.1\r\nhost: {}\r\n\r\n", rig.authority());
    let shorter = (inner.len() / 2).to_string();
    let longer = (inner.len() + 500).to_string();
    let exact = inner.len().to_string();
    let rows: [&[(&str, &str)]; 9] = [
        &[("content-length", "0")],
        &[("content-length", &shorter)],
        &[("content-length", &longer)],
        &[("content-length", "0"), ("content-length", &exact)],
        &[("content-length", &exact), ("content-length", "0")],
        &[("content-length", "+0"), ("accept", "*/*")],
        &[("content-length", "0, 5")],
        &[("transfer-encoding", "chunked"), ("content-length", &exact)],
        &[("transfer-encoding", "identity")],
    ];
    for headers in rows {
        rig.mock.clear_requests();
        let mut message = with(&rig, headers);
        message["body"] = inner.clone().into();
        let said = rig.says("request", json!([message])).await;
        for seen in rig.mock.requests() {
            assert_eq!(
                seen.path,
                "/v1/opportunities",
                "{headers:?}: {said}\n{}",
                rig.mock.describe()
            );
        }
        // And nothing of it is left in a connection that is used again.
        rig.mock.clear_requests();
        let said = rig.says("request", json!([with(&rig, &[])])).await;
        assert!(said.starts_with("200\n"), "{headers:?}: {said}");
        is_the_hosts_own(&rig, &format!("after {headers:?}"));
    }
    rig.is_unharmed().await;
}

#[tokio::test]
async fn trailers_do_not_go_out() {
    let mut rig = Rig::new().await;
    rig.agent = agent(&["notes=full"]);
    let id = rig.mock.store().opportunity_ids().remove(0);
    let mut message = rig.message("POST", &format!("/v1/opportunities/{id}/notes"));
    message["headers"] = json!([["content-type", "application/json"]]);
    message["body"] = r#"{"value":"x"}"#.into();
    message["trailers"] = json!([["authorization", "Basic canary"], ["host", "canary"]]);
    let said = rig.says("request", json!([message])).await;
    assert!(!said.contains("ErrorCode"), "{said}");
    let sent = rig.mock.requests();
    assert_eq!(sent.len(), 1, "{}", rig.mock.describe());
    assert!(!format!("{sent:?}").contains(CANARY), "{sent:?}");
    rig.is_unharmed().await;
}

#[tokio::test]
async fn thousands_of_headers_and_long_ones_are_refused_and_harm_nobody() {
    let rig = Rig::new().await;
    let many = |count: usize| -> Vec<(String, String)> {
        (0..count).map(|n| (format!("x-canary-{n}"), CANARY.to_owned())).collect()
    };
    let long = |size: usize| vec![("accept".to_owned(), "x".repeat(size))];
    let rows = [
        // More than a request may carry.
        (many(65), "header limit"),
        (many(200), "header limit"),
        (long(17 << 10), "header limit"),
        // More than a component may hold.
        (many(2_000), "the component made larger headers than it may"),
        (many(50_000), "the component made larger headers than it may"),
        (long(64 << 10), "the component made larger headers than it may"),
        (long(1 << 20), "the component made larger headers than it may"),
    ];
    for (headers, expected) in rows {
        let shown = format!("{} headers, the first of {}", headers.len(), headers[0].1.len());
        let mut message = with(&rig, &[]);
        message["headers"] = json!(headers);
        match rig.attack("demand", json!([message])).await {
            Err(CallError::Refused(refusal)) => assert_eq!(refusal.rule, expected, "{shown}"),
            Err(CallError::Limit(limit)) => assert_eq!(limit, expected, "{shown}"),
            other => panic!("{shown}: {other:?}"),
        }
    }
    assert_eq!(rig.refused().len(), 3);
    assert!(rig.mock.requests().is_empty(), "{}", rig.mock.describe());
    rig.is_unharmed().await;
}

#[tokio::test]
async fn an_answer_that_echoes_the_credential_in_its_headers_does_not_bring_it_in() {
    let rig = Rig::new().await;
    rig.mock.inject(Fault::new(Effect::Status {
        code: 401,
        body: Content::Empty,
        headers: [
            ("Authorization", format!("Basic {BASIC}")),
            ("X-Echo", format!("you sent Basic {BASIC}")),
            ("X-Key", KEY.to_owned()),
            ("WWW-Authenticate", "Basic realm=\"lever\"".to_owned()),
            ("Set-Cookie", "session=1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into(),
    }));
    let said = rig.says("request", json!([with(&rig, &[])])).await;
    assert!(said.starts_with("401\n"), "{said}");
    for gone in [KEY, BASIC, "authorization", "www-authenticate", "set-cookie", "x-echo", "x-key"] {
        assert!(!said.contains(gone), "{gone} in {said}");
    }
    rig.is_unharmed().await;
}
