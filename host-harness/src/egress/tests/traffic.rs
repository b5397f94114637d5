use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use wasmtime_wasi_http::{Error, WasiBody, WasiHttpHooks};

use super::super::{Hooks, Network, Summary, Traffic, Wire};
use super::{Server, text};
use crate::audit::trail::Trail;
use crate::audit::{Audit, Decision, Record};
use crate::credentials::Credential;
use crate::limiter::Limiter;
use crate::policy::{Agent, CallScope};
use crate::upstream::Upstream;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

const SECRET: &str = "a-key-of-the-hosts";

/// A call of `opportunities.list-all` by an agent that may read opportunities.
struct Call {
    hooks: Hooks,
    traffic: Arc<Traffic>,
    audit: Audit,
}

fn call(server: &Server, audit: Audit) -> Call {
    let upstream = format!("http://127.0.0.1:{}/v1", server.port).parse().unwrap();
    let credential = Credential::api_key(SECRET).unwrap();
    let loopback = Network { allow_loopback: true, ..Network::default() };
    let wire =
        Wire::new(upstream, Some(credential.into()), &Limiter::default(), &loopback).unwrap();
    let agent = Agent::from_grants("sourcer", &["opportunities=read".to_owned()]).unwrap();
    let scope = CallScope::new("opportunities", "list-all");
    let trail = Trail::new(audit.clone(), &agent.name, "0123", scope.id().to_owned(), "127.0.0.1");
    let traffic = Traffic::new(Arc::new(wire), agent, scope, trail);
    Call { hooks: Hooks::new(Arc::clone(&traffic)), traffic, audit }
}

impl Call {
    async fn send(
        &mut self,
        request: http::Request<WasiBody>,
    ) -> Result<http::Response<WasiBody>, Error> {
        let nothing = Box::new(std::future::ready(Ok(())));
        let future = self.hooks.send_request(request, None, nothing);
        Pin::from(future).await.map(|(response, _)| response)
    }

    async fn finish(&self) -> (Summary, Vec<Record>) {
        let summary = self.traffic.finish(Duration::from_secs(1)).await;
        (summary, self.audit.records())
    }
}

fn get(server: &Server, path: &str) -> http::Request<WasiBody> {
    http::Request::get(format!("http://127.0.0.1:{}{path}", server.port)).body(text("")).unwrap()
}

#[tokio::test]
async fn an_admitted_request_carries_the_hosts_credential_and_not_the_guests() {
    let server = Server::answering(OK).await;
    let mut call = call(&server, Audit::in_memory());
    let mut request = get(&server, "/v1/opportunities?limit=2");
    for (name, value) in [
        ("authorization", "Basic Z3Vlc3Q6"),
        ("cookie", "a=b"),
        ("x-forwarded-host", "evil.example"),
        ("x-http-method-override", "DELETE"),
        ("accept", "application/json"),
    ] {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = call.send(request).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    let heads = server.heads();
    let head = heads[0].to_ascii_lowercase();
    let expected = Credential::api_key(SECRET).unwrap().authorization();
    assert!(head.starts_with("get /v1/opportunities?limit=2 http/1.1\r\n"), "{head}");
    assert!(heads[0].contains(expected.to_str().unwrap()));
    assert!(head.contains("accept: application/json"));
    assert!(head.contains(&format!("host: 127.0.0.1:{}\r\n", server.port)));
    for gone in ["z3vlc3q6", "cookie", "evil.example", "override"] {
        assert!(!heads[0].to_ascii_lowercase().contains(gone), "{gone}");
    }
    let (summary, records) = call.finish().await;
    assert_eq!(summary.sent, 1);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].decision, Decision::Allowed);
    assert_eq!(records[0].status, Some(200));
    assert_eq!(records[0].route.as_deref(), Some("/opportunities"));
    assert!(!serde_json::to_string(&records).unwrap().contains("limit"));
}

#[tokio::test]
async fn a_refused_request_reaches_nobody_and_is_recorded() {
    let server = Server::answering(OK).await;
    let mut call = call(&server, Audit::in_memory());
    let port = server.port;
    let requests = [
        http::Request::put(format!("http://127.0.0.1:{port}/v1/opportunities/1/stage")),
        http::Request::get(format!("http://127.0.0.1:{port}/v1/opportunities/1/notes")),
        http::Request::get(format!("http://127.0.0.1:{port}/v1/opportunities/../users")),
        http::Request::get(format!("http://127.0.0.1:{port}/v1/opportunities/%2e%2e/users")),
        http::Request::get(format!("http://127.0.0.1:{port}/v2/opportunities")),
        http::Request::get(format!("http://127.0.0.2:{port}/v1/opportunities")),
        http::Request::get("http://127.0.0.1:1/v1/opportunities".to_owned()),
        http::Request::get(format!("https://127.0.0.1:{port}/v1/opportunities")),
        http::Request::get(format!("http://127.0.0.1:{port}@evil.example/v1/opportunities")),
    ];
    let count = requests.len();
    for request in requests {
        let request = request.body(text("")).unwrap();
        let shown = format!("{} {}", request.method(), request.uri());
        let error = call.send(request).await.unwrap_err();
        assert!(matches!(error, Error::HttpRequestDenied), "{shown}: {error}");
    }
    assert_eq!(server.connections(), 0);
    let (summary, records) = call.finish().await;
    assert_eq!(summary.sent, 0);
    assert!(summary.refusal.is_some());
    assert_eq!(records.len(), count);
    assert!(records.iter().all(|record| record.decision == Decision::Refused));
}

