//! Pages of full records: the component in the host against a native client.

use crate::figure::{Curve, Figure, Row, Target, median, millis};
use crate::records::Page;
use crate::rig;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lever_host::audit::Audit;
use lever_host::policy::Agent;
use lever_host::runtime::{Component, Host};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const PAGES: [usize; 5] = [1, 10, 25, 50, 100];
const ROUNDS: usize = 5;

pub fn measure() -> Figure {
    let address = rig::prepared(rig::full_pages(100));
    let (host, lever) = rig::host(rig::unpaced(&format!("http://{address}/v1")), Audit::none());
    let agent = rig::agent("reader");
    let native = Client::builder(TokioExecutor::new()).build_http();
    let mut curves = [
        Curve::new("component in lever-host", Vec::new()),
        Curve::new("native client", Vec::new()),
    ];
    let mut ratio = 0.0;
    rig::runtime().block_on(async {
        through_native(&native, address, 2).await;
        through_component(&host, &lever, &agent, 2).await;
        for pages in PAGES {
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            for _ in 0..ROUNDS {
                ours.push(millis(through_component(&host, &lever, &agent, pages).await));
                theirs.push(millis(through_native(&native, address, pages).await));
            }
            let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs);
            ratio = median(ratios.collect());
            curves[0].points.push((pages as f64, median(ours)));
            curves[1].points.push((pages as f64, median(theirs)));
        }
    });
    let per_page = curves[0].points.last().map_or(0.0, |(pages, taken)| taken / pages);
    Figure {
        title: "Reading pages of 100 full records over loopback",
        x: "pages",
        y: "ms",
        rows: vec![
            Row::new(
                "100 pages of 100 full records (470 KB each): component against a native client",
                ratio,
                "",
                Target::AtMost(1.1),
            ),
            Row::new("the same, one page through the component", per_page, "ms", Target::None),
        ],
        curves: curves.into(),
        how: "list-page, a fresh instance for each page, one after the other; the native client is \
              hyper-util with serde-derived records. The median of the ratios of 5 rounds, in turns.",
    }
}

async fn through_component(
    host: &Host,
    lever: &Component,
    agent: &Agent,
    pages: usize,
) -> Duration {
    let query = json!({ "limit": 100, "expand": rig::EXPAND });
    let mut cursor = Value::Null;
    let start = Instant::now();
    for _ in 0..pages {
        let args = [query.clone(), cursor];
        let page = host.call(lever, agent, "opportunities", "list-page", &args).await;
        let mut page = page.expect("pages are read");
        assert_eq!(page["items"].as_array().map(Vec::len), Some(100));
        cursor = page["next"].take();
    }
    start.elapsed()
}

async fn through_native(
    client: &Client<HttpConnector, Empty<Bytes>>,
    address: SocketAddr,
    pages: usize,
) -> Duration {
    let expand: String = rig::EXPAND.iter().map(|name| format!("&expand={name}")).collect();
    let mut offset = String::new();
    let start = Instant::now();
    for _ in 0..pages {
        let uri = format!("http://{address}/v1/opportunities?limit=100{expand}{offset}");
        let answer = client.get(uri.parse().expect("it is a URI")).await.expect("it answers");
        let body = answer.into_body().collect().await.expect("the body is whole").to_bytes();
        let page: Page = serde_json::from_slice(&body).expect("the page is sound");
        assert_eq!(page.data.len(), 100);
        offset = page.next.map(|next| format!("&offset={next}")).unwrap_or_default();
    }
    start.elapsed()
}
