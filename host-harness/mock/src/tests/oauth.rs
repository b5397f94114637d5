//! The authorization server over loopback: what it hands out, what it takes back, and what it
//! refuses.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{exchange, parsed, start};
use crate::{CLIENT_ID, CLIENT_SECRET, Config, Fault, Mock, REDIRECT_URI};

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A sound request to authorize.
const SOUND: [(&str, &str); 6] = [
    ("client_id", CLIENT_ID),
    ("redirect_uri", REDIRECT_URI),
    ("response_type", "code"),
    ("state", "s t&1"),
    ("audience", "https://api.lever.co/v1/"),
    ("scope", "stages:read:admin offline_access"),
];

/// The sound request with one parameter changed, or left out.
fn but(name: &str, value: Option<&'static str>) -> Vec<(&'static str, &'static str)> {
    let changed = SOUND.iter().map(|(key, old)| match (*key == name, value) {
        (true, value) => (*key, value),
        (false, _) => (*key, Some(*old)),
    });
    changed.filter_map(|(key, value)| Some((key, value?))).collect()
}

/// Status, and the query that the browser is sent back with.
async fn authorize(mock: &Mock, pairs: &[(&str, &str)]) -> (u16, HashMap<String, String>) {
    let head = format!("GET /authorize?{} HTTP/1.1\r\n", encoded(pairs));
    let answer = exchange(mock, &head, "").await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    let query = location.map(|location| {
        let query = location.strip_prefix(&format!("{REDIRECT_URI}?")).unwrap();
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    });
    (status, query.unwrap_or_default())
}

async fn code(mock: &Mock) -> String {
    let (status, back) = authorize(mock, &SOUND).await;
    assert_eq!((status, back["state"].as_str()), (302, "s t&1"), "{back:?}");
    back["code"].clone()
}

async fn post(mock: &Mock, pairs: &[(&str, &str)]) -> (u16, Value) {
    let head = "POST /oauth/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n";
    parsed(&exchange(mock, head, &encoded(pairs)).await.unwrap())
}

async fn with_code(mock: &Mock, code: &str) -> (u16, Value) {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("redirect_uri", REDIRECT_URI),
        ("code", code),
    ];
    post(mock, &pairs).await
}

async fn refresh(mock: &Mock, token: &str) -> (u16, Value) {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", token),
    ];
    post(mock, &pairs).await
}

/// The status that an access token gets for stages, and for users.
async fn meets(mock: &Mock, token: &str) -> (u16, u16) {
    let get = async |path: &str| {
        let head = format!("GET /v1{path} HTTP/1.1\r\nauthorization: Bearer {token}\r\n");
        parsed(&exchange(mock, &head, "").await.unwrap()).0
    };
    (get("/stages").await, get("/users").await)
}

fn text<'v>(answer: &'v Value, name: &str) -> &'v str {
    answer[name].as_str().unwrap_or_else(|| panic!("{answer}"))
}

#[tokio::test]
async fn a_code_becomes_tokens_that_open_what_their_scopes_say() {
    let mock = start(Config::default()).await;
    let (status, tokens) = with_code(&mock, &code(&mock).await).await;
    assert_eq!(status, 200);
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(tokens["scope"], "stages:read:admin offline_access");
    let first = text(&tokens, "access_token");
    assert_eq!(meets(&mock, first).await, (200, 403));
    let (status, next) = refresh(&mock, text(&tokens, "refresh_token")).await;
    assert_eq!(status, 200);
    assert_ne!(next["refresh_token"], tokens["refresh_token"]);
    assert_eq!(meets(&mock, text(&next, "access_token")).await, (200, 403));
    assert_eq!(meets(&mock, first).await, (200, 403), "it goes on to its end");
    mock.pass_time(Duration::from_secs(3600));
    assert_eq!(meets(&mock, first).await, (401, 401));
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let mock = start(Config::default()).await;
    let (_, back) = authorize(&mock, &but("scope", Some("stages:read:admin"))).await;
    let (status, tokens) = with_code(&mock, &back["code"]).await;
    assert_eq!((status, tokens.get("refresh_token")), (200, None));
}

