//! Decoding a page of full records: in the component, under the host's own
//! settings, against types that are derived natively.
//!
//! No network: the page is handed to the component in the pieces in which it
//! would come. A page of the same size that holds no record takes the same way,
//! so the difference is the records.

use std::future::{Future, ready};
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use lever_host::audit::Audit;
use lever_host::embedded;
use lever_host::runtime::HostConfig;
use lever_host::types::opportunities::{Opportunity, OpportunityPage, OpportunityQuery};
use lever_host::types::types::{Error, Skipped};
use serde_json::json;
use wasmtime::component::{
    Component, ComponentType, InstancePre, Lift, Linker, ResourceTable, WasmList, WasmStr,
};
use wasmtime::{Config, Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use crate::figure::{Curve, Figure, Row, Target, median};
use crate::records::Page;
use crate::rig;

const ROUNDS: usize = 300;

/// What the network hands over at a time, at most.
const PIECE: usize = 64 << 10;

/// A page that is left in the component.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Left {
    items: WasmList<Opportunity>,
    next: Option<WasmStr>,
    skipped: WasmList<Skipped>,
}

fn left(page: &Left) -> usize {
    assert!(page.next.is_none(), "it is the only one");
    assert_eq!(page.skipped.len(), 0, "all of it can be read");
    page.items.len()
}

type Params = (OpportunityQuery, Option<String>);

pub fn measure() -> Figure {
    const TARGET: f64 = 1.3;
    let page = rig::full_pages(1).remove(0);
    let empty = json!({"data": [], "hasNext": false, "padding": ""}).to_string();
    let padding = "x".repeat(page.len() - empty.len());
    let empty = Bytes::from(empty.replace("\"\"", &format!("\"{padding}\"")));
    let (sandbox, unchecked) = (Sandbox::new(true), Sandbox::new(false));
    let mut rounds = Vec::new();
    rig::runtime().block_on(async {
        for round in 0..ROUNDS + ROUNDS / 10 {
            let start = Instant::now();
            let native: Page = serde_json::from_slice(&page).expect("the page is sound");
            assert_eq!(black_box(&native).data.len(), 100);
            drop(native);
            let native = start.elapsed();
            let carried = sandbox.time::<Left>(&empty, left, 0).await;
            let decoded = sandbox.time::<Left>(&page, left, 100).await;
            let taken = sandbox.time::<OpportunityPage>(&page, |page| page.items.len(), 100).await;
            let bare = unchecked.time::<Left>(&empty, left, 0).await;
            let bare = unchecked.time::<Left>(&page, left, 100).await.saturating_sub(bare);
            if round >= ROUNDS / 10 {
                let times = [native, carried, decoded, taken, bare];
                rounds.push(times.map(|it| it.as_secs_f64() * 1e3));
            }
        }
    });
    let over = |value: fn(&[f64; 5]) -> f64| median(rounds.iter().map(value).collect());
    let curve = |name: &str, value: fn(&[f64; 5]) -> f64| {
        let points = rounds.iter().enumerate();
        Curve::new(name, points.map(|(round, it)| (round as f64, value(it))).collect())
    };
    Figure {
        title: "Decoding a page of 100 full records",
        x: "round",
        y: "ms",
        rows: vec![
            Row::new(
                "A page of 100 full records decoded in the component, against native types",
                over(|[native, carried, decoded, ..]| (decoded - carried) / native),
                "",
                Target::AtMost(TARGET),
            ),
            Row::new(
                "the same with the records taken out into the host",
                over(|[native, carried, _, taken, _]| (taken - carried) / native),
                "",
                Target::None,
            ),
            Row::new(
                "the same without the checks by which the host interrupts it",
                over(|[native, .., bare]| bare / native),
                "",
                Target::None,
            ),
            Row::new("the same natively", over(|[native, ..]| *native), "ms", Target::None),
            Row::new(
                "the page's way into the component and the instance",
                over(|[_, carried, ..]| *carried),
                "ms",
                Target::None,
            ),
        ],
        curves: vec![
            curve("native", |[native, ..]| *native),
            curve("in the component", |[_, carried, decoded, ..]| decoded - carried),
            curve("and taken out", |[_, carried, _, taken, _]| taken - carried),
        ],
        how: "opportunities.list-page with the host's engine settings and HTTP answered in the \
              process, less the same call with as many bytes and no record; the records left where \
              they are, or taken out. Natively, serde_json::from_slice and drop. Medians, in turns.",
    }
}

