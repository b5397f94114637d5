//! The socket side: accepts, speaks HTTP/1.1, waits, and breaks connections when told to.
//!
//! Decides nothing; sound answers go through hyper, spoilt ones are written raw.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::service::Service;
use super::wire::{Delivery, End, Whole};

/// Largest request body taken, in bytes: far above any JSON a client sends.
const MAX_BODY: usize = 16 << 20;

/// Wait after a failed accept, so that running out of file descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// Serves connections until the task is aborted, which ends every connection too.
pub(super) async fn run(listener: TcpListener, service: Arc<Service>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&service)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

type Order = (Vec<u8>, End);

async fn connection(stream: TcpStream, service: Arc<Service>) {
    // Spoilt answers are written in small pieces that must not wait for each other. Failing costs time only.
    stream.set_nodelay(true).ok();
    let (orders, mut ordered) = mpsc::channel::<Order>(1);
    let answer = service_fn(move |request| answer(Arc::clone(&service), orders.clone(), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
    let order = tokio::select! {
        // Whether a client ended in order or not is of no interest here.
        _ = &mut connection => return,
        order = ordered.recv() => order,
    };
    let stream = connection.into_parts().io.into_inner();
    if let Some((bytes, end)) = order {
        // A client that hung up first has what it wanted.
        cut(stream, &bytes, end).await.ok();
    }
}

async fn answer(
    service: Arc<Service>,
    orders: mpsc::Sender<Order>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let admission = service.admit(&head);
    let body = Limited::new(body, MAX_BODY).collect().await.ok().map(|body| body.to_bytes());
    let decision = service.decide(admission, body.as_deref());
    if !decision.wait.is_zero() {
        tokio::time::sleep(decision.wait).await;
    }
    match decision.delivery {
        Delivery::Answer(whole) => Ok(response(whole)),
        Delivery::Cut(bytes, end) => {
            orders.send((bytes, end)).await.ok();
            // The connection is taken away from hyper, and this future with it.
            std::future::pending().await
        }
    }
}

fn response(whole: Whole) -> Response<Full<Bytes>> {
    let Whole { status, headers, body } = whole;
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(name, value);
    }
    // Only a fault can hold a status or header that is not HTTP.
    builder.body(Full::from(body)).unwrap_or_else(|error| {
        let mut response =
            Response::new(Full::from(format!("the injected answer is not HTTP: {error}")));
        *response.status_mut() = http::StatusCode::NOT_IMPLEMENTED;
        response
    })
}

async fn cut(mut stream: TcpStream, bytes: &[u8], end: End) -> std::io::Result<()> {
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
