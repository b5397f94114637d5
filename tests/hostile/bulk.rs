//! Bodies of many megabytes, many at once, in both directions: what the host
//! holds of them, in a process of its own.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::build;

/// A server and what it does with requests.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// Reads nothing but the head.
    Deaf,
    /// Reads everything and answers nothing.
    Greedy,
    /// Answers without end, in chunks.
    Endless,
    /// Answers with a length that is too much.
    Boastful,
}

impl Server {
    async fn start(self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let port = listener.local_addr().expect("it is bound").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(self.serve(stream));
            }
        });
        port
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut piece = vec![b'x'; 64 << 10];
        let mut head = vec![0; 1024];
        let _ = stream.read(&mut head).await;
        match self {
            Server::Deaf => std::future::pending().await,
            Server::Greedy => while stream.read(&mut piece).await.is_ok_and(|read| read > 0) {},
            Server::Endless => {
                let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
                let chunk = [b"10000\r\n", piece.as_slice(), b"\r\n"].concat();
                let mut sent = stream.write_all(head).await;
                while sent.is_ok() {
                    sent = stream.write_all(&chunk).await;
                }
            }
            Server::Boastful => {
                let head = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
                let mut sent = stream.write_all(head.as_bytes()).await;
                while sent.is_ok() {
                    sent = stream.write_all(&piece).await;
                }
            }
        }
    }
}

/// The most memory that a process has had, in MiB.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib >> 10)
}

/// Calls an attack in a process of its own; what it says, and that process's
/// largest memory in MiB.
async fn attack(server: Server, function: &str, method: &str, rest: Vec<Value>) -> (String, u64) {
    let port = server.start().await;
    let component: PathBuf = [env!("CARGO_TARGET_TMPDIR"), "hostile-bulk.wasm"].iter().collect();
    std::fs::write(&component, &build::built().attack).expect("it can be written");
    let message = json!({
        "method": method, "scheme": "http", "authority": format!("127.0.0.1:{port}"),
        "path-with-query": "/v1/opportunities/o/files", "body": "",
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_lever-host"));
    command
        .env_clear()
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env("XDG_STATE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .arg("--component")
        .arg(&component)
        .args(["--base-url", &format!("http://127.0.0.1:{port}/v1"), "--allow-loopback"])
        .args([
            "--grant",
            "foreign:attack=full",
            "--grant",
            "files=full",
            "call",
            "attack",
            function,
        ])
        .arg(message.to_string())
        .args(rest.iter().map(Value::to_string))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let mut most = 0;
    while child.try_wait().expect("it is ours").is_none() {
        most = most.max(peak(child.id()).unwrap_or_default());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let output = child.wait_with_output().expect("it ran");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it speaks UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    let said: Value =
        serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out:.300} {err:.3000}"));
    (said.as_str().expect("it answers with a text").to_owned(), most)
}

/// What a process has that does as good as nothing.
async fn idle() -> u64 {
    attack(Server::Deaf, "heap", "POST", vec![json!(0), json!(0), json!(200)]).await.1
}

fn number(said: &str, before: &str) -> u64 {
    let at = said.find(before).unwrap_or_else(|| panic!("{said}"));
    let start = said[..at].trim_end().rsplit(' ').next();
    start.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{said}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_four_uploads_of_thirty_megabytes_are_not_held_by_the_host() {
    let idle = idle().await;
    let rest = vec![json!(64), json!(30_000_000), json!(5_500)];
    for server in [Server::Deaf, Server::Greedy] {
        let (said, most) = attack(server, "heap", "POST", rest.clone()).await;
        println!("{server:?}: {said}; {most} MiB, {idle} MiB without");
        assert_eq!(number(&said, "started"), 64, "{said}");
        // 64 of them are 1831 MiB; two chunks of each and what is written at once are 40.
        assert!(most <= idle + 96, "{server:?}: {most} MiB, {idle} MiB without; {said}");
        let taken = number(&said, "bytes taken");
        let bounded = matches!(server, Server::Greedy) || taken < 256 << 20;
        assert!(bounded, "{server:?} has taken {taken}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_cut_off_and_not_held_by_the_host() {
    let idle = idle().await;
    let (said, most) = attack(Server::Endless, "drain", "GET", vec![]).await;
    println!("{said}; {most} MiB, {idle} MiB without");
    assert!(said.contains("broken off"), "{said}");
    let read = number(&said, "bytes");
    assert!(((127 << 20)..=(128 << 20)).contains(&read), "{said}");
    assert!(most <= idle + 32, "{most} MiB, {idle} MiB without");
    // One that says so is not even begun.
    let (said, most) = attack(Server::Boastful, "drain", "GET", vec![]).await;
    assert!(said.contains("HttpResponseBodySize"), "{said}");
    assert!(most <= idle + 32, "{most} MiB, {idle} MiB without");
}