#[tokio::test]
async fn what_is_not_right_is_sent_back_as_an_error_or_not_at_all() {
    let mock = start(Config::default()).await;
    let many = Box::leak("stages:read:admin ".repeat(21).into_boxed_str()).trim();
    let rows = [
        ("client_id", None, 400, None),
        ("client_id", Some("other"), 403, None),
        ("redirect_uri", None, 400, None),
        ("redirect_uri", Some("http://localhost:8910/callback/"), 403, None),
        ("redirect_uri", Some("https://evil.example/"), 403, None),
        ("state", None, 302, Some("invalid_request")),
        ("response_type", None, 302, Some("invalid_request")),
        ("response_type", Some("token"), 302, Some("unsupported_response_type")),
        ("audience", None, 302, Some("invalid_request")),
        ("audience", Some("https://api.lever.co/v1"), 302, Some("access_denied")),
        ("scope", None, 302, Some("invalid_request")),
        ("scope", Some(" "), 302, Some("invalid_request")),
        ("scope", Some("stages:write:admin"), 302, Some("invalid_scope")),
        ("scope", Some(many), 302, Some("invalid_scope")),
    ];
    for (name, value, status, error) in rows {
        let (found, back) = authorize(&mock, &but(name, value)).await;
        assert_eq!(found, status, "{name}={value:?}");
        assert_eq!(back.get("error").map(String::as_str), error, "{name}={value:?}");
        assert!(!back.contains_key("code"), "{name}={value:?}");
        let sent_back = error.is_some() && name != "state";
        assert_eq!(back.contains_key("state"), sent_back, "{name}={value:?}");
    }
    let twice = [&SOUND[..], &[("scope", "stages:read:admin")]].concat();
    assert_eq!(authorize(&mock, &twice).await.1["error"], "invalid_request");
}

#[tokio::test]
async fn whoever_is_asked_may_say_no() {
    let mock = start(Config::default()).await;
    mock.refuse_authorization("access_denied", "Not by me & mine");
    let (status, back) = authorize(&mock, &SOUND).await;
    assert_eq!(status, 302);
    assert_eq!((&*back["error"], &*back["state"]), ("access_denied", "s t&1"));
    assert_eq!(back["error_description"], "Not by me & mine");
}

