//! What an authorization server says no with, in the terminal of whoever logs in.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use lever_host::mock::{CLIENT_ID, CLIENT_SECRET, Content, Effect, Fault};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{NAME, Terminal, is_hostile};
use crate::support::Rig;

/// The head of the answer to a GET of this address.
async fn get(url: &str) -> String {
    let rest = url.strip_prefix("http://").expect("loopback is http");
    let (host, target) = rest.split_once('/').expect("it has a path");
    let mut stream = TcpStream::connect(host).await.expect("it listens");
    let text = format!("GET /{target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(text.as_bytes()).await.expect("it is taken");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("it is answered");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Logs in with a browser that opens the address; what the terminal and the
/// browser show.
async fn log_in(rig: &Rig, terminal: &Terminal) -> (String, String, String) {
    let tokens = terminal.audit.with_extension("oauth.json");
    let mut command = terminal.command(&["--token-file"]);
    command
        .arg(&tokens)
        .env("LEVER_CLIENT_SECRET", CLIENT_SECRET)
        .args(["auth", "login", "--client-id", CLIENT_ID, "--scope", "stages:read:admin"])
        .args(["--redirect-uri", "http://127.0.0.1:0/back", "--wait", "20"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let stdout = child.stdout.take().expect("it is piped");
    let (sender, mut coming) = tokio::sync::mpsc::unbounded_channel();
    let reading = std::thread::spawn(move || {
        BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .for_each(|line| drop(sender.send(line)));
    });
    let (mut printed, mut page) = (String::new(), String::new());
    while let Some(line) = coming.recv().await {
        if line.trim().starts_with("http://") {
            let query = line.trim().split_once('?').expect("it has a query").1;
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let uri = pairs.find(|(name, _)| name == "redirect_uri").expect("it is there").1;
            rig.mock.register_redirect(&uri);
            let head = get(line.trim()).await;
            let location = head.lines().find_map(|line| line.strip_prefix("location: "));
            page = get(location.expect("it is sent back")).await;
        }
        printed.push_str(&line);
        printed.push('\n');
    }
    reading.join().expect("it ends");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output());
    let output = output.await.expect("it ends").expect("it ran");
    assert!(!output.status.success());
    assert!(!tokens.exists());
    (printed, String::from_utf8(output.stderr).expect("it speaks UTF-8"), page)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_steers_neither_the_terminal_nor_the_browser() {
    let rig = Rig::new().await;
    let terminal = Terminal::new(&rig.mock, "refused");
    let words = format!("{NAME}<script>alert(1)</script>{}", NAME.repeat(20));
    rig.mock.refuse_authorization(&words, &words);
    let (out, err, page) = log_in(&rig, &terminal).await;
    assert!(!out.contains(is_hostile), "{out:?}");
    assert!(!err.contains(is_hostile) && err.len() < 10_000, "{err:?}");
    assert!(err.contains("did not authorise"), "{err}");
    assert!(!page.contains("script>") && !page.contains("Ana"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_does_what_comes_in_place_of_tokens() {
    let rig = Rig::new().await;
    let terminal = Terminal::new(&rig.mock, "tokens");
    let words = json!({ "error": NAME, "error_description": NAME.repeat(500) });
    let fault = |code, body| {
        Fault::new(Effect::Status { code, body, headers: vec![] }).path("/oauth/token")
    };
    for fault in [
        fault(403, Content::Json(words.clone())),
        fault(500, Content::Json(words)),
        fault(400, Content::Html),
        Fault::new(Effect::Body(json!({ "access_token": [7], "scope": NAME }).to_string()))
            .path("/oauth/token"),
        Fault::new(Effect::Body(format!("{{\"token_type\":{:?}}}", NAME))).path("/oauth/token"),
    ] {
        rig.mock.inject(fault);
        let (out, err, page) = log_in(&rig, &terminal).await;
        assert!(!out.contains(is_hostile) && !err.contains(is_hostile), "{out:?} {err:?}");
        assert!(err.len() < 3_000 && !err.contains(CLIENT_SECRET), "{err}");
        assert!(!page.contains("Ana"), "{page}");
        rig.mock.clear_faults();
    }
    terminal.check_audit().await;
}
