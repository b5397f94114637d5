use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt;
use tokio::io::AsyncWriteExt;
use tokio_rustls::rustls;
use wasmtime_wasi_http::{RequestOptions, WasiBody};

use super::super::connector::{ConnectError, Connector};
use super::super::exchange::{Client, Failure, Interruption, Timeouts};
use super::super::network::Network;
use super::{Server, read_request, text};

const SHORT: Timeouts = Timeouts {
    connect: Duration::from_millis(200),
    first_byte: Duration::from_millis(200),
    between_bytes: Duration::from_millis(200),
};

/// For what does not test the times, on a machine that is busy.
const LONG: Timeouts = Timeouts {
    connect: Duration::from_secs(10),
    first_byte: Duration::from_secs(10),
    between_bytes: Duration::from_secs(10),
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

fn client(base: &str, allow_loopback: bool, extra_ca: &[PathBuf]) -> Client {
    let extra_ca = extra_ca.to_vec();
    let network = Network { allow_loopback, extra_ca, ..Network::default() };
    Client::new(Connector::new(&base.parse().unwrap(), &network).unwrap())
}

fn post(base: &str) -> http::Request<WasiBody> {
    http::Request::post(format!("{base}/opportunities/1/notes"))
        .header("content-length", "2")
        .body(text("{}"))
        .unwrap()
}

async fn send(base: &str) -> Result<http::Response<hyper::body::Incoming>, Failure> {
    client(base, true, &[]).exchange(post(base), LONG).await
}

/// The failure, as the record calls it.
async fn failure(base: &str) -> (&'static str, &'static str) {
    send(base).await.unwrap_err().as_strs()
}

/// The failure of a request with little time.
async fn hasty(base: &str) -> (&'static str, &'static str) {
    client(base, true, &[]).exchange(post(base), SHORT).await.unwrap_err().as_strs()
}

fn base(port: u16) -> String {
    format!("http://127.0.0.1:{port}/v1")
}

#[tokio::test]
async fn what_fails_before_the_sending_says_so() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    assert_eq!(failure(&base(port)).await, ("connection-refused", "not-sent"));

    // Accepts and never shakes hands: the handshake is within the connect time.
    let silent = Server::start(|stream, _| async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        drop(stream);
    })
    .await;
    let secure = format!("https://127.0.0.1:{}/v1", silent.port);
    assert_eq!(hasty(&secure).await, ("connection-timeout", "not-sent"));

    let plain = Server::start(|mut stream, _| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let secure = format!("https://127.0.0.1:{}/v1", plain.port);
    assert_eq!(failure(&secure).await, ("tls", "not-sent"));
}

#[tokio::test]
async fn what_fails_after_the_sending_never_claims_that_nothing_was_sent() {
    let closing = Server::start(|mut stream, heads| async move {
        read_request(&mut stream, &heads).await;
    })
    .await;
    assert_eq!(failure(&base(closing.port)).await, ("connection", "unknown"));
    assert_eq!(closing.heads().len(), 1);

    let silent = Server::answering("").await;
    assert_eq!(hasty(&base(silent.port)).await, ("timeout", "unknown"));

    let garbage = Server::answering("SSH-2.0-OpenSSH\r\n\r\n").await;
    assert_eq!(failure(&base(garbage.port)).await, ("incomplete-answer", "unknown"));

    let huge = "HTTP/1.1 200 OK\r\ncontent-length: 134217729\r\n\r\n";
    let huge = Server::answering(huge).await;
    assert_eq!(failure(&base(huge.port)).await, ("too-large", "unknown"));

    let many = with_headers(257).await;
    assert_eq!(failure(&base(many.port)).await, ("incomplete-answer", "unknown"));
}

/// A server that answers with this many headers.
async fn with_headers(count: usize) -> Server {
    let more = "a: b\r\n".repeat(count - 1);
    let answer = format!("HTTP/1.1 200 OK\r\n{more}content-length: 2\r\n\r\n{{}}");
    Server::answering(answer.leak()).await
}

#[tokio::test]
async fn answers_with_many_headers_are_read() {
    for count in [100, 120, 256] {
        let server = with_headers(count).await;
        let response = send(&base(server.port)).await.unwrap();
        assert_eq!(response.headers().len(), count);
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    }
}

#[tokio::test]
async fn a_request_is_on_its_way_once_it_has_a_connection_and_no_sooner() {
    let silent = Server::start(|mut stream, heads| async move {
        read_request(&mut stream, &heads).await;
        tokio::time::sleep(Duration::from_secs(5)).await;
    })
    .await;
    for (scheme, expected) in [("https", false), ("http", true)] {
        let base = format!("{scheme}://127.0.0.1:{}/v1", silent.port);
        let (client, mut noted) = (client(&base, true, &[]), false);
        let sending = client.exchange_noting(post(&base), LONG, || noted = true);
        // Cut off while it shakes hands, or while it waits for its answer.
        let cut = tokio::time::timeout(Duration::from_millis(100), sending).await;
        assert!(cut.is_err());
        assert_eq!(noted, expected, "{scheme}");
    }
    let server = Server::answering(OK).await;
    let (base, mut noted) = (base(server.port), false);
    let client = client(&base, true, &[]);
    client.exchange_noting(post(&base), LONG, || noted = true).await.unwrap();
    assert!(noted);
}

