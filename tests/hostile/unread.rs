//! Answers that are left unread, many at once: what another agent of the host
//! feels of it.
//!
//! Times are compared with each other and never with a clock: both are mostly
//! the server's own latency.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use lever_host::audit::Audit;
use lever_host::credentials::Credential;
use lever_host::embedded;
use lever_host::limiter::{Limiter, Rate};
use lever_host::policy::Agent;
use lever_host::runtime::{Component, Host, HostConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, rustls};

use super::{KEY, agent, build};

/// How long the server takes over each page of stages.
const LATENCY: Duration = Duration::from_millis(40);

/// Pages of stages.
const PAGES: usize = 8;

/// Far longer than all that is measured.
const ATTACK: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Version {
    Http1,
    Http2,
}

/// Answers stages page by page, and anything else with this many bytes.
struct Server {
    base_url: String,
    authority: String,
    /// Large answers that have begun.
    begun: Arc<AtomicUsize>,
    _directory: tempfile::TempDir,
    ca: std::path::PathBuf,
}

impl Server {
    async fn start(version: Version, size: usize) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let port = listener.local_addr().expect("it is bound").port();
        let directory = tempfile::tempdir().expect("a directory can be made");
        let (acceptor, ca) = tls(version, directory.path());
        let large = Large { body: Bytes::from(vec![b'x'; size]), begun: Arc::default() };
        let begun = Arc::clone(&large.begun);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(version, acceptor.clone(), stream, large.clone()));
            }
        });
        let authority = format!("localhost:{port}");
        let base_url = format!("https://{authority}/v1");
        Server { base_url, authority, begun, _directory: directory, ca }
    }

    fn host(&self) -> Host {
        let rate = Rate { per_second: 100_000, burst: 100_000 };
        let config = HostConfig {
            upstream: self.base_url.parse().expect("the URL is sound"),
            allow_loopback: true,
            credential: Some(Credential::api_key(KEY).expect("the key is sound").into()),
            cache_dir: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")),
            extra_ca: vec![self.ca.clone()],
            limiter: Limiter::new(rate),
            ..HostConfig::default()
        };
        Host::new(config, Audit::none()).expect("the host starts")
    }
}

fn tls(version: Version, directory: &Path) -> (TlsAcceptor, std::path::PathBuf) {
    let signed = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
    let signed = signed.expect("a certificate can be made");
    let ca = directory.join("ca.pem");
    std::fs::write(&ca, signed.cert.pem()).expect("it can be written");
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(signed.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("there are some")
        .with_no_client_auth()
        .with_single_cert(vec![signed.cert.der().clone()], key)
        .expect("the certificate is sound");
    config.alpn_protocols = match version {
        Version::Http1 => vec![b"http/1.1".to_vec()],
        Version::Http2 => vec![b"h2".to_vec()],
    };
    (TlsAcceptor::from(Arc::new(config)), ca)
}

/// An answer that is left unread, and how many of them have begun.
#[derive(Clone)]
struct Large {
    body: Bytes,
    begun: Arc<AtomicUsize>,
}

async fn serve(version: Version, acceptor: TlsAcceptor, stream: TcpStream, large: Large) {
    let Ok(tls) = acceptor.accept(stream).await else { return };
    let io = TokioIo::new(tls);
    let service = service_fn(move |request| answer(request, large.clone()));
    let _ = match version {
        Version::Http1 => http1::Builder::new().serve_connection(io, service).await,
        Version::Http2 => {
            http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await
        }
    };
}

async fn answer(
    request: Request<Incoming>,
    large: Large,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if !request.uri().path().ends_with("/stages") {
        large.begun.fetch_add(1, Ordering::SeqCst);
        return Ok(Response::new(Full::new(large.body)));
    }
    tokio::time::sleep(LATENCY).await;
    let query = request.uri().query().unwrap_or_default();
    let offset = query.split('&').find_map(|pair| pair.strip_prefix("offset="));
    let page: usize = offset.and_then(|page| page.parse().ok()).unwrap_or(0);
    let mut body = json!({ "data": [{ "id": format!("stage-{page}"), "text": "New" }] });
    body["hasNext"] = json!(page + 1 < PAGES);
    if page + 1 < PAGES {
        body["next"] = json!((page + 1).to_string());
    }
    let response = Response::new(Full::new(Bytes::from(body.to_string())));
    let (mut parts, body) = response.into_parts();
    parts.headers.insert("content-type", http::HeaderValue::from_static("application/json"));
    Ok(Response::from_parts(parts, body))
}

/// How long the middle one of three calls takes.
async fn typical_call(host: &Host, lever: &Component, victim: &Agent) -> Duration {
    let mut took = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        let stages = host.call(lever, victim, "stages", "list-all", &[]).await;
        let stages = stages.expect("the victim's call succeeds");
        assert_eq!(stages["items"].as_array().map(Vec::len), Some(PAGES), "{stages}");
        took.push(start.elapsed());
    }
    took.sort();
    took[1]
}

