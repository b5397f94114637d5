//! The listener against a browser of a few lines, and against what is none.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::credentials::login::Secret;

const LONG: Duration = Duration::from_secs(60);

async fn listener() -> (Expecting, String) {
    let listener = Listener::bind("http://localhost:0/callback").await.unwrap();
    let uri = listener.uri().to_owned();
    let host = uri.strip_prefix("http://").unwrap().strip_suffix("/callback").unwrap();
    let host = host.replace("localhost", "127.0.0.1");
    (listener.expect(Secret::new("the-state".to_owned())), host)
}

/// Sends these bytes and gives back whatever comes until the connection ends.
async fn say(host: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(host).await.unwrap();
    // It may be hung up on while it still speaks.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(host: &str, target: &str) -> String {
    say(host, format!("GET {target} HTTP/1.1\r\nhost: {host}\r\n\r\n").as_bytes()).await
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn only_a_redirect_with_the_state_counts_and_nothing_else_disturbs() {
    let (mut expecting, host) = listener().await;
    let rows = [
        ("/favicon.ico", "404"),
        ("/", "404"),
        ("/callback/", "404"),
        ("/callback", "400"),
        ("/callback?code=evil", "400"),
        ("/callback?code=evil&state=", "400"),
        ("/callback?code=evil&state=the-stat", "400"),
        ("/callback?code=evil&state=the-state1", "400"),
        ("/callback?code=evil&state=the-state&state=the-state", "400"),
        ("/callback?code=evil&code=good&state=the-state", "400"),
        ("/callback?state=the-state", "400"),
        ("/callback?code=&state=the-state", "400"),
        ("/callback?code=evil&error=both&state=the-state", "400"),
        ("/callback?error=access_denied&state=guessed", "400"),
    ];
    for (target, expected) in rows {
        let answer = get(&host, target).await;
        assert_eq!(status(&answer), expected, "{target}: {answer}");
        assert!(!answer.contains("evil") && !answer.contains("the-state"), "{answer}");
    }
    let post = format!("POST /callback?code=evil&state=the-state HTTP/1.1\r\nhost: {host}\r\n\r\n");
    assert_eq!(status(&say(&host, post.as_bytes()).await), "405");
    let huge = format!("GET /callback?code={} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    for garbage in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
        b"\0\0\0\0\r\n\r\n".to_vec(),
        b"SSH-2.0-scanner\r\n\r\n".to_vec(),
        huge.into_bytes(),
        Vec::new(),
    ] {
        let mut stream = TcpStream::connect(&host).await.unwrap();
        let _ = stream.write_all(&garbage).await;
        let _ = stream.shutdown().await;
    }
    // One that says nothing and stays.
    let silent = TcpStream::connect(&host).await.unwrap();
    let answer = get(&host, "/callback?state=the-state&code=c%2Bd+e&extra=1").await;
    assert_eq!(status(&answer), "200");
    for header in ["cache-control: no-store", "referrer-policy: no-referrer"] {
        assert!(answer.contains(header), "{answer}");
    }
    assert_eq!(expecting.code(LONG).await.unwrap().secret(), "c+d e");
    // A reload is answered as well and changes nothing.
    assert_eq!(status(&get(&host, "/callback?state=the-state&code=other").await), "200");
    drop(silent);
    expecting.close().await;
    assert!(TcpStream::connect(&host).await.is_err());
}

#[tokio::test]
async fn a_no_is_passed_on_with_its_reason_cut_short() {
    let (mut expecting, host) = listener().await;
    let long = "x".repeat(1000);
    let target =
        format!("/callback?error=access_denied&error_description=Not+me{long}&state=the-state");
    assert_eq!(status(&get(&host, &target).await), "200");
    let error = expecting.code(LONG).await.unwrap_err().to_string();
    assert!(error.contains("access_denied (Not mexxx"), "{error}");
    assert!(error.len() < 400, "{error}");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_for_ever() {
    let (mut expecting, _host) = listener().await;
    let error = expecting.code(Duration::from_secs(300)).await.unwrap_err();
    assert!(error.to_string().contains("300 s"), "{error}");
}

#[tokio::test]
async fn a_crowd_of_silent_connections_does_not_keep_the_browser_out() {
    let (mut expecting, host) = listener().await;
    let mut crowd = Vec::new();
    for _ in 0..100 {
        crowd.push(TcpStream::connect(&host).await.unwrap());
    }
    assert_eq!(status(&get(&host, "/callback?code=c&state=the-state").await), "200");
    assert_eq!(expecting.code(LONG).await.unwrap().secret(), "c");
}

#[tokio::test]
async fn only_addresses_of_this_machine_are_listened_on() {
    let rows = [
        "https://localhost:8910/callback",
        "http://0.0.0.0:8910/callback",
        "http://192.168.1.2:8910/callback",
        "http://localhost.example:8910/callback",
        "http://user@localhost:8910/callback",
        "http://localhost:8910/callback?x=1",
        "http://localhost:8910/callback#x",
        "http://localhost/callback",
        "localhost:8910",
        "/callback",
        "",
    ];
    for uri in rows {
        let error = Listener::bind(uri).await.unwrap_err();
        assert!(matches!(error, RedirectError::Uri { .. }), "{uri}: {error}");
        assert!(error.to_string().contains("http://localhost:8910/callback"));
    }
    let first = Listener::bind("http://127.0.0.1:0/a").await.unwrap();
    assert!(first.uri().starts_with("http://127.0.0.1:") && first.uri().ends_with("/a"));
    let error = Listener::bind(first.uri()).await.unwrap_err();
    assert!(matches!(error, RedirectError::Bind { .. }), "{error}");
}