#[tokio::test]
async fn a_request_that_was_taken_up_is_never_sent_again() {
    // Answers the first request of a connection and drops it at the second,
    // as a server does that closes an idle connection just then.
    let server = Server::start(|mut stream, heads| async move {
        read_request(&mut stream, &heads).await;
        let _ = stream.write_all(OK.as_bytes()).await;
        read_request(&mut stream, &heads).await;
    })
    .await;
    let base = base(server.port);
    let client = client(&base, true, &[]);
    let first = client.exchange(post(&base), LONG).await.unwrap();
    first.into_body().collect().await.unwrap();
    let second = client.exchange(post(&base), LONG).await.unwrap_err();
    assert!(matches!(second, Failure::MaybeSent(Interruption::Terminated)), "{second:?}");
    assert_eq!(server.heads().len(), 2);
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let server = Server::answering(OK).await;
    let base = base(server.port);
    let client = client(&base, true, &[]);
    for _ in 0..5 {
        let response = client.exchange(post(&base), LONG).await.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    }
    assert_eq!((server.connections(), server.heads().len()), (1, 5));
}

#[tokio::test]
async fn a_redirect_comes_back_as_it_is() {
    let answer =
        "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
    let server = Server::answering(answer).await;
    let response = send(&base(server.port)).await.unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!((server.connections(), server.heads().len()), (1, 1));
}

#[tokio::test]
async fn loopback_needs_the_switch_under_every_name() {
    let server = Server::answering(OK).await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]"] {
        let base = format!("http://{host}:{}/v1", server.port);
        let Ok(upstream) = base.parse() else { continue };
        let client = Client::new(Connector::new(&upstream, &Network::default()).unwrap());
        let failure = client.exchange(post(&base), LONG).await.unwrap_err();
        assert!(
            matches!(&failure, Failure::NotSent(ConnectError::Prohibited { kind: "loopback", .. })),
            "{host}: {failure:?}"
        );
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_connector_goes_nowhere_else() {
    let server = Server::answering(OK).await;
    let client = client(&base(server.port), true, &[]);
    let failure = client.exchange(post("http://localhost:1/v1"), LONG).await.unwrap_err();
    assert_eq!(failure.as_strs(), ("another-server", "not-sent"));
}

#[tokio::test]
async fn tls_is_verified_against_the_authorities_and_the_name_and_speaks_h2() {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let ca = std::env::temp_dir().join(format!("lever-ca-{}.pem", std::process::id()));
    std::fs::write(&ca, signed.cert.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let server = Server::start(move |stream, heads| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(tls) = acceptor.accept(stream).await else { return };
            let service = hyper::service::service_fn(move |request: http::Request<_>| {
                heads.lock().unwrap().push(format!("{:?}", request.version()));
                std::future::ready(Ok::<_, std::convert::Infallible>(http::Response::new(text(
                    "{}",
                ))))
            });
            let executor = hyper_util::rt::TokioExecutor::new();
            let _ = hyper::server::conn::http2::Builder::new(executor)
                .serve_connection(hyper_util::rt::TokioIo::new(tls), service)
                .await;
        }
    })
    .await;
    let send = async |host: &str, ca: &[PathBuf]| {
        let base = format!("https://{host}:{}/v1", server.port);
        client(&base, true, ca).exchange(post(&base), LONG).await
    };
    let trusted = std::slice::from_ref(&ca);
    let refused = ("certificate", "not-sent");
    assert_eq!(send("localhost", &[]).await.unwrap_err().as_strs(), refused);
    assert_eq!(send("127.0.0.1", trusted).await.unwrap_err().as_strs(), refused);
    assert_eq!(server.heads(), [""; 0]);
    let response = send("localhost", trusted).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "{}");
    assert_eq!(server.heads(), ["HTTP/2.0"]);
    std::fs::remove_file(&ca).unwrap();
}

#[test]
fn a_guests_timeouts_are_kept_below_the_hosts() {
    let asked = RequestOptions {
        connect_timeout: Some(Duration::from_secs(1)),
        first_byte_timeout: Some(Duration::from_secs(86_400)),
        between_bytes_timeout: None,
    };
    let timeouts = Timeouts::from_options(Some(asked));
    assert_eq!(timeouts.connect, Duration::from_secs(1));
    assert_eq!(timeouts.first_byte, Duration::from_secs(300));
    assert_eq!(timeouts.between_bytes, Duration::from_secs(30));
}
