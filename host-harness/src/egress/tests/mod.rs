//! Egress against servers that behave and servers that do not.

mod exchange;
mod network;
mod traffic;

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wasmtime_wasi_http::WasiBody;

/// A server on loopback that does as the test says with each connection.
struct Server {
    port: u16,
    connections: Arc<AtomicUsize>,
    /// The heads of the requests, as received.
    heads: Arc<Mutex<Vec<String>>>,
    task: tokio::task::JoinHandle<()>,
}

/// The heads a server has seen, to be added to.
type Heads = Arc<Mutex<Vec<String>>>;

impl Server {
    async fn start<F, R>(serve: F) -> Self
    where
        F: Fn(TcpStream, Heads) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::<AtomicUsize>::default();
        let heads = Heads::default();
        let (count, seen) = (Arc::clone(&connections), Arc::clone(&heads));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&seen)));
            }
        });
        Self { port, connections, heads, task }
    }

    /// Answers every request alike.
    async fn answering(answer: &'static str) -> Self {
        Self::start(move |mut stream, heads| async move {
            while read_request(&mut stream, &heads).await {
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        })
        .await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads one request's head and, by its length, its body.
async fn read_request(stream: &mut TcpStream, heads: &Heads) -> bool {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        let mut part = [0; 4096];
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return false,
            Ok(n) => read.extend_from_slice(&part[..n]),
        }
    };
    let head = String::from_utf8(read[..end].to_vec()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; usize::saturating_sub(length, read.len() - end)];
    let whole = stream.read_exact(&mut body).await.is_ok();
    heads.lock().unwrap().push(head);
    whole
}

fn text(body: &'static str) -> WasiBody {
    Full::new(bytes::Bytes::from_static(body.as_bytes()))
        .map_err(|never: std::convert::Infallible| match never {})
        .boxed_unsync()
}
