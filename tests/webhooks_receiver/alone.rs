//! The component in plain wasmtime, one instance for all deliveries, as hosts
//! run it that know nothing of it.

use std::sync::OnceLock;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use lever_host::embedded::WEBHOOKS;
use serde_json::json;
use tokio::sync::oneshot;
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::p2::bindings::http::types::Scheme;
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::{Error, WasiHttpCtx, WasiHttpCtxView, WasiHttpView, default_hooks};

use super::lever::{Inbox, delivery, fresh, now, ping};

struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: default_hooks() }
    }
}

/// An instance of the component.
struct Instance {
    store: Store<State>,
    proxy: Proxy,
    stderr: MemoryOutputPipe,
}

fn prepared() -> &'static ProxyPre<State> {
    static PRE: OnceLock<ProxyPre<State>> = OnceLock::new();
    PRE.get_or_init(|| {
        let engine = Engine::default();
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).unwrap();
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).unwrap();
        let component = Component::from_binary(&engine, WEBHOOKS).unwrap();
        ProxyPre::new(linker.instantiate_pre(&component).unwrap()).unwrap()
    })
}

impl Instance {
    async fn new(variables: &[(&str, &str)]) -> Instance {
        let stderr = MemoryOutputPipe::new(64 << 10);
        let mut wasi = WasiCtx::builder();
        wasi.envs(variables).stderr(stderr.clone());
        let state =
            State { wasi: wasi.build(), http: WasiHttpCtx::new(), table: ResourceTable::new() };
        let mut store = Store::new(prepared().engine(), state);
        let proxy = prepared().instantiate_async(&mut store).await.unwrap();
        Instance { store, proxy, stderr }
    }

    /// One whose events go to this inbox.
    async fn forwarding(inbox: &Inbox) -> Instance {
        Instance::new(&[
            ("LEVER_WEBHOOK_SIGNATURE_TOKEN", "first,second"),
            ("LEVER_WEBHOOK_FORWARD_URL", &inbox.url()),
            ("LEVER_WEBHOOK_FORWARD_AUTHORIZATION", "Bearer mine"),
        ])
        .await
    }

    async fn post(&mut self, body: &str) -> (u16, String) {
        self.send("POST", body.to_owned().into()).await
    }

    async fn send(&mut self, method: &str, body: Bytes) -> (u16, String) {
        let body =
            Full::new(body).map_err(|never: std::convert::Infallible| -> Error { match never {} });
        let request = http::Request::builder()
            .method(method)
            .uri("http://hooks.example.com/some/path")
            .body(body)
            .unwrap();
        let http = &mut self.store.data_mut();
        let request = http.http().new_incoming_request(Scheme::Http, request).unwrap();
        let (sender, receiver) = oneshot::channel();
        let out = http.http().new_response_outparam(sender).unwrap();
        let handler = self.proxy.wasi_http_incoming_handler();
        handler.call_handle(&mut self.store, request, out).await.expect("it does not trap");
        let response = receiver.await.unwrap().expect("it answers");
        let word = response.headers()["lever-webhooks"].to_str().unwrap().to_owned();
        let status = response.status().as_u16();
        assert_eq!(response.headers().contains_key("allow"), status == 405);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.is_empty());
        (status, word)
    }

    fn said(&self) -> String {
        String::from_utf8(self.stderr.contents().to_vec()).unwrap()
    }
}

fn is(answer: (u16, String), status: u16, word: &str) {
    assert_eq!((answer.0, answer.1.as_str()), (status, word));
}

#[tokio::test]
async fn an_authentic_delivery_is_forwarded_as_json_without_any_secret() {
    let inbox = Inbox::start().await;
    let mut instance = Instance::forwarding(&inbox).await;
    let data = json!({"opportunityId": "o", "contactId": "c", "fromArchived": null,
        "toArchived": {"reason": "r", "archivedAt": 3}, "more": [1, {"x": "é"}]});
    let at = now();
    is(
        instance
            .post(&delivery("second", "nonce", at, "candidateArchiveChange", data.clone()))
            .await,
        200,
        "accepted",
    );
    let taken = inbox.take();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].path, "/events?code=1");
    assert_eq!(taken[0].header("authorization"), Some("Bearer mine"));
    assert_eq!(taken[0].header("content-type"), Some("application/json"));
    let expected = json!({
        "kind": "candidate-archive-change", "event": "candidateArchiveChange",
        "id": "id-of-nonce", "triggeredAt": at, "token": "nonce",
        "opportunityId": "o", "contactId": "c",
        "toArchived": {"reason": "r", "archivedAt": 3}, "data": data,
    });
    assert_eq!(taken[0].json(), expected);
    let all = format!("{taken:?}{}", instance.said());
    assert!(!all.contains("second") && !all.contains("signature"), "{all}");
}

