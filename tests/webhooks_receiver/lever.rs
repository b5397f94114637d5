//! What stands around a receiver: whoever sends deliveries, and whoever takes
//! events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hmac::{Hmac, Mac};
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A delivery as Lever sends it.
pub fn delivery(key: &str, token: &str, at: u64, event: &str, data: Value) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(format!("{token}{at}").as_bytes());
    let signature: String =
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "id": format!("id-of-{token}"), "event": event, "triggeredAt": at, "token": token,
        "signature": signature, "data": data,
    })
    .to_string()
}

/// What the settings page sends to verify a connection: no data and no id.
pub fn ping(key: &str, token: &str, at: u64) -> String {
    let delivery = delivery(key, token, at, "candidateHired", json!({}));
    let mut ping: Value = serde_json::from_str(&delivery).unwrap();
    ping.as_object_mut().unwrap().remove("id");
    ping.to_string()
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// A delivery of now about this opportunity.
pub fn fresh(key: &str, token: &str, opportunity: &str) -> String {
    delivery(key, token, now(), "candidateHired", json!({ "opportunityId": opportunity }))
}

/// What came back: the status and the word, `none` when the connection broke.
pub type Answer = (u16, String);

/// Posts a body on a connection of its own.
pub async fn post(address: SocketAddr, body: &str) -> Answer {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: hooks.example.com\r\ncontent-type: application/json\r\n\
         user-agent: Lever-Webhooks\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    raw(address, &[head.as_bytes(), body.as_bytes()].concat()).await
}

/// Sends bytes as they are and reads the answer to the end.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> Answer {
    let none = || (0, "none".to_owned());
    let Ok(mut stream) = TcpStream::connect(address).await else { return none() };
    // A receiver may answer before it has read all.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8_lossy(&answer);
    let Some(status) = text.split(' ').nth(1).and_then(|status| status.parse().ok()) else {
        return none();
    };
    let word = text.lines().find_map(|line| line.strip_prefix("lever-webhooks: "));
    (status, word.unwrap_or("none").to_owned())
}

/// One request that whoever takes events got.
#[derive(Clone, Debug)]
pub struct Taken {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Taken {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("events are JSON")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Takes events, on a port of its own; answers 200, or what it is told to.
pub struct Inbox {
    pub address: SocketAddr,
    state: Arc<Mutex<(Vec<Taken>, VecDeque<u16>)>>,
    task: JoinHandle<()>,
}

impl Inbox {
    pub async fn start() -> Inbox {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<(Vec<Taken>, VecDeque<u16>)>>::default();
        let theirs = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let state = Arc::clone(&theirs);
                let answer = service_fn(move |request| answer(Arc::clone(&state), request));
                let connection =
                    http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Inbox { address, state, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/events?code=1", self.address)
    }

    /// Answers the next requests with these statuses.
    pub fn answer_next(&self, statuses: &[u16]) {
        self.state.lock().unwrap().1.extend(statuses);
    }

    pub fn take(&self) -> Vec<Taken> {
        std::mem::take(&mut self.state.lock().unwrap().0)
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    state: Arc<Mutex<(Vec<Taken>, VecDeque<u16>)>>,
    request: http::Request<hyper::body::Incoming>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let headers = head.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
    let taken = Taken { path: head.uri.to_string(), headers: headers.collect(), body };
    let status = {
        let mut state = state.lock().unwrap();
        state.0.push(taken);
        state.1.pop_front().unwrap_or(200)
    };
    let response = http::Response::builder().status(status).header("location", "/elsewhere");
    Ok(response.body(Full::from("whatever")).unwrap())
}
