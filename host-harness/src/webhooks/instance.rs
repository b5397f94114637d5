//! Runs the component: each delivery in an instance of its own, which gets the
//! request's body and reaches the sink.
//!
//! It decides nothing. Whatever the component asks for beside the sink is
//! refused, and nothing it asks for goes to a network.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use tokio::sync::{Semaphore, oneshot};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::ProxyPre;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, Scheme};
use wasmtime_wasi_http::{
    Error, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView,
};

use super::sink::Sink;
use super::{HEADER, LARGEST, Reply, SignatureTokens};
use crate::egress::FIELDS_CAP;
use crate::policy;
use crate::runtime::{Budget, HostError, Output, Ticker, digest, engine, link};

/// Instances at once. One takes a millisecond, and waits for the disk.
const INSTANCES: u32 = 16;

/// The longest that one may take: above what the sink takes at most.
const LONGEST: Duration = Duration::from_secs(60);

/// The longest that a delivery waits for an instance.
const PATIENCE: Duration = Duration::from_secs(10);

/// Handles one may hold: a request in and a request out take about twenty.
const HANDLES: usize = 128;

/// The address of the sink; it is not an address of any network.
const SINK: (&str, &str) = ("localhost", "/events");

/// The largest event: a body can be in it twice, as data and as the fields that
/// stand for themselves.
const LARGEST_EVENT: usize = 3 * LARGEST;

/// Makes instances of the component.
pub struct Instances {
    engine: Engine,
    pre: ProxyPre<State>,
    ticker: Ticker,
    places: Semaphore,
    environment: Vec<(String, String)>,
    sink: Arc<Sink>,
    digest: String,
}

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    budget: Budget,
    hooks: ToSink,
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

impl Instances {
    pub fn new(
        tokens: &SignatureTokens,
        max_age_ms: u64,
        cache: Option<&Path>,
        sink: Arc<Sink>,
    ) -> Result<Self, HostError> {
        let bytes = crate::embedded::WEBHOOKS;
        let engine = engine(cache, INSTANCES, None)?;
        let mut linker = Linker::new(&engine);
        link(&mut linker).map_err(HostError::engine)?;
        let pre = Component::from_binary(&engine, bytes)
            .and_then(|component| linker.instantiate_pre(&component))
            .and_then(ProxyPre::new)
            .map_err(HostError::engine)?;
        let variables = [
            ("LEVER_WEBHOOK_SIGNATURE_TOKEN", tokens.secret().to_owned()),
            ("LEVER_WEBHOOK_FORWARD_URL", format!("http://{}{}", SINK.0, SINK.1)),
            ("LEVER_WEBHOOK_MAX_AGE_MS", max_age_ms.to_string()),
            ("LEVER_WEBHOOK_TIMEOUT_MS", LONGEST.as_millis().to_string()),
        ];
        Ok(Self {
            ticker: Ticker::start(engine.clone())?,
            pre,
            engine,
            places: Semaphore::new(INSTANCES as usize),
            environment: variables.map(|(name, value)| (name.to_owned(), value)).into(),
            sink,
            digest: digest(bytes),
        })
    }

    /// The SHA-256 of the component, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Has one request answered.
    pub async fn run(&self, method: http::Method, body: Bytes) -> Reply {
        let Ok(Ok(_place)) = tokio::time::timeout(PATIENCE, self.places.acquire()).await else {
            return Reply::new(503, "busy");
        };
        let _ticking = self.ticker.run();
        let heard = Heard::default();
        let run = self.answered(method, body, heard.clone());
        let answer = tokio::time::timeout(LONGEST, run).await;
        let heard = heard.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (answer, heard) {
            // What the sink said is more exact than what the component makes of
            // it; the status is the component's.
            (Ok(Ok(reply)), Some(heard)) => Reply { status: reply.status, ..heard },
            (Ok(Ok(reply)), None) => reply,
            (Ok(Err(_)), _) => Reply::new(500, "component-failed"),
            (Err(_), _) => Reply::new(503, "no-answer-in-time"),
        }
    }