#[tokio::test]
async fn a_code_is_good_once_for_a_minute_and_for_its_address() {
    let mock = start(Config::default()).await;
    mock.register_redirect("http://127.0.0.1:1/");
    let elsewhere = code(&mock).await;
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("redirect_uri", "http://127.0.0.1:1/"),
        ("code", &elsewhere),
    ];
    assert_eq!(post(&mock, &pairs).await.1["error"], "invalid_grant");
    assert_eq!(with_code(&mock, "made-up").await.1["error"], "invalid_grant");

    let used = code(&mock).await;
    let (_, tokens) = with_code(&mock, &used).await;
    let (status, again) = with_code(&mock, &used).await;
    assert_eq!((status, &again["error"]), (403, &json!("invalid_grant")));
    // It is over.
    assert_eq!(meets(&mock, text(&tokens, "access_token")).await.0, 401);
    assert_eq!(refresh(&mock, text(&tokens, "refresh_token")).await.0, 403);

    let (late, in_time) = (code(&mock).await, code(&mock).await);
    mock.pass_time(Duration::from_secs(59));
    assert_eq!(with_code(&mock, &in_time).await.0, 200);
    mock.pass_time(Duration::from_secs(1));
    assert_eq!(with_code(&mock, &late).await.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_second_use_of_a_refresh_token_ends_the_family_and_no_other() {
    let mock = start(Config::default()).await;
    let (_, other) = with_code(&mock, &code(&mock).await).await;
    let (_, first) = with_code(&mock, &code(&mock).await).await;
    let (_, second) = refresh(&mock, text(&first, "refresh_token")).await;
    let (status, again) = refresh(&mock, text(&first, "refresh_token")).await;
    assert_eq!((status, &again["error"]), (403, &json!("invalid_grant")));
    assert_eq!(refresh(&mock, text(&second, "refresh_token")).await.0, 403);
    for tokens in [&first, &second] {
        assert_eq!(meets(&mock, text(tokens, "access_token")).await.0, 401);
    }
    assert_eq!(meets(&mock, text(&other, "access_token")).await.0, 200);
    assert_eq!(refresh(&mock, text(&other, "refresh_token")).await.0, 200);
}

#[tokio::test]
async fn logins_can_be_ended_and_access_tokens_go_on() {
    let mock = start(Config::default()).await;
    let (_, tokens) = with_code(&mock, &code(&mock).await).await;
    mock.end_logins();
    assert_eq!(refresh(&mock, text(&tokens, "refresh_token")).await.1["error"], "invalid_grant");
    assert_eq!(meets(&mock, text(&tokens, "access_token")).await.0, 200);
}

#[tokio::test]
async fn a_wrong_form_is_refused_by_its_name() {
    let mock = start(Config::default()).await;
    let sound = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("refresh_token", "x"),
    ];
    let rows = [
        ("grant_type", None, 400, "invalid_request"),
        ("grant_type", Some("password"), 400, "unsupported_grant_type"),
        ("client_id", None, 400, "invalid_request"),
        ("client_id", Some("other"), 401, "invalid_client"),
        ("client_secret", Some("other"), 401, "invalid_client"),
        ("refresh_token", None, 400, "invalid_request"),
        ("refresh_token", Some("x"), 403, "invalid_grant"),
    ];
    for (name, value, status, error) in rows {
        let pairs: Vec<_> = sound
            .iter()
            .filter_map(|(key, old)| Some((*key, if *key == name { value? } else { old })))
            .collect();
        let (found, answer) = post(&mock, &pairs).await;
        assert_eq!((found, &answer["error"]), (status, &json!(error)), "{name}={value:?}");
        assert!(answer["error_description"].is_string());
    }
    let twice = [&sound[..], &sound[3..]].concat();
    assert_eq!(post(&mock, &twice).await.1["error"], "invalid_request");
    let head = "POST /oauth/token HTTP/1.1\r\ncontent-type: application/json\r\n";
    let answer = exchange(&mock, head, "{}").await.unwrap();
    assert_eq!(parsed(&answer).1["error"], "invalid_request");
    assert!(answer.contains("cache-control: no-store"));
    let answer = exchange(&mock, "GET /oauth/token HTTP/1.1\r\n", "").await.unwrap();
    assert_eq!(parsed(&answer).0, 405);
}

#[tokio::test]
async fn faults_hit_it_too_and_requests_are_kept_with_their_bodies() {
    let mock = start(Config::default()).await;
    let (_, tokens) = with_code(&mock, &code(&mock).await).await;
    let old = text(&tokens, "refresh_token");
    mock.inject(Fault::status(500).path("/oauth/token"));
    assert_eq!(refresh(&mock, old).await.0, 500);
    // Nothing came of it.
    let (status, tokens) = refresh(&mock, old).await;
    assert_eq!(status, 200);
    mock.inject(Fault::status(500).path("/oauth/token").applied());
    assert_eq!(refresh(&mock, text(&tokens, "refresh_token")).await.0, 500);
    assert_eq!(refresh(&mock, text(&tokens, "refresh_token")).await.0, 403);
    let requests = mock.requests();
    let forms: Vec<_> = requests.iter().filter(|seen| seen.path == "/oauth/token").collect();
    assert_eq!(forms.len(), 5);
    let sent = form_urlencoded::parse(&forms[1].body).any(|(_, value)| value == old);
    assert!(sent, "{}", mock.describe());
    assert!(!mock.describe().contains("mock-client-secret"));
}
