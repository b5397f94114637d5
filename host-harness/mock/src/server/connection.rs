//! Sockets: accepts connections, speaks HTTP/1.1, waits, and breaks connections for faults.
//!
//! Decides nothing; sound responses go through hyper, broken ones are written raw.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::http::reply::Failure;
use crate::http::response::Response;
use crate::server::admin;
use crate::server::apply_fault::{End, Transmission};
use crate::server::service::Service;

/// What listens on a port.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    /// Lever's API.
    Api,
    /// The object storage.
    Storage,
    /// The admin side.
    Admin,
}

/// A body this many times its limit is not read to its end, which breaks the connection.
const MAX_EXCESS: usize = 2;

/// Wait after a failed accept, so that running out of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Serves connections until the task is aborted, which ends every connection too.
pub(crate) async fn run(listener: TcpListener, service: Arc<Service>, side: Side) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&service), side));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

type Raw = (Vec<u8>, End);

async fn connection(stream: TcpStream, service: Arc<Service>, side: Side) {
    // Broken responses are written in small pieces that must not wait for each other. Failing costs
    // time only.
    stream.set_nodelay(true).ok();
    let (sender, mut raws) = mpsc::channel::<Raw>(1);
    let respond =
        service_fn(move |request| respond(Arc::clone(&service), side, sender.clone(), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), respond);
    let raw = tokio::select! {
        // Whether a client ended in order or not is of no interest here.
        _ = &mut connection => return,
        raw = raws.recv() => raw,
    };
    let stream = connection.into_parts().io.into_inner();
    if let Some((bytes, end)) = raw {
        // The client may have closed the connection first.
        send_raw(stream, &bytes, end).await.ok();
    }
}

/// A request's body in one piece, each byte copied once. One that is too large is read and thrown
/// away, so that the client gets the refusal.
async fn read_body(mut body: Incoming, limit: usize) -> Result<Bytes, Failure> {
    let length = body.size_hint().exact().and_then(|length| usize::try_from(length).ok());
    let mut all = BytesMut::with_capacity(length.unwrap_or(0).min(limit));
    let mut read: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Failure::Incomplete)?.into_data() else {
            continue;
        };
        read = read.saturating_add(data.len());
        if read <= limit {
            all.extend_from_slice(&data);
        } else {
            all = BytesMut::new();
        }
        if read > limit.saturating_mul(MAX_EXCESS) {
            break;
        }
    }
    if read > limit { Err(Failure::TooLarge) } else { Ok(all.freeze()) }
}

async fn respond(
    service: Arc<Service>,
    side: Side,
    raws: mpsc::Sender<Raw>,
    request: Request<Incoming>,
) -> Result<http::Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let decision = match side {
        Side::Storage => service.fetch(&head),
        Side::Admin => {
            let (status, json) = match read_body(body, admin::MAX_BODY).await {
                Ok(body) => admin::respond(&service, &head, &body),
                Err(failure) => (failure.parts().0, failure.body()),
            };
            return Ok(sendable(Response::json(status, Some(&json))));
        }
        Side::Api => {
            let admission = service.admit(&head);
            let body = read_body(body, admission.max_body);
            let body = tokio::time::timeout(service.upload_timeout(), body).await;
            service.decide(admission, body.unwrap_or(Err(Failure::Slow)))
        }
    };
    if !decision.wait.is_zero() {
        tokio::time::sleep(decision.wait).await;
    }
    match decision.transmission {
        Transmission::Response(response) => Ok(sendable(response)),
        Transmission::Raw(bytes, end) => {
            raws.send((bytes, end)).await.ok();
            // The connection is taken away from hyper, and this future with it.
            std::future::pending().await
        }
    }
}

fn sendable(response: Response) -> http::Response<Full<Bytes>> {
    let Response { status, headers, body } = response;
    let mut builder = http::Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    // Only a fault can hold a status or header that is not HTTP.
    builder.body(Full::from(body)).unwrap_or_else(|error| {
        let mut response = http::Response::new(Full::from(format!(
            "the injected response is not valid HTTP: {error}"
        )));
        *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
        response
    })
}

async fn send_raw(mut stream: TcpStream, bytes: &[u8], end: End) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    match end {
        End::Close => stream.shutdown().await,
        End::Reset => stream.set_zero_linger(),
        End::Drip { rest, every } => {
            for byte in rest {
                tokio::time::sleep(every).await;
                stream.write_all(&[byte]).await?;
            }
            stream.shutdown().await
        }
        End::Endless(chunk) => loop {
            stream.write_all(&chunk).await?;
        },
    }
}
