//! What every request meets: refusals, the rate limit, a connection that is kept.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{AUTH, exchange, parsed, send, start};
use crate::{Config, Mock, Rate, RetryAfter, UnknownQuery};

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
    let (bad, no_access) =
        ("BadRequestError", "The credential has no access to confidential data.");
    let rows = [
        ("GET", "/x", Value::Null, 404, "ResourceNotFound", "/v1/x does not exist"),
        ("GET", "/stages/x", Value::Null, 404, "ResourceNotFound", "Stage was not found"),
        ("PUT", "/stages", json!({}), 405, "MethodNotAllowed", "PUT is not allowed"),
        ("POST", "/opportunities", json!({}), 400, bad, "Missing required parameter: perform_as"),
        (
            "POST",
            "/opportunities?perform_as=x",
            json!({}),
            400,
            bad,
            "Invalid parameter: perform_as",
        ),
        ("PUT", &known, json!({}), 400, bad, "Required field is missing. at /stage"),
        ("PUT", &known, json!({"stage": "x"}), 400, bad, "Stage was not found. at /stage"),
        ("PUT", &known, json!([]), 400, bad, "The request body must be a JSON object."),
        (
            "GET",
            "/opportunities?limit=101",
            Value::Null,
            400,
            bad,
            "limit must be between 1 and 100",
        ),
        ("GET", "/opportunities?bogus=1", Value::Null, 400, bad, "Unknown parameter: bogus"),
        (
            "GET",
            "/opportunities?confidentiality=all",
            Value::Null,
            403,
            "ForbiddenError",
            no_access,
        ),
        ("GET", &hidden, Value::Null, 403, "ForbiddenError", no_access),
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
