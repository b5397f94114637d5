//! A host without a limit of its own, and servers to put before it.

use std::convert::Infallible;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use lever_host::audit::Audit;
use lever_host::embedded;
use lever_host::limiter::{Limiter, Rate};
use lever_host::policy::Agent;
use lever_host::runtime::{Component, Host, HostConfig};

/// As good as no limit.
const MANY: u32 = 1_000_000;

/// All that a candidate's record can have in place of ids.
pub const EXPAND: [&str; 6] =
    ["applications", "stage", "owner", "followers", "sourcedBy", "contact"];

/// A runtime as the command line has it.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads can be made")
}

/// Where compiled code is kept between runs.
pub fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// A configuration that leads to this address, with this pace.
pub fn config(base: &str, rate: Rate) -> HostConfig {
    HostConfig {
        upstream: base.parse().expect("the address is sound"),
        allow_loopback: true,
        cache_dir: Some(cache()),
        limiter: Limiter::new(rate),
        ..HostConfig::default()
    }
}

/// No pace at all.
pub fn unpaced(base: &str) -> HostConfig {
    config(base, Rate { per_second: MANY, burst: MANY })
}

/// A host and the component in it.
pub fn host(config: HostConfig, audit: Audit) -> (Host, Arc<Component>) {
    let host = Host::new(config, audit).expect("the host starts");
    let lever = host.load(embedded::COMPONENT).expect("the component loads");
    (host, lever)
}

/// An agent that may read everything, as fast as its host lets it.
pub fn agent(name: &str) -> Agent {
    let grants = ["opportunities=read", "stages=read", "webhook-events=read", "files=full"];
    let mut agent = Agent::from_grants(name, &grants.map(str::to_owned)).expect("they are sound");
    agent.limits.requests_per_second = MANY;
    agent
}

/// So many pages of a hundred full records, as Lever writes them.
pub fn full_pages(pages: usize) -> Vec<Bytes> {
    const ID: &str = "177d7a73-3593-4a77-8890-05eebd012d82";
    // As text: a JSON value would put the keys into another order than Lever's.
    let record = compact(include_str!("../../../tests/fixtures/opportunity_expanded.json"));
    let (before, after) = record.split_once(ID).expect("it has this id");
    let page = |page: usize| {
        let records: Vec<String> = (0..100)
            .map(|number| {
                // Different from the first digit on, as random ones are.
                let number = (page * 100 + number) as u32;
                let first = number.wrapping_mul(0x9e37_79b1);
                format!("{before}{first:08x}-3593-4a77-8890-{number:012}{after}")
            })
            .collect();
        let data = records.join(",");
        let next = page + 1;
        Bytes::from(match next < pages {
            true => format!(r#"{{"data":[{data}],"hasNext":true,"next":"p{next}"}}"#),
            false => format!(r#"{{"data":[{data}],"hasNext":false}}"#),
        })
    };
    (0..pages).map(page).collect()
}

/// JSON without the white space between its parts.
fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let keep = |c: &char| {
        let kept = in_text || !c.is_whitespace();
        in_text ^= *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        kept
    };
    json.chars().filter(keep).collect()
}

/// A server that hands out bodies made before: the page that `offset` names,
/// or the first.
pub fn prepared(bodies: Vec<Bytes>) -> SocketAddr {
    let bodies = Arc::new(bodies);
    answering(move |request| {
        let query = request.uri().query().unwrap_or_default();
        let page = query.split('&').find_map(|pair| pair.strip_prefix("offset=p"));
        let page: usize = page.and_then(|page| page.parse().ok()).unwrap_or(0);
        let answer = http::Response::builder()
            .header("content-type", "application/json")
            .body(Full::new(bodies[page % bodies.len()].clone()))
            .expect("the answer is sound");
        std::future::ready(Ok::<_, Infallible>(answer))
    })
}

/// A server with this answer to everything. It has a thread of its own.
pub fn answering<F>(
    answer: impl Fn(http::Request<Incoming>) -> F + Clone + Send + 'static,
) -> SocketAddr
where
    F: Future<Output = Result<http::Response<Full<Bytes>>, Infallible>> + Send + 'static,
{
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    listener.set_nonblocking(true).expect("tokio wants it");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a thread can be made").block_on(async {
            let listener =
                tokio::net::TcpListener::from_std(listener).expect("the listener is sound");
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                stream.set_nodelay(true).ok();
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer.clone()));
                tokio::spawn(connection);
            }
        });
    });
    address
}