#[tokio::test]
async fn a_download_is_not_led_to_a_name_that_resolves_to_this_machine() {
    let wire =
        Wire::new(Upstream::default(), None, &Limiter::default(), &Network::default()).unwrap();
    let agent = Agent::from_grants("sourcer", &["files=read".to_owned()]).unwrap();
    let agent = agent.with_download_host("localhost").unwrap();
    let scope = CallScope::new("files", "download");
    let audit = Audit::in_memory();
    let trail = Trail::new(audit.clone(), &agent.name, "0123", scope.id().to_owned(), "x");
    let traffic = Traffic::new(Arc::new(wire), agent, scope, trail);
    let place = "https://localhost/secret?signature=secret";
    traffic.point_to(place);
    let mut call = Call { hooks: Hooks::new(Arc::clone(&traffic)), traffic, audit };
    let request = http::Request::get(place).body(text("")).unwrap();
    let error = call.send(request).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error}");
    let (summary, records) = call.finish().await;
    assert_eq!(summary.sent, 0);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(record.rule, "loopback addresses are not connected to");
    assert_eq!((record.decision, record.host.as_deref()), (Decision::Refused, Some("localhost")));
    let refusal = summary.refusal.unwrap();
    assert!(!format!("{record:?} {refusal:?}").contains("secret"), "{record:?} {refusal:?}");
}

#[tokio::test]
async fn too_many_headers_are_an_error_and_no_panic() {
    let server = Server::answering(OK).await;
    let mut call = call(&server, Audit::in_memory());
    let mut request = get(&server, "/v1/opportunities");
    for n in 0..20_000 {
        request.headers_mut().append("accept", n.into());
    }
    let error = call.send(request).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestHeaderSectionSize(None)), "{error}");
    assert_eq!(server.connections(), 0);
    assert_eq!(call.finish().await.1.len(), 1);
}

#[tokio::test]
async fn a_call_that_goes_on_after_a_hundred_refusals_must_end() {
    let server = Server::answering(OK).await;
    let mut call = call(&server, Audit::in_memory());
    for n in 0..100 {
        let ended = tokio::time::timeout(Duration::ZERO, call.traffic.must_end()).await.is_ok();
        assert!(!ended, "after {n}");
        call.send(get(&server, "/v1/users")).await.unwrap_err();
    }
    call.traffic.must_end().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn nothing_more_goes_out_once_a_record_could_not_be_written() {
    let server = Server::answering(OK).await;
    let mut call = call(&server, Audit::to_file("/dev/full").unwrap());
    call.send(get(&server, "/v1/opportunities")).await.unwrap();
    call.traffic.must_end().await;
    let error = call.send(get(&server, "/v1/opportunities")).await.unwrap_err();
    assert!(matches!(error, Error::HttpRequestDenied), "{error}");
    assert_eq!(server.heads().len(), 1);
}

#[tokio::test]
async fn a_request_that_the_guest_lets_go_of_is_recorded_as_abandoned() {
    let server = Server::answering("").await;
    let mut call = call(&server, Audit::in_memory());
    let sending = call.send(get(&server, "/v1/opportunities"));
    assert!(tokio::time::timeout(Duration::from_millis(50), sending).await.is_err());
    let (summary, records) = call.finish().await;
    assert_eq!(summary.sent, 1);
    assert_eq!(records[0].error.as_deref(), Some("abandoned"));
    assert_eq!(records[0].outcome, None, "a read changes nothing");
}

#[tokio::test]
async fn a_429_holds_the_next_request_back_as_long_as_it_says() {
    let answer = "HTTP/1.1 429 Too Many\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n";
    let server = Server::answering(answer).await;
    let mut call = call(&server, Audit::in_memory());
    assert_eq!(call.send(get(&server, "/v1/opportunities")).await.unwrap().status(), 429);
    let next = call.send(get(&server, "/v1/opportunities"));
    assert!(tokio::time::timeout(Duration::from_millis(150), next).await.is_err());
    assert_eq!(server.heads().len(), 1);
    let (summary, records) = call.finish().await;
    assert_eq!(summary.sent, 1);
    assert_eq!(records[1].outcome.as_deref(), Some("not-sent"));
}

#[tokio::test]
async fn sixty_four_requests_are_in_flight_at_most() {
    let list = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{\"data\":[]}";
    let server = Server::answering(list).await;
    let mut call = call(&server, Audit::in_memory());
    // Bodies that nobody reads keep their places.
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(call.send(get(&server, "/v1/opportunities")).await.unwrap());
    }
    assert_eq!(call.traffic.free_places(), 44);
    drop(held);
    assert_eq!(call.traffic.free_places(), 64);
}