/// The component under the host's settings, and a clock that ticks as the
/// host's.
struct Sandbox {
    engine: Engine,
    pre: InstancePre<State>,
}

impl Sandbox {
    /// With or without what interrupts running code.
    fn new(checked: bool) -> Self {
        let settings = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&settings);
        let tune =
            move |config: &mut Config| *seen.lock().expect("it is free") = Some(config.clone());
        let config =
            HostConfig { tune: Some(Arc::new(tune)), ..rig::unpaced("http://127.0.0.1:9/v1") };
        rig::host(config, Audit::none());
        let mut config =
            settings.lock().expect("it is free").take().expect("the host has settings");
        config.epoch_interruption(checked);
        let engine = Engine::new(&config).expect("the settings are sound");
        let mut linker = Linker::<State>::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).expect("nothing is linked yet");
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).expect("nor is this");
        let component = Component::from_binary(&engine, embedded::COMPONENT).expect("it is one");
        let pre = linker.instantiate_pre(&component).expect("all is linked");
        let ticking = engine.clone();
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(Duration::from_millis(10));
                ticking.increment_epoch();
            }
        });
        Sandbox { engine, pre }
    }

    /// How long a call takes, from the instance on.
    async fn time<R: Lift + Send + Sync + 'static>(
        &self,
        body: &Bytes,
        count: fn(&R) -> usize,
        expected: usize,
    ) -> Duration {
        let state = State {
            wasi: WasiCtx::builder().env("LEVER_BASE_URL", "https://api.lever.co/v1").build(),
            http: WasiHttpCtx::new(),
            table: ResourceTable::new(),
            hooks: Hooks(body.clone()),
        };
        let start = Instant::now();
        let mut store = Store::new(&self.engine, state);
        store.epoch_deadline_async_yield_and_update(1);
        let instance = self.pre.instantiate_async(&mut store).await.expect("it starts");
        let interface = "ats:lever/opportunities@0.1.0";
        let interface = instance.get_export_index(&mut store, None, interface);
        let function = instance
            .get_export_index(&mut store, interface.as_ref(), "list-page")
            .and_then(|index| instance.get_func(&mut store, index))
            .expect("it is exported");
        let function =
            function.typed::<Params, (Result<R, Error>,)>(&store).expect("it has this type");
        let called = function.call_async(&mut store, (OpportunityQuery::default(), None)).await;
        let (page,) = called.expect("nothing traps");
        assert_eq!(page.as_ref().map(count).expect("the page is read"), expected);
        drop(page);
        start.elapsed()
    }
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    hooks: Hooks,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.hooks, table: &mut self.table, ctx: &mut self.http }
    }
}

/// Answers every request with this body.
struct Hooks(Bytes);

type Done = Box<dyn Future<Output = Result<(), wasmtime_wasi_http::Error>> + Send>;
type Sent = Result<(http::Response<WasiBody>, Done), wasmtime_wasi_http::Error>;

impl WasiHttpHooks for Hooks {
    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Done,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let body = self.0.clone();
        let pieces = (0..body.len())
            .step_by(PIECE)
            .map(move |start| Ok(Frame::data(body.slice(start..body.len().min(start + PIECE)))));
        let body = StreamBody::new(futures_util::stream::iter(pieces)).boxed_unsync();
        let done: Done = Box::new(ready(Ok(())));
        Box::new(ready(Ok((http::Response::new(body), done))))
    }
}
