//! What the component holds of a file on its way: once on the way up, twice at
//! most on the way down.

use lever_host::mock::{Config, Content, Downloads, Effect, Fault};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Rig, opportunity, user};

const MEGABYTE: usize = 1_000_000;

/// Two sizes, so that what every call takes falls out of the difference.
const SIZES: [usize; 2] = [MEGABYTE, 5 * MEGABYTE];

/// How many bytes of memory each byte of a file takes; the call is made once for
/// each size, in a host of its own.
async fn share<F: AsyncFn(&Rig, usize)>(call: F) -> f64 {
    let mut most = Vec::new();
    for size in SIZES {
        let config = Config { rate: None, downloads: Downloads::Redirect, ..Config::default() };
        let rig = Rig::with(config).await;
        call(&rig, size).await;
        most.push(rig.host.most_memory() as f64);
    }
    (most[1] - most[0]) / (SIZES[1] - SIZES[0]) as f64
}

fn file(size: usize) -> Value {
    json!({ "name": "cv.txt", "content": "x".repeat(size) })
}

/// Downloads so many bytes from a storage that does not say how many there are.
async fn chunked(rig: &Rig, size: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
    let place = format!("http://{}/x", listener.local_addr().expect("it is bound"));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("somebody comes");
        let mut head = [0; 1024];
        let _ = stream.read(&mut head).await;
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).await.expect("it is taken");
        for _ in 0..size / 10_000 {
            let chunk = format!("2710\r\n{}\r\n", "x".repeat(10_000));
            stream.write_all(chunk.as_bytes()).await.expect("it is taken");
        }
        stream.write_all(b"0\r\n\r\n").await.expect("it is taken");
    });
    let headers = vec![("Location".to_owned(), place)];
    rig.mock.inject(Fault::new(Effect::Status { code: 302, body: Content::Empty, headers }));
    rig.ok("files.download", json!(["o", "f"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_held_once() {
    let rows: [(&str, f64); 3] = [
        (
            "uploads.upload",
            share(async |rig, size| {
                rig.ok("uploads.upload", json!([file(size)])).await;
            })
            .await,
        ),
        (
            "files.upload",
            share(async |rig, size| {
                let args = json!([opportunity(rig), file(size), user(rig)]);
                rig.ok("files.upload", args).await;
            })
            .await,
        ),
        (
            "opportunities.create",
            share(async |rig, size| {
                let new = json!({ "name": "Ana", "resume-file": file(size) });
                rig.ok("opportunities.create", json!([new, user(rig)])).await;
            })
            .await,
        ),
    ];
    for (function, share) in rows {
        println!("{function}: {share:.2}");
        assert!(share < 1.1, "{function} holds a file {share:.2} times");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_is_held_twice_at_most() {
    let whole = share(async |rig, size| {
        let args = json!([opportunity(rig), file(size), user(rig)]);
        let made = rig.ok("files.upload", args.clone()).await;
        rig.ok("files.download", json!([args[0], made["id"]])).await;
    })
    .await;
    let length = share(async |rig, size| {
        let body = Content::Json(json!("x".repeat(size)));
        rig.mock.inject(Fault::new(Effect::Status { code: 200, body, headers: vec![] }));
        rig.ok("files.download", json!(["o", "f"])).await;
    })
    .await;
    let chunked = share(async |rig, size| {
        chunked(rig, size).await;
    })
    .await;
    for (what, share) in
        [("redirected", whole), ("with its length", length), ("in chunks", chunked)]
    {
        println!("{what}: {share:.2}");
        assert!(share < 2.1, "{what}, a file is held {share:.2} times");
    }
}
