//! What every row has in common, driven over loopback for each row: scopes, `perform_as`, unknown
//! keys.
//!
//! Rows come from the table, so that a new one is held to this without a line here.

use std::time::Duration;

use serde_json::json;

use super::{exchange, parsed, send, start, user};
use crate::endpoints::common::resource::{Actor, Row};
use crate::endpoints::rows;
use crate::server::config::{PerformAs, UnknownBody};
use crate::{Config, Mock};

/// A request to the row with ids nobody has, as the bearer of this token.
async fn meet(mock: &Mock, row: &Row, token: &str, query: &str) -> (u16, String) {
    let segments = row.path.split('/');
    let path: Vec<_> = segments.map(|it| if it.starts_with(':') { "none" } else { it }).collect();
    let head = format!(
        "{} /v1{}?{query} HTTP/1.1\r\nauthorization: Bearer {token}\r\n",
        row.method,
        path.join("/")
    );
    let (status, body) = parsed(&exchange(mock, &head, "").await.unwrap());
    (status, body["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_needs_one_of_the_scopes_of_each_row() {
    let mock = start(Config { opportunities: 1, ..Config::default() }).await;
    mock.issue_token("none", &["offline_access"], Duration::MAX);
    for row in rows() {
        let level = if row.method == "GET" { "read" } else { "write" };
        let scopes: Vec<_> = row.scope.iter().map(|it| format!("{it}:{level}:admin")).collect();
        assert!(!scopes.is_empty(), "{row:?}");
        let (status, message) = meet(&mock, row, "none", "").await;
        assert_eq!(status, 403, "{row:?}");
        for scope in &scopes {
            assert!(message.contains(scope), "{message}");
            for scope in [scope.clone(), scope.replace(":read:", ":write:")] {
                mock.issue_token("one", &[&scope], Duration::MAX);
                let (status, message) = meet(&mock, row, "one", "").await;
                assert_ne!(status, 401, "{message}");
                assert!(!message.contains("lacks the scope"), "{scope}: {message}");
            }
        }
        mock.issue_token("reader", &[&scopes[0].replace(":write:", ":read:")], Duration::MAX);
        let (_, message) = meet(&mock, row, "reader", "").await;
        assert_eq!(message.contains("lacks the scope"), level == "write", "{row:?}: {message}");
    }
}

#[tokio::test]
async fn perform_as_is_demanded_checked_or_overlooked_by_row() {
    let mock = start(Config { opportunities: 1, ..Config::default() }).await;
    for row in rows() {
        let (_, without) = meet(&mock, row, crate::ACCESS_TOKEN, "").await;
        let is_missed = without == "Missing required parameter: perform_as";
        assert_eq!(is_missed, row.actor == Actor::Required, "{row:?}: {without}");
        let (_, unknown) = meet(&mock, row, crate::ACCESS_TOKEN, "perform_as=x").await;
        let is_refused = unknown == "Invalid parameter: perform_as";
        let is_looked_at = matches!(row.actor, Actor::Required | Actor::Optional);
        assert_eq!(is_refused, is_looked_at, "{row:?}: {unknown}");
        let strange = !mock.requests().pop().unwrap().unknown_query.is_empty();
        assert_eq!(strange, row.method == "GET", "{row:?}");
    }
    let lax = start(Config { perform_as: PerformAs::Lax, opportunities: 1, ..Config::default() });
    let lax = lax.await;
    for row in rows() {
        let (_, message) = meet(&lax, row, crate::ACCESS_TOKEN, "").await;
        assert!(!message.contains("perform_as"), "{row:?}: {message}");
    }
}

#[tokio::test]
async fn a_token_that_expired_or_was_revoked_is_no_credential() {
    let scoped = vec![("lasting".to_owned(), vec!["stages:read:admin".to_owned()])];
    let mock = start(Config { scoped_tokens: scoped, ..Config::default() }).await;
    let stages = rows().find(|row| row.path == "/stages").unwrap();
    mock.issue_token("late", &["stages:read:admin"], Duration::ZERO);
    for (token, status) in [("lasting", 200), ("late", 401), ("made-up", 401)] {
        assert_eq!(meet(&mock, stages, token, "").await.0, status, "{token}");
    }
    mock.revoke_token("lasting");
    assert_eq!(meet(&mock, stages, "lasting", "").await.0, 401);
}

#[tokio::test]
async fn only_its_own_scope_opens_confidential_records_to_a_token() {
    let mock = start(Config::default()).await;
    let list = rows().find(|row| row.path == "/opportunities" && row.method == "GET").unwrap();
    let read = "opportunities:read:admin";
    mock.issue_token("plain", &[read], Duration::MAX);
    mock.issue_token("deep", &[read, "confidential:access:admin"], Duration::MAX);
    for (token, status) in [("plain", 403), ("deep", 200)] {
        assert_eq!(meet(&mock, list, token, "confidentiality=all").await.0, status, "{token}");
    }
}

#[tokio::test]
async fn unknown_keys_of_a_body_are_told_and_refused_only_if_configured() {
    for (rule, status) in [(UnknownBody::Ignore, 201), (UnknownBody::Refuse, 400)] {
        let mock = start(Config { unknown_body: rule, ..Config::default() }).await;
        let target = format!("/opportunities?perform_as={}", user(&mock));
        let body = json!({"name": "New", "phones": [{"value": "1", "kind": "home"}]});
        let (found, answer) = send(&mock, "POST", &target, &body).await;
        assert_eq!(found, status, "{answer}");
        assert_eq!(mock.requests()[0].unknown_body, ["/phones/0/kind"]);
        let refusal = "Unknown field. at /phones/0/kind";
        assert_eq!(answer["message"] == refusal, status == 400, "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_given_up() {
    let timeout = Duration::from_millis(20);
    let mock = start(Config { upload_timeout: timeout, ..Config::default() }).await;
    let head = format!("PUT /v1/opportunities/x/stage HTTP/1.1\r\nhost: mock\r\n{}", super::AUTH);
    let mut stream = tokio::net::TcpStream::connect(mock.address).await.unwrap();
    let sent = format!("{head}content-length: 9\r\n\r\n{{");
    tokio::io::AsyncWriteExt::write_all(&mut stream, sent.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    let expected = json!({"code": "RequestTimeout", "message": "File took too long to upload."});
    assert_eq!(parsed(&answer), (408, expected));
}

#[tokio::test]
async fn a_body_larger_than_any_is_refused_once_it_was_read() {
    let mock = start(Config::default()).await;
    let id = mock.store().opportunity_ids()[0].clone();
    let before = mock.store().notes(&id);
    let body = json!({"value": "x".repeat(17 << 20)});
    let (status, body) = send(&mock, "POST", &format!("/opportunities/{id}/notes"), &body).await;
    assert_eq!((status, &body["code"]), (413, &json!("PayloadTooLarge")));
    assert!(mock.requests()[0].body.is_empty());
    assert_eq!(mock.store().notes(&id), before);
}
