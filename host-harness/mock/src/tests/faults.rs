//! Faults over loopback: each shows on the wire as promised, and writes are applied or not as
//! promised.
//!
//! The bytes of each are tested beside `wire`.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{AUTH, exchange, get, start};
use crate::{Config, Effect, Fault};

#[tokio::test]
async fn a_reset_keeps_the_write_only_when_it_comes_after() {
    let mock = start(Config::default()).await;
    let id = mock.store().opportunity_ids()[0].clone();
    let head = format!(
        "POST /v1/opportunities/{id}/notes HTTP/1.1\r\n{AUTH}content-type: application/json\r\n"
    );
    let before = mock.store().notes(&id).len();
    for (effect, made) in [(Effect::ResetBefore, 0), (Effect::ResetAfter, 1)] {
        mock.inject(Fault::new(effect).method("POST").path("/opportunities/*/notes"));
        let error = exchange(&mock, &head, r#"{"value": "x"}"#).await.unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        assert_eq!(mock.store().notes(&id).len(), before + made, "{}", mock.describe());
        let seen = mock.requests().pop().unwrap();
        assert_eq!((seen.status, seen.is_applied), (None, made == 1));
    }
    mock.inject(Fault::status(502).applied());
    assert!(exchange(&mock, &head, r#"{"value": "x"}"#).await.unwrap().starts_with("HTTP/1.1 502"));
    assert_eq!(mock.store().notes(&id).len(), before + 2);
}

#[tokio::test]
async fn each_fault_shows_on_the_wire() {
    let mock = start(Config::default()).await;
    let head = format!("GET /v1/stages HTTP/1.1\r\n{AUTH}");
    let sound = exchange(&mock, &head, "").await.unwrap();
    let body = sound.split_once("\r\n\r\n").unwrap().1.to_owned();
    let every = Duration::from_micros(1);
    type Shows<'a> = Box<dyn Fn(&str, &str) -> bool + 'a>;
    let rows: Vec<(Effect, Shows)> = vec![
        (Effect::Delay(Duration::from_millis(1)), Box::new(|_, rest| rest == body)),
        (Effect::StallBody { after: body.len() - 3, every }, Box::new(|_, rest| rest == body)),
        (
            Effect::CloseMidHead,
            Box::new(|head, rest| head.starts_with("HTTP/1.1 200") && rest.is_empty()),
        ),
        (
            Effect::TruncatedBody { chunked: false },
            Box::new(|_, rest| body.starts_with(rest) && rest.len() < body.len()),
        ),
        (Effect::TruncatedBody { chunked: true }, Box::new(|_, rest| !rest.contains("0\r\n\r\n"))),
        (Effect::WrongContentLength, Box::new(|_, rest| rest == body)),
        (
            Effect::HtmlPage,
            Box::new(|head, rest| head.contains("text/html") && rest.starts_with("<!doctype")),
        ),
        (
            Effect::EmptyBody,
            Box::new(|head, rest| head.contains("content-length: 0") && rest.is_empty()),
        ),
        (Effect::InvalidJson, Box::new(|_, rest| serde_json::from_str::<Value>(rest).is_err())),
        (
            Effect::Gzip,
            Box::new(|head, rest| {
                head.contains("content-encoding: gzip") && rest.contains("lead-new")
            }),
        ),
        (Effect::Body("[1]".to_owned()), Box::new(|_, rest| rest == "[1]")),
    ];
    for (effect, shows) in rows {
        let name = format!("{effect:?}");
        mock.inject(Fault::new(effect));
        let answer = exchange(&mock, &head, "").await.unwrap();
        let (head, rest) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        assert!(shows(head, rest), "{name}: {answer}");
        assert_eq!(mock.requests().pop().unwrap().fault, Some(name));
    }
    assert_eq!(exchange(&mock, &head, "").await.unwrap().split_once("\r\n\r\n").unwrap().1, body);
}

#[tokio::test]
async fn an_endless_body_ends_when_the_client_hangs_up() {
    let mock = start(Config::default()).await;
    mock.inject(Fault::new(Effect::EndlessBody));
    let mut stream = TcpStream::connect(mock.address).await.unwrap();
    let request = format!("GET /v1/stages HTTP/1.1\r\nhost: mock\r\n{AUTH}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = vec![0; 1 << 20];
    stream.read_exact(&mut read).await.unwrap();
    assert!(read.starts_with(b"HTTP/1.1 200"));
    drop(stream);
    assert_eq!(get(&mock, "/stages").await.0, 200);
}

#[tokio::test]
async fn a_repeated_cursor_never_ends() {
    let mock = start(Config::default()).await;
    mock.inject(Fault::new(Effect::RepeatCursor).path("/opportunities").always());
    let (_, body) = get(&mock, "/opportunities?limit=10").await;
    let next = body["next"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        let (_, body) = get(&mock, &format!("/opportunities?limit=10&offset={next}")).await;
        assert_eq!(
            (body["next"].as_str(), body["hasNext"].as_bool()),
            (Some(next.as_str()), Some(true))
        );
    }
}
