//! The socket side: accepts, reads bodies, answers, and lets nobody take more
//! than a share of it.
//!
//! Decides nothing about deliveries. A sender that is slow or large is answered
//! before an instance is made for it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ALLOW, CONNECTION};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::peers::{Kind, Peers};
use super::{HEADER, Handler, LARGEST, Reply};

/// Headers of one request; Lever's and a proxy's take about fifteen.
const HEADERS: usize = 64;

/// Bytes of the head of one request: what common servers accept.
const HEAD_BYTES: usize = 16 << 10;

/// The largest body, in bytes.
const LARGEST_BODY: u64 = LARGEST as u64;

/// Bytes of a body that are read, and dropped if it is too large: a sender that
/// is cut off while it writes does not see why.
const DRAINED: u64 = 8 * LARGEST_BODY;

/// Where a supervisor asks whether deliveries can be taken.
const HEALTH: &str = "/healthz";

/// The answer to a peer that has too many bodies half open.
const CROWDED: Reply = Reply::new(503, "too-many-bodies");

/// Wait after a failed accept, so that running out of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What senders may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at once; further ones wait to be accepted.
    pub connections: usize,
    /// Connections of one peer; further ones are closed.
    pub connections_per_peer: usize,
    /// Bodies of one peer that have begun and not ended; further ones are
    /// answered 503 and not read.
    pub bodies_per_peer: usize,
    /// For the head of a request, the wait for it included.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// For what has begun when the receiver is stopped.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 256,
            // A reverse proxy is one peer: nearly all of them, but never all.
            connections_per_peer: 224,
            bodies_per_peer: 128,
            head: Duration::from_secs(10),
            body: Duration::from_secs(20),
            stop: Duration::from_secs(30),
        }
    }
}

/// Serves until stopped, then until what has begun is answered.
pub async fn run(
    listener: TcpListener,
    handler: Arc<Handler>,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) {
    let places = Arc::new(Semaphore::new(limits.connections.max(1)));
    let peers = Peers::new(limits.connections_per_peer, limits.bodies_per_peer);
    let mut connections = JoinSet::new();
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = stopped(&mut stopping) => break,
            accepted = accepted => match accepted {
                (Ok(place), Ok((stream, peer))) => {
                    let Some(share) = peers.take(peer.ip(), Kind::Connection) else { continue };
                    let sender = Sender { handler: Arc::clone(&handler), limits, peers: Arc::clone(&peers), peer: peer.ip() };
                    let stopping = stopping.clone();
                    connections.spawn(async move {
                        connection(stream, sender, stopping).await;
                        drop((place, share));
                    });
                }
                _ => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    // Those that are left then are ended with the set.
    let _ = tokio::time::timeout(limits.stop, all).await;
}

/// Returns when the receiver is to stop, or nobody is left to stop it.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await.is_ok();
}

/// Who is at the other end of a connection, and what he may take.
#[derive(Clone)]
struct Sender {
    handler: Arc<Handler>,
    limits: Limits,
    peers: Arc<Peers>,
    peer: IpAddr,
}

async fn connection(stream: TcpStream, sender: Sender, mut stopping: watch::Receiver<bool>) {
    // An answer is one small packet.
    stream.set_nodelay(true).ok();
    let head = sender.limits.head;
    let answer = service_fn(move |request| answer(sender.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_headers(HEADERS)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);
    // Whether a sender ended in order or not is of no interest here.
    tokio::select! {
        _ = &mut connection => {}
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn answer(
    sender: Sender,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let handler = Arc::clone(&sender.handler);
    if head.uri.path() == HEALTH && matches!(head.method, Method::GET | Method::HEAD) {
        return Ok(response(handler.health().await));
    }
    // A task of its own: a sender that hangs up does not end what it began, and
    // so cannot keep a delivery from being written down.
    let reply = match read(&sender, &head.method, body).await {
        Err(reply) => reply,
        Ok(body) => tokio::spawn(async move { handler.take(head.method, body).await })
            .await
            .unwrap_or(Reply::new(500, "host-failed")),
    };
    Ok(response(reply))
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(HEADER, HeaderValue::from_static(reply.word));
    if reply.status == 405 {
        headers.insert(ALLOW, HeaderValue::from_static("POST"));
    }
    if matches!(reply.status, 408 | 413) || reply == CROWDED {
        // What is left of the body is not waited for.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// The body of a request; nothing of one that carries none we want.
async fn read(sender: &Sender, method: &Method, body: Incoming) -> Result<Bytes, Reply> {
    if method != Method::POST {
        return Ok(Bytes::new());
    }
    let _share = sender.peers.take(sender.peer, Kind::Body).ok_or(CROWDED)?;
    tokio::time::timeout(sender.limits.body, whole(body))
        .await
        .unwrap_or(Err(Reply::new(408, "slow")))
}

async fn whole(mut body: Incoming) -> Result<Bytes, Reply> {
    let mut kept = BytesMut::new();
    let mut length = 0;
    let too_large = Err(Reply::new(413, "too-large"));
    if body.size_hint().lower() > DRAINED {
        return too_large;
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Reply::new(400, "broken-body"))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len() as u64;
        if length > DRAINED {
            return too_large;
        } else if length > LARGEST_BODY {
            kept.clear();
        } else {
            kept.extend_from_slice(&data);
        }
    }
    if length > LARGEST_BODY { too_large } else { Ok(kept.freeze()) }
}
