//! The mock driven over loopback by a client of a few lines.
//!
//! One server for each test on its own port; what the pure parts do is tested beside them.

mod access;
mod admin;
mod applying;
mod breaking;
mod deleted;
mod feedback;
mod forms;
mod oauth;
mod papers;
mod postings;
mod resources;
mod scheduling;
mod users;
mod writing;

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Config, Mock, Rate, RetryAfter, UnknownQuery};

/// `mock-api-key:` in Basic form.
const AUTH: &str = "authorization: Basic bW9jay1hcGkta2V5Og==\r\n";

/// Everything the server sends on one connection.
async fn exchange(mock: &Mock, head: &str, body: &str) -> std::io::Result<String> {
    let answer = exchange_at(mock.address, head, body.as_bytes()).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

async fn exchange_at(address: SocketAddr, head: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let head = format!("{head}host: mock\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Parts of a form: what follows `form-data; ` in the disposition, and the bytes.
type Parts<'p> = &'p [(&'p str, &'p [u8])];

/// A form of these parts.
fn form(parts: Parts) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, bytes) in parts {
        let head = format!("--edge\r\nContent-Disposition: form-data; {disposition}\r\n\r\n");
        body.extend([head.as_bytes(), bytes, b"\r\n"].concat());
    }
    body.extend(b"--edge--\r\n");
    body
}

/// Status and JSON body of a form sent with a good credential.
async fn post_form(mock: &Mock, target: &str, parts: Parts<'_>) -> (u16, Value) {
    let head = format!(
        "POST /v1{target} HTTP/1.1\r\n{AUTH}content-type: multipart/form-data; boundary=edge\r\n"
    );
    let answer = exchange_at(mock.address, &head, &form(parts)).await.unwrap();
    parsed(std::str::from_utf8(&answer).unwrap())
}

/// Head and bytes of a GET with a good credential.
async fn fetch(mock: &Mock, target: &str) -> (String, Vec<u8>) {
    let head = format!("GET /v1{target} HTTP/1.1\r\n{AUTH}");
    parted(&exchange_at(mock.address, &head, b"").await.unwrap())
}

fn parted(answer: &[u8]) -> (String, Vec<u8>) {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

/// The value of a header in a head.
fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Status and JSON body (null when empty) of a request with a good credential.
async fn send(mock: &Mock, method: &str, target: &str, body: &Value) -> (u16, Value) {
    let head = format!("{method} /v1{target} HTTP/1.1\r\n{AUTH}content-type: application/json\r\n");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    parsed(&exchange(mock, &head, &body).await.unwrap())
}

fn parsed(answer: &str) -> (u16, Value) {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() })
}

async fn get(mock: &Mock, target: &str) -> (u16, Value) {
    send(mock, "GET", target, &Value::Null).await
}