#[tokio::test]
async fn an_instance_remembers_what_was_taken_and_refuses_what_was_altered() {
    let inbox = Inbox::start().await;
    let mut instance = Instance::forwarding(&inbox).await;
    let one = fresh("first", "t", "o");
    is(instance.post(&one).await, 200, "accepted");
    is(instance.post(&one).await, 200, "repeat");
    is(instance.post(&one.replace("\"o\"", "\"p\"")).await, 401, "altered");
    assert_eq!(inbox.take().len(), 1);
}

#[tokio::test]
async fn what_the_forward_url_does_not_take_comes_again() {
    let inbox = Inbox::start().await;
    let mut instance = Instance::forwarding(&inbox).await;
    let one = fresh("first", "t", "o");
    inbox.answer_next(&[500, 302, 307, 404, 409]);
    for _ in 0..4 {
        is(instance.post(&one).await, 503, "not-forwarded");
    }
    is(instance.post(&one).await, 401, "altered");
    is(instance.post(&one).await, 200, "accepted");
    let taken = inbox.take();
    assert_eq!(taken.len(), 6);
    // No redirection was followed, and each try was the same.
    let first = &taken[0];
    assert!(taken.iter().all(|it| it.path == "/events?code=1" && it.body == first.body));
    assert!(instance.said().contains("503 not-forwarded: the forward URL answered 302\n"));
}

#[tokio::test]
async fn nothing_but_an_authentic_delivery_is_forwarded() {
    let inbox = Inbox::start().await;
    let mut instance = Instance::forwarding(&inbox).await;
    let data = json!({"opportunityId": "o"});
    let day = 24 * 60 * 60 * 1000;
    let rows = [
        (fresh("third", "t", "o"), 401, "forged"),
        (delivery("first", "t", now() - day - 60_000, "candidateHired", data.clone()), 401, "old"),
        (
            delivery("first", "t", now() + day + 60_000, "candidateHired", data.clone()),
            401,
            "future",
        ),
        (ping("first", "t", now()), 200, "ping"),
        ("7".to_owned(), 400, "no-delivery"),
        (String::new(), 400, "no-delivery"),
        ("<html>".to_owned(), 400, "no-delivery"),
        ("[".repeat(100_000), 400, "no-delivery"),
        (fresh("first", "t", &"x".repeat(1 << 20)), 413, "too-large"),
    ];
    for (body, status, word) in rows {
        is(instance.post(&body).await, status, word);
    }
    for method in ["GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"] {
        is(instance.send(method, Bytes::new()).await, 405, "method");
    }
    let garbage: Vec<u8> = (0..=255).cycle().take(5000).collect();
    is(instance.send("POST", garbage.into()).await, 400, "no-delivery");
    assert!(inbox.take().is_empty());
    // And after all that it still works.
    is(instance.post(&fresh("first", "t", "o")).await, 200, "accepted");
    is(instance.post(&fresh("first", "u", &"x".repeat(1 << 19))).await, 200, "accepted");
    assert_eq!(inbox.take().len(), 2);
}

#[tokio::test]
async fn without_its_settings_it_takes_nothing_and_names_the_setting() {
    let inbox = Inbox::start().await;
    let url = inbox.url();
    let token = ("LEVER_WEBHOOK_SIGNATURE_TOKEN", "first");
    let target = ("LEVER_WEBHOOK_FORWARD_URL", url.as_str());
    let rows: [(&[(&str, &str)], &str); 5] = [
        (&[], "LEVER_WEBHOOK_SIGNATURE_TOKEN is not set"),
        (&[token], "LEVER_WEBHOOK_FORWARD_URL is not set"),
        (&[target], "LEVER_WEBHOOK_SIGNATURE_TOKEN is not set"),
        (
            &[token, ("LEVER_WEBHOOK_FORWARD_URL", "http://events.example.com/s3cret")],
            "LEVER_WEBHOOK_FORWARD_URL is http, and not of this machine",
        ),
        (
            &[token, target, ("LEVER_WEBHOOK_MAX_AGE_MS", "s3cret")],
            "LEVER_WEBHOOK_MAX_AGE_MS is not a whole number",
        ),
    ];
    for (variables, said) in rows {
        let mut instance = Instance::new(variables).await;
        is(instance.post(&fresh("first", "t", "o")).await, 503, "not-configured");
        let text = instance.said();
        assert!(text.contains(said) && !text.contains("s3cret"), "{text}");
    }
    assert!(inbox.take().is_empty());
}

#[tokio::test]
async fn when_nothing_listens_lever_is_told_to_come_again() {
    let gone = Inbox::start().await.address;
    let url = format!("http://{gone}/");
    let mut instance = Instance::new(&[
        ("LEVER_WEBHOOK_SIGNATURE_TOKEN", "first"),
        ("LEVER_WEBHOOK_FORWARD_URL", &url),
    ])
    .await;
    is(instance.post(&fresh("first", "t", "o")).await, 503, "not-forwarded");
}
