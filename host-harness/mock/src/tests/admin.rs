//! The admin side, over loopback: what it shows, what it changes, and whom it refuses.

use serde_json::{Value, json};

use super::{exchange_at, get, ids, parsed, send, start};
use crate::{Config, Mock};

async fn started() -> Mock {
    start(Config { admin_port: Some(0), opportunities: 30, ..Config::default() }).await
}

/// Status and JSON of a request to the admin side, which says who sent it where told to.
async fn request(mock: &Mock, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    sent(mock, &format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:1\r\n"), &body).await
}

async fn sent(mock: &Mock, head: &str, body: &str) -> (u16, Value) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(mock.admin.unwrap()).await.unwrap();
    let length = body.len();
    let request = format!("{head}connection: close\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    parsed(&answer)
}

async fn inspect(mock: &Mock, path: &str) -> Value {
    let (status, body) = request(mock, "GET", path, &Value::Null).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

#[tokio::test]
async fn every_route_that_it_lists_is_there() {
    let mock = started().await;
    for entry in inspect(&mock, "/").await.as_array().unwrap() {
        let (method, path) = entry[0].as_str().unwrap().split_once(' ').unwrap();
        let id = &mock.store().opportunity_ids()[0];
        let path = path.replace("KIND", "opportunities").replace("ID", id).replace("NUMBER", "0");
        let body = match (method, path.as_str()) {
            ("POST", "/faults") => json!({"effect": "gzip"}),
            ("PUT", "/settings") => json!({"latency_ms": 0}),
            _ => Value::Null,
        };
        let (status, body) = request(&mock, method, &path, &body).await;
        assert_eq!(status, 200, "{method} {path}: {body}");
    }
    let (status, body) = request(&mock, "GET", "/nothing", &Value::Null).await;
    assert!(status == 404 && body["error"].as_str().unwrap().contains("GET / lists"), "{body}");
    let (status, body) = request(&mock, "GET", "/records/people", &Value::Null).await;
    assert!(status == 404 && body["error"].as_str().unwrap().contains("opportunities"), "{body}");
}

#[tokio::test]
async fn it_tells_the_truth_of_every_record_and_counts_them() {
    let mock = started().await;
    let counts = inspect(&mock, "/counts").await["records"].clone();
    for (kind, count) in counts.as_object().unwrap() {
        let records = inspect(&mock, &format!("/records/{kind}")).await["records"].clone();
        let records = records.as_array().unwrap();
        assert_eq!(json!(records.len()), *count, "{kind}");
        for record in records.iter().take(2) {
            let id = record["id"].as_str().unwrap();
            assert_eq!(inspect(&mock, &format!("/records/{kind}/{id}")).await, *record, "{kind}");
        }
    }
    assert_eq!(counts["opportunities"], json!(30));
    let id = &mock.store().opportunity_ids()[0];
    let truth = mock.store().opportunity(id).unwrap();
    assert_eq!(inspect(&mock, &format!("/records/opportunities/{id}")).await, truth);
}

#[tokio::test]
async fn it_shows_the_requests_and_no_credential() {
    let mock = started().await;
    get(&mock, "/users?limit=1").await;
    send(&mock, "POST", "/opportunities", &json!({})).await;
    let secret =
        "grant_type=refresh_token&refresh_token=not-to-be-seen&client_secret=not-to-be-seen";
    let head = "POST /oauth/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    exchange_at(mock.address, head, secret.as_bytes()).await.unwrap();
    let key = "GET /v0/postings/harborlight?key=not-to-be-seen&mode=json HTTP/1.1\r\n";
    exchange_at(mock.address, key, b"").await.unwrap();

    let seen = inspect(&mock, "/requests").await;
    let text = seen.to_string();
    assert!(!text.contains("not-to-be-seen") && !text.contains("bW9jay1hcGkta2V5Og"), "{text}");
    let rows = seen["requests"].as_array().unwrap();
    assert_eq!(rows[0]["headers"]["authorization"], "Basic [redacted]");
    assert_eq!(
        (&rows[0]["path"], &rows[0]["query"]),
        (&json!("/v1/users"), &json!([["limit", "1"]]))
    );
    assert_eq!((&rows[1]["status"], &rows[1]["body"]), (&json!(400), &json!("{}")));
    let counted = inspect(&mock, "/counts").await["requests"].clone();
    assert_eq!(counted["received"], 4);
    assert_eq!(counted["by_route"]["GET /users"], 1);
    assert_eq!(counted["by_status"], json!({"200": 2, "400": 2}));

    let later = inspect(&mock, &format!("/requests?since={}", rows[3]["number"])).await;
    assert_eq!(later["requests"].as_array().unwrap().len(), 1);
    assert_eq!(request(&mock, "GET", "/requests?from=1", &Value::Null).await.0, 400);
    request(&mock, "DELETE", "/requests", &Value::Null).await;
    assert_eq!(inspect(&mock, "/requests").await, json!({"requests": [], "next": 4}));
}

#[tokio::test]
async fn it_breaks_what_it_is_told_to() {
    let mock = started().await;
    let fault = json!({"effect": {"status": {"code": 503}}, "path": "/stages", "times": 1});
    assert_eq!(request(&mock, "POST", "/faults", &fault).await.0, 200);
    assert_eq!(get(&mock, "/users").await.0, 200);
    assert_eq!(get(&mock, "/stages").await.0, 503);
    assert_eq!(get(&mock, "/stages").await.0, 200);
    assert_eq!(inspect(&mock, "/faults").await, json!({"faults": []}));
    assert_eq!(request(&mock, "POST", "/faults", &json!({"effect": "none"})).await.0, 400);
    request(&mock, "POST", "/faults", &json!({"effect": "reset-before", "times": "always"})).await;
    request(&mock, "DELETE", "/faults", &Value::Null).await;
    assert_eq!(get(&mock, "/stages").await.0, 200);

    let (_, page) = get(&mock, "/opportunities?limit=5").await;
    let next = format!("/opportunities?limit=5&offset={}", page["next"].as_str().unwrap());
    assert_eq!(ids(&get(&mock, &next).await.1).len(), 5);
    let (_, expired) = request(&mock, "POST", "/cursors/expire", &Value::Null).await;
    assert_eq!(expired, json!({"expired": 2}));
    let (status, body) = get(&mock, &next).await;
    assert_eq!((status, &body["message"]), (400, &json!("Invalid offset token")));

    mock.issue_token("soon over", &["users:read:admin"], std::time::Duration::MAX);
    let (_, expired) = request(&mock, "POST", "/tokens/expire", &json!({"refresh": true})).await;
    assert_eq!(expired, json!({"expired": 1}));
    let (status, _) = request(&mock, "POST", "/tokens/expire", &json!({"token": "x"})).await;
    assert_eq!(status, 400);

    let (_, settings) = request(&mock, "PUT", "/settings", &json!({"latency_ms": 3})).await;
    assert_eq!(settings, json!({"latency_ms": 3}));
    assert_eq!(request(&mock, "PUT", "/settings", &json!({"latency": 3})).await.0, 400);
}

#[tokio::test]
async fn it_refuses_what_a_web_page_may_have_sent() {
    let mock = started().await;
    for (head, expected) in [
        ("GET /counts HTTP/1.1\r\nhost: localhost:80\r\n", 200),
        ("GET /counts HTTP/1.1\r\nhost: 127.0.0.1\r\n", 200),
        ("GET /counts HTTP/1.1\r\nhost: rebound.example\r\n", 403),
        ("GET /counts HTTP/1.1\r\nhost: 127.0.0.1.example:80\r\n", 403),
        ("POST /faults HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: https://a.example\r\n", 403),
        ("POST /faults HTTP/1.1\r\nhost: 127.0.0.1\r\norigin: null\r\n", 403),
    ] {
        assert_eq!(sent(&mock, head, "").await.0, expected, "{head}");
    }
}