/// How much longer the victim's call takes while the calls of another agent
/// leave this many answers each unread.
async fn ratio(version: Version, size: usize, calls: usize, answers: usize) -> f64 {
    let server = Server::start(version, size).await;
    let host = Arc::new(server.host());
    let lever = host.load(embedded::COMPONENT).expect("the component loads");
    let hostile = host.load(&build::built().attack).expect("it imports nothing unusual");
    let mut attacker = agent(&[]);
    attacker.limits.call_timeout = ATTACK;
    attacker.limits.requests_per_second = 100_000;
    let mut victim = Agent::from_grants("victim", &["stages=read".into()]).expect("a grant");
    victim.limits.requests_per_second = 100_000;

    // Connected and compiled before anything is measured.
    typical_call(&host, &lever, &victim).await;
    let alone = typical_call(&host, &lever, &victim).await;

    let message = json!({
        "method": "GET", "scheme": "https", "authority": server.authority,
        "path-with-query": "/v1/opportunities", "headers": [], "body": "", "bytes": [],
        "trailers": [],
    });
    let arguments: [Value; 3] = [message, json!(answers), json!(ATTACK.as_millis() as u64)];
    let mut attacks = tokio::task::JoinSet::new();
    for _ in 0..calls {
        let (host, hostile) = (Arc::clone(&host), Arc::clone(&hostile));
        let (attacker, arguments) = (attacker.clone(), arguments.clone());
        attacks.spawn(async move {
            host.call(&hostile, &attacker, "attack", "leave", &arguments).await
        });
    }
    // As far as the attack gets: nothing more has begun for a while.
    let (mut before, mut still) = (0, 0);
    while still < 5 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let begun = server.begun.load(Ordering::SeqCst);
        still = if begun > 0 && begun == before { still + 1 } else { 0 };
        before = begun;
    }
    let beside = typical_call(&host, &lever, &victim).await;
    assert!(attacks.try_join_next().is_none(), "the attack goes on meanwhile");
    println!("{version:?}, {size} bytes: {before} begun; {alone:?} alone, {beside:?} beside");
    attacks.shutdown().await;
    beside.as_secs_f64() / alone.as_secs_f64()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_leaves_http_2_answers_unread_slows_down_no_other() {
    for (size, answers) in [(200 << 10, 40), (4 << 20, 4), (4 << 20, 60)] {
        let ratio = ratio(Version::Http2, size, 1, answers).await;
        assert!(ratio <= 1.5, "{answers} of {size} bytes: {ratio}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_leaves_http_1_answers_unread_slows_down_no_other() {
    for size in [200 << 10, 4 << 20] {
        let ratio = ratio(Version::Http1, size, 5, 60).await;
        assert!(ratio <= 1.5, "{size} bytes: {ratio}");
    }
}
