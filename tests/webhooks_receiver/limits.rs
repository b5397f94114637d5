//! Senders that are slow, large, many or gone: they cost a bounded share, and
//! nobody else waits for them.

use std::time::Duration;

use lever_host::webhooks::{Config, Limits, Receiver};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::lever::{fresh, post, raw};
use super::serve::{Folder, config, start};

/// Short enough to wait for, and long enough for a sender that does not stall
/// on any machine.
const SHORT: Duration = Duration::from_secs(1);

async fn impatient(folder: &Folder, connections: usize) -> Receiver {
    let limits = Limits {
        connections,
        head: SHORT,
        body: SHORT,
        stop: Duration::from_secs(5),
        ..Limits::default()
    };
    Receiver::start(Config { limits, ..config(folder) }).await.unwrap()
}

/// Reads until the other side closes.
async fn rest(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = stream.read_to_end(&mut text).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn senders_that_stall_are_cut_off_and_make_room_for_others() {
    let folder = Folder::new();
    let receiver = impatient(&folder, 2).await;
    let at = receiver.address();
    let starts = ["", "POST / HT", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{"];
    for start in starts {
        let mut both = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(at).await.unwrap();
            stream.write_all(start.as_bytes()).await.unwrap();
            both.push(stream);
        }
        // Waits for one of the two places.
        let answer = post(at, &fresh("first", &format!("t{}", start.len()), "o")).await;
        assert_eq!(answer.1, "accepted", "{start:?}");
        for mut stream in both {
            let text = rest(&mut stream).await;
            let body = start.contains("content-length");
            assert_eq!(text.contains("408") && text.contains("slow"), body, "{start:?} {text}");
        }
    }
    assert_eq!(folder.events().len(), starts.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_says_nothing_more_is_closed() {
    let folder = Folder::new();
    let receiver = impatient(&folder, 2).await;
    let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
    let body = fresh("first", "t", "o");
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    // Kept open for another request, but not for ever.
    assert!(rest(&mut stream).await.contains("lever-webhooks: accepted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_larger_than_any_delivery_is_refused_with_its_reason() {
    let folder = Folder::new();
    let receiver = start(&folder).await;
    let at = receiver.address();
    let large = |bytes: usize| fresh("first", "t", &"x".repeat(bytes));
    for bytes in [1 << 20, 3 << 20] {
        let (status, word) = post(at, &large(bytes)).await;
        assert_eq!((status, word.as_str()), (413, "too-large"), "{bytes}");
    }
    // In chunks, without a length.
    let chunk = format!("{:x}\r\n{}\r\n", 1 << 19, "x".repeat(1 << 19));
    let head =
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let body = format!("{head}{}0\r\n\r\n", chunk.repeat(3));
    assert_eq!(raw(at, body.as_bytes()).await.0, 413);
    // A length that nobody would send is refused before the body comes.
    let head =
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9999999999\r\n\r\n";
    assert_eq!(raw(at, head.as_bytes()).await.0, 413);
    // Many or long headers.
    let many = format!("POST / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(100));
    assert_eq!(raw(at, many.as_bytes()).await.0, 431);
    let long = format!("POST / HTTP/1.1\r\nhost: x\r\na: {}\r\n\r\n", "b".repeat(1 << 20));
    let (status, _) = raw(at, long.as_bytes()).await;
    assert!([0, 431].contains(&status), "{status}");
    assert_eq!(raw(at, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.0, 405);
    assert_eq!(raw(at, b"\x16\x03\x01 no http at all\r\n\r\n").await.0, 400);
    assert!(folder.events().is_empty());
    assert_eq!(post(at, &large(1 << 19)).await.1, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_hangs_up_costs_no_delivery_and_doubles_none() {
    let folder = Folder::new();
    let receiver = start(&folder).await;
    let body = fresh("first", "t", "o");
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    drop(stream);
    // Whether it was read before the end came or not: the next try settles it.
    while post(receiver.address(), &body).await.1 == "busy" {}
    assert_eq!(folder.events().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_answers_what_has_begun_and_takes_nothing_more() {
    let folder = Folder::new();
    let receiver = start(&folder).await;
    let at = receiver.address();
    let body = fresh("first", "t", "o");
    let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut stream = TcpStream::connect(at).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    // The other one is answered, so this one was accepted before.
    assert_eq!(post(at, &fresh("first", "u", "o")).await.1, "accepted");
    let stopping = tokio::spawn(receiver.stop());
    while TcpStream::connect(at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    stream.write_all(body.as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.contains("lever-webhooks: accepted"));
    stopping.await.unwrap();
    assert_eq!(folder.events().len(), 2);
}

/// A connection from this address of the machine's own.
#[cfg(target_os = "linux")]
async fn connect_from(peer: &str, at: std::net::SocketAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(std::net::SocketAddr::new(peer.parse().unwrap(), 0)).unwrap();
    socket.connect(at).await.unwrap()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_with_many_bodies_half_open_is_turned_away_and_others_are_not() {
    let folder = Folder::new();
    let limits = Limits { bodies_per_peer: 2, connections_per_peer: 4, ..Limits::default() };
    let receiver = Receiver::start(Config { limits, ..config(&folder) }).await.unwrap();
    let at = receiver.address();
    let delivery = |token: &str| {
        let body = fresh("first", token, "o");
        let head = format!("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n", body.len());
        (head, body)
    };
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = connect_from("127.0.0.2", at).await;
        let (head, _) = delivery("never");
        // The answer to the expectation says that the body is being read.
        stream.write_all(format!("{head}expect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 100");
        open.push(stream);
    }
    let post_from = async |peer: &str, token: &str| {
        let mut stream = connect_from(peer, at).await;
        let (head, body) = delivery(token);
        stream
            .write_all(format!("{head}connection: close\r\n\r\n{body}").as_bytes())
            .await
            .unwrap();
        rest(&mut stream).await
    };
    let crowded = post_from("127.0.0.2", "a").await;
    assert!(crowded.contains(" 503 ") && crowded.contains("too-many-bodies"), "{crowded}");
    let other = post_from("127.0.0.3", "b").await;
    assert!(other.contains("lever-webhooks: accepted"), "{other}");
    drop(open.pop());
    // The receiver notices in its own time.
    let freed =
        async { while !post_from("127.0.0.2", "c").await.contains("lever-webhooks: accepted") {} };
    tokio::time::timeout(Duration::from_secs(30), freed).await.expect("it has its share again");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_peer_has_its_share_of_connections_and_no_more() {
    let folder = Folder::new();
    let limits = Limits { connections_per_peer: 2, ..Limits::default() };
    let receiver = Receiver::start(Config { limits, ..config(&folder) }).await.unwrap();
    let at = receiver.address();
    let _open = [connect_from("127.0.0.2", at).await, connect_from("127.0.0.2", at).await];
    assert_eq!(rest(&mut connect_from("127.0.0.2", at).await).await, "");
    let answer = post(at, &fresh("first", "t", "o")).await;
    assert_eq!(answer.1, "accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_is_told_whether_deliveries_can_be_taken_and_nothing_is_recorded() {
    let folder = Folder::new();
    let audit = lever_host::audit::Audit::in_memory();
    let receiver =
        Receiver::start(Config { audit: audit.clone(), ..config(&folder) }).await.unwrap();
    let ask = async |line: &str| {
        let mut stream = TcpStream::connect(receiver.address()).await.unwrap();
        let text = format!("{line} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(text.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        answer.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    assert_eq!(ask("GET /healthz").await, "200");
    assert_eq!(ask("HEAD /healthz").await, "200");
    assert!(audit.records().is_empty());
    assert_eq!(ask("GET /").await, "405");
    assert_eq!(ask("GET /healthz/x").await, "405");
    // What a delivery would meet: the place of the file is taken.
    std::fs::remove_file(folder.jsonl()).unwrap();
    std::fs::create_dir(folder.jsonl()).unwrap();
    assert_eq!(ask("GET /healthz").await, "503");
    std::fs::remove_dir(folder.jsonl()).unwrap();
    assert_eq!(ask("GET /healthz").await, "200");
}