fn ids(body: &Value) -> Vec<String> {
    let rows = body["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// A mock without rate limit.
async fn start(config: Config) -> Mock {
    Mock::start(Config { rate: None, ..config }).await.unwrap()
}

/// The first opportunity that fits, with its id.
fn first(mock: &Mock, fits: impl Fn(&Value) -> bool) -> (String, Value) {
    let store = mock.store();
    let rows = store.opportunity_ids().into_iter();
    let mut rows = rows.map(|id| (id.clone(), store.opportunity(&id).unwrap()));
    rows.find(|(_, row)| fits(row)).unwrap()
}

/// The names of the events the last write fired.
fn fired(mock: &Mock) -> Vec<&'static str> {
    mock.service.lock().state.events.iter().map(|event| event.name).collect()
}

fn user(mock: &Mock) -> String {
    mock.store().users()[0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn following_next_meets_every_opportunity_once_in_order() {
    let mock = start(Config::default()).await;
    for spelled in ["raw", "encoded"] {
        let mut met = Vec::new();
        let mut target = "/opportunities?limit=40".to_owned();
        loop {
            let (status, body) = get(&mock, &target).await;
            assert_eq!(status, 200, "{}", mock.describe());
            met.extend(ids(&body));
            assert_eq!(body["hasNext"].as_bool(), Some(body.get("next").is_some()));
            let Some(next) = body.get("next").and_then(Value::as_str) else { break };
            let next = match spelled {
                "raw" => next.to_owned(),
                _ => form_urlencoded::byte_serialize(next.as_bytes()).collect(),
            };
            target = format!("/opportunities?limit=40&offset={next}");
        }
        assert_eq!(met, mock.store().opportunity_ids(), "{spelled}");
    }
    assert!(mock.requests().iter().all(|seen| seen.unknown_query.is_empty()));
}

#[tokio::test]
async fn a_token_of_another_query_is_refused() {
    let mock = start(Config::default()).await;
    let (_, body) = get(&mock, "/opportunities?limit=1&archived=false").await;
    let next = body["next"].as_str().unwrap();
    let target = |filter| format!("/opportunities?limit=1&{filter}&offset={next}");
    assert_eq!(get(&mock, &target("archived=true")).await.0, 400);
    assert_eq!(get(&mock, &target("archived=false")).await.0, 200);
}

#[tokio::test]
async fn every_filter_lists_exactly_the_records_that_fit() {
    let mock = start(Config { confidential_access: true, ..Config::default() }).await;
    let store = mock.store();
    let all: Vec<_> =
        store.all_opportunity_ids().iter().map(|id| store.opportunity(id).unwrap()).collect();
    let (_, archived) = first(&mock, |row| {
        !row["archived"].is_null() && !row["emails"].as_array().unwrap().is_empty()
    });
    let reason = archived["archived"]["reason"].as_str().unwrap().to_owned();
    let email = archived["emails"][0].as_str().unwrap().to_owned();
    let at = archived["createdAt"].as_u64().unwrap();
    let open = |row: &Value| row["confidentiality"] == "non-confidential";
    let has = |row: &Value, list: &str, text: &str| {
        row[list].as_array().unwrap().iter().any(|it| it == text)
    };
    type Fits<'a> = Box<dyn Fn(&Value) -> bool + 'a>;
    let rows: Vec<(String, Fits)> = vec![
        ("confidentiality=all".into(), Box::new(|_| true)),
        ("confidentiality=confidential".into(), Box::new(move |row| !open(row))),
        (
            "tag=Rust&tag=senior".into(),
            Box::new(move |row| {
                open(row) && (has(row, "tags", "Rust") || has(row, "tags", "senior"))
            }),
        ),
        (
            "tag=Rust&origin=applied".into(),
            Box::new(move |row| {
                open(row) && has(row, "tags", "Rust") && row["origin"] == "applied"
            }),
        ),
        (
            "source=LinkedIn".into(),
            Box::new(move |row| open(row) && has(row, "sources", "LinkedIn")),
        ),
        (
            "stage_id=lead-new&stage_id=offer".into(),
            Box::new(move |row| {
                open(row) && (row["stage"] == "lead-new" || row["stage"] == "offer")
            }),
        ),
        ("archived=true".into(), Box::new(move |row| open(row) && !row["archived"].is_null())),
        ("snoozed=true".into(), Box::new(move |row| open(row) && !row["snoozedUntil"].is_null())),
        (
            "location=unspecified".into(),
            Box::new(move |row| open(row) && row.get("opportunityLocation").is_none()),
        ),
        (
            "location=Lisbon".into(),
            Box::new(move |row| open(row) && row["opportunityLocation"] == "Lisbon"),
        ),
        (
            format!("archive_reason_id={reason}"),
            Box::new(|row| open(row) && row["archived"]["reason"] == reason.as_str()),
        ),
        (
            format!("email={}", email.to_uppercase()),
            Box::new(|row| open(row) && has(row, "emails", &email)),
        ),
        (
            format!("contact_id={}", archived["contact"].as_str().unwrap()),
            Box::new(|row| open(row) && row["contact"] == archived["contact"]),
        ),
        (
            format!("created_at_start={at}&created_at_end={at}"),
            Box::new(move |row| open(row) && row["createdAt"] == at),
        ),
        (
            "updated_at_start=0".into(),
            Box::new(move |row| open(row) && !row["updatedAt"].is_null()),
        ),
    ];
    for (query, fits) in rows {
        let expected: Vec<_> = all.iter().filter(|row| fits(row)).cloned().collect();
        assert!(!expected.is_empty(), "{query} fits nothing");
        let mut found = Vec::new();
        let mut offset = String::new();
        loop {
            let (_, body) = get(&mock, &format!("/opportunities?{query}{offset}")).await;
            found.extend(body["data"].as_array().unwrap().clone());
            let Some(next) = body.get("next").and_then(Value::as_str) else { break };
            offset = format!("&offset={next}");
        }
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn refusals_read_as_levers() {
    let mock = start(Config { unknown_query: UnknownQuery::Refuse, ..Config::default() }).await;
    let store = mock.store();
    let hidden = store
        .all_opportunity_ids()
        .into_iter()
        .find(|id| store.opportunity(id).unwrap()["confidentiality"] == "confidential");
    let hidden = format!("/opportunities/{}", hidden.unwrap());
    let known = format!("/opportunities/{}/stage", store.opportunity_ids()[0]);
    let rows = [
        ("GET", "/x", Value::Null, 404, "ResourceNotFound", "/v1/x does not exist"),
        ("GET", "/stages/x", Value::Null, 404, "ResourceNotFound", "Stage was not found"),
        ("PUT", "/stages", json!({}), 405, "MethodNotAllowed", "PUT is not allowed"),
        (
            "POST",
            "/opportunities",
            json!({}),
            400,
            "BadRequestError",
            "Missing required parameter: perform_as",
        ),
        (
            "POST",
            "/opportunities?perform_as=x",
            json!({}),
            400,
            "BadRequestError",
            "Invalid parameter: perform_as",
        ),
        ("PUT", &known, json!({}), 400, "BadRequestError", "Required field is missing. at /stage"),
        (
            "PUT",
            &known,
            json!({"stage": "x"}),
            400,
            "BadRequestError",
            "Stage was not found. at /stage",
        ),
        (
            "PUT",
            &known,
            json!([]),
            400,
            "BadRequestError",
            "The request body must be a JSON object.",
        ),
        (
            "GET",
            "/opportunities?limit=101",
            Value::Null,
            400,
            "BadRequestError",
            "limit must be between 1 and 100",
        ),
        (
            "GET",
            "/opportunities?bogus=1",
            Value::Null,
            400,
            "BadRequestError",
            "Unknown parameter: bogus",
        ),
        (
            "GET",
            "/opportunities?confidentiality=all",
            Value::Null,
            403,
            "ForbiddenError",
            "The credential has no access to confidential data.",
        ),
        (
            "GET",
            &hidden,
            Value::Null,
            403,
            "ForbiddenError",
            "The credential has no access to confidential data.",
        ),
    ];
    for (method, target, body, status, code, message) in rows {
        let expected = (status, json!({"code": code, "message": message}));
        assert_eq!(send(&mock, method, target, &body).await, expected, "{method} {target}");
    }
    let unauthorized = exchange(&mock, "GET /v1/x HTTP/1.1\r\n", "").await.unwrap();
    let message = "The request requires authentication.";
    let expected = json!({"code": "UnauthorizedError", "message": message});
    assert_eq!(parsed(&unauthorized), (401, expected));
    assert!(mock.requests().iter().all(|seen| !seen.is_applied));
}

#[tokio::test]
async fn expanded_fields_survive_an_include_of_others() {
    let mock = start(Config::default()).await;
    let (id, plain) = first(&mock, |row| !row["applications"].as_array().unwrap().is_empty());
    let target = format!(
        "/opportunities/{id}?include=name&expand=applications&expand=stage&expand=owner&expand=contact"
    );
    let (_, body) = get(&mock, &target).await;
    let mut keys: Vec<_> = body["data"].as_object().unwrap().keys().cloned().collect();
    keys.sort();
    assert_eq!(keys, ["applications", "contact", "id", "name", "owner", "stage"]);
    assert_eq!(body["data"]["stage"]["id"], plain["stage"]);
    assert_eq!(body["data"]["owner"]["id"], plain["owner"]);
    assert_eq!(body["data"]["contact"]["id"], plain["contact"]);
    assert_eq!(body["data"]["applications"][0]["opportunityId"], id.as_str());
    assert_eq!(body["data"]["applications"][0].as_object().unwrap().len(), 23);
}

#[tokio::test]
async fn set_up_lists_are_filtered_as_asked() {
    let mock = start(Config::default()).await;
    let rows = [
        ("/stages", 12),
        ("/archive_reasons", 9),
        ("/archive_reasons?type=hired", 2),
        ("/users", 15),
        ("/users?includeDeactivated=true", 18),
        ("/users?accessRole=super%20admin", 2),
        ("/users?accessRole[]=super+admin&accessRole[]=admin", 4),
        ("/users?email=MIRA.okafor@harborlight.example", 1),
        ("/users?external_directory_id=HL-1000", 1),
        ("/postings?state=published", 5),
    ];
    for (target, count) in rows {
        let (_, body) = get(&mock, target).await;
        assert_eq!(ids(&body).len(), count, "{target}");
    }
    let (_, tags) = get(&mock, "/tags").await;
    assert!(tags["data"][0]["count"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn requests_over_the_limit_answer_429_with_a_header_only_if_told() {
    for (retry_after, has_header) in [(None, false), (Some(RetryAfter::Seconds), true)] {
        let rate = Some(Rate { per_second: 1, burst: 2, retry_after });
        let mock = Mock::start(Config { rate, ..Config::default() }).await.unwrap();
        let head = format!("GET /v1/stages HTTP/1.1\r\n{AUTH}");
        for status in [200, 200, 429] {
            let answer = exchange(&mock, &head, "").await.unwrap();
            assert_eq!(parsed(&answer).0, status);
            assert!(answer.contains("server: lever-data-api\r\nx-lever-region: global\r\n"));
            assert_eq!(answer.contains("retry-after: 1\r\n"), has_header && status == 429);
        }
    }
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let mock = start(Config::default()).await;
    let mut stream = TcpStream::connect(mock.address).await.unwrap();
    for path in ["/v1/stages/offer", "/v1/stages/lead-new"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: mock\r\n{AUTH}\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("}}") {
            let mut part = [0; 1024];
            let read = stream.read(&mut part).await.unwrap();
            assert!(read > 0, "closed after {answer}");
            answer.push_str(std::str::from_utf8(&part[..read]).unwrap());
        }
    }
    drop(mock);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}