    async fn answered(
        &self,
        method: http::Method,
        body: Bytes,
        heard: Heard,
    ) -> wasmtime::Result<Reply> {
        // The component needs no more of a request than this.
        let request = http::Request::builder()
            .method(method)
            .uri("http://localhost/")
            .header("content-length", body.len())
            .body(
                Full::new(body)
                    .map_err(|never: std::convert::Infallible| -> Error { match never {} }),
            )?;
        let mut store = self.store(heard);
        let request = store.data_mut().http().new_incoming_request(Scheme::Http, request)?;
        let (sender, receiver) = oneshot::channel();
        let out = store.data_mut().http().new_response_outparam(sender)?;
        let proxy = self.pre.instantiate_async(&mut store).await?;
        proxy.wasi_http_incoming_handler().call_handle(&mut store, request, out).await?;
        let response = receiver
            .await
            .map_err(|_| wasmtime::Error::msg("the component did not answer"))?
            .map_err(|code| wasmtime::Error::msg(format!("the component answered {code:?}")))?;
        let word = response.headers().get(HEADER).and_then(|word| word.to_str().ok());
        let known = word.and_then(|word| WORDS.into_iter().find(|known| *known == word));
        Ok(Reply::new(response.status().as_u16(), known.unwrap_or("unknown")))
    }

    /// The store of one delivery, with all that bounds it: as for calls.
    fn store(&self, heard: Heard) -> Store<State> {
        let limits = policy::Limits::default();
        let output = Output::default();
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELDS_CAP);
        let mut table = ResourceTable::new();
        table.set_max_capacity(HANDLES);
        let mut wasi = WasiCtx::builder();
        // It asks for no randomness; the hasher of a library may, for a few bytes.
        wasi.envs(&self.environment).stdout(output.clone()).stderr(output).max_random_size(64);
        let state = State {
            wasi: wasi.build(),
            http,
            table,
            budget: Budget::new(limits.memory),
            hooks: ToSink { sink: Arc::clone(&self.sink), heard },
        };
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.budget);
        store.epoch_deadline_async_yield_and_update(1);
        store.set_max_component_handles(HANDLES);
        store.set_hostcall_fuel(usize::try_from(limits.memory).unwrap_or(usize::MAX));
        store
    }
}

/// The words of the component, so that no other text gets into a record.
const WORDS: [&str; 14] = [
    "accepted",
    "repeat",
    "ping",
    "no-delivery",
    "broken-body",
    "forged",
    "old",
    "future",
    "altered",
    "method",
    "too-large",
    "busy",
    "not-forwarded",
    "not-configured",
];

/// What the sink said about the delivery of an instance.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Option<Reply>>>);

/// Hands what a component sends to the sink, and refuses all else.
struct ToSink {
    sink: Arc<Sink>,
    heard: Heard,
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for ToSink {
    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let (sink, heard) = (Arc::clone(&self.sink), self.heard.clone());
        Box::new(async move {
            let uri = request.uri();
            let is_sink = uri.authority().is_some_and(|it| it.as_str() == SINK.0)
                && uri.path_and_query().is_some_and(|it| it.as_str() == SINK.1);
            if request.method() != http::Method::POST || !is_sink {
                return Err(Error::HttpRequestDenied);
            }
            let event = Limited::new(request.into_body(), LARGEST_EVENT).collect().await;
            let event = event.map_err(|_| Error::HttpRequestBodySize(None))?.to_bytes();
            let reply = sink.take(event).await;
            *heard.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(reply);
            let nothing = Full::new(Bytes::new())
                .map_err(|never: std::convert::Infallible| -> Error { match never {} });
            let mut response = http::Response::new(nothing.boxed_unsync());
            *response.status_mut() =
                http::StatusCode::from_u16(reply.status).map_err(|_| Error::InternalError(None))?;
            let done: Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> =
                Box::pin(std::future::ready(Ok(())));
            Ok((response, Box::new(done) as Box<_>))
        })
    }

    // The defaults of the following three log the error with its details.

    fn p2_error_from_hyper(&mut self, _: &hyper::Error) -> ErrorCode {
        ErrorCode::ConnectionTerminated
    }

    fn p2_error_from_connect(&mut self, _: &std::io::Error) -> ErrorCode {
        ErrorCode::ConnectionRefused
    }

    fn p2_error_from_tls(&mut self, _: &std::io::Error) -> ErrorCode {
        ErrorCode::TlsProtocolError
    }
}
