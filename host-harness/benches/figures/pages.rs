//! Pages of full records: the component in the host against a native client.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use lever_host::audit::Audit;
use lever_host::functions::opportunities::ListPage;
use lever_host::policy::Agent;
use lever_host::runtime::{Component, Host};
use lever_host::types::opportunities::OpportunityQuery;
use lever_host::value::Arguments;
use serde_json::json;

use crate::figure::{Curve, Figure, Row, Target, median, millis};
use crate::records::Page;
use crate::rig;

const PAGES: [usize; 5] = [1, 10, 25, 50, 100];
const ROUNDS: usize = 5;

/// A way of reading: how a page is taken out of the host.
#[derive(Clone, Copy)]
enum As {
    Records,
    Text,
    Value,
}

pub fn measure() -> Figure {
    let address = rig::prepared(rig::full_pages(100));
    let (host, lever) = rig::host(rig::unpaced(&format!("http://{address}/v1")), Audit::none());
    let agent = rig::agent("reader");
    let native = Client::builder(TokioExecutor::new()).build_http();
    let ours =
        [(As::Records, "as records"), (As::Text, "as JSON text"), (As::Value, "as a JSON value")];
    let mut curves: Vec<Curve> = ours
        .iter()
        .map(|(_, name)| Curve::new(format!("lever-host, {name}"), Vec::new()))
        .chain([Curve::new("native client", Vec::new())])
        .collect();
    let mut ratios = [0.0; 3];
    rig::runtime().block_on(async {
        through_native(&native, address, 2).await;
        for (form, _) in ours {
            through_component(&host, &lever, &agent, 2, form).await;
        }
        for pages in PAGES {
            let mut taken = vec![Vec::new(); 4];
            for _ in 0..ROUNDS {
                for (place, (form, _)) in ours.iter().enumerate() {
                    let time = through_component(&host, &lever, &agent, pages, *form).await;
                    taken[place].push(millis(time));
                }
                taken[3].push(millis(through_native(&native, address, pages).await));
            }
            for (place, ratio) in ratios.iter_mut().enumerate() {
                let pairs = taken[place].iter().zip(&taken[3]);
                *ratio = median(pairs.map(|(ours, theirs)| ours / theirs).collect());
            }
            for (curve, taken) in curves.iter_mut().zip(taken) {
                curve.points.push((pages as f64, median(taken)));
            }
        }
    });
    let per_page = |place: usize| curves[place].points.last().map_or(0.0, |(n, taken)| taken / n);
    let mut rows = vec![Row::new(
        "100 pages of 100 full records (470 KB each) as records: against a native client",
        ratios[0],
        "",
        Target::AtMost(1.1),
    )];
    for (place, (_, name)) in ours.iter().enumerate().skip(1) {
        rows.push(Row::new(format!("the same {name}"), ratios[place], "", Target::None));
    }
    rows.push(Row::new("one page as records", per_page(0), "ms", Target::None));
    rows.push(Row::new("one page, native client", per_page(3), "ms", Target::None));
    Figure {
        title: "Reading pages of 100 full records over loopback",
        x: "pages",
        y: "ms",
        rows,
        curves,
        how: "list-page, a fresh instance for each page, one after the other; the native client is \
              hyper-util with serde-derived records. The median of the ratios of 5 rounds, in turns.",
    }
}

async fn through_component(
    host: &Host,
    lever: &Component,
    agent: &Agent,
    pages: usize,
    form: As,
) -> Duration {
    let mut cursor = None;
    let start = Instant::now();
    for _ in 0..pages {
        let (records, next) = page(host, lever, agent, cursor, form).await;
        assert_eq!(records, 100);
        cursor = next;
    }
    start.elapsed()
}

async fn page(
    host: &Host,
    lever: &Component,
    agent: &Agent,
    cursor: Option<String>,
    form: As,
) -> (usize, Option<String>) {
    if let As::Records = form {
        let query = OpportunityQuery {
            limit: Some(100),
            expand: rig::EXPAND.map(str::to_owned).to_vec(),
            ..OpportunityQuery::default()
        };
        let page = host.invoke(lever, agent, ListPage { query, cursor }).await;
        let page = page.expect("pages are read");
        return (page.items.len(), page.next);
    }
    let args = [json!({ "limit": 100, "expand": rig::EXPAND }), json!(cursor)];
    let arguments = Arguments::new(&args);
    let answer = host.answer(lever, agent, "opportunities", "list-page", arguments).await;
    let answer = answer.expect("pages are read");
    match form {
        As::Value => {
            let mut page = answer.to_value();
            let next = page["next"].take();
            (page["items"].as_array().map_or(0, Vec::len), next.as_str().map(str::to_owned))
        }
        _ => {
            let text = answer.to_text();
            // Keys are in order, so the cursor is the last.
            let next =
                text.rsplit_once("\"next\":\"").and_then(|(_, next)| next.strip_suffix("\"}"));
            (answer.records() as usize, next.map(str::to_owned))
        }
    }
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
