//! Webhook deliveries: signed, over HTTP, tried again as Lever does.
//!
//! Its own reading of the signature; it shares no code with receivers. Only this machine is ever
//! called.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hmac::{Hmac, Mac};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::account::state::State;
use crate::endpoints::webhooks::{Webhook, token};
use crate::http::loopback::loopback;
use crate::server::config::WebhookRules;

/// Tries after the first, from Lever's documentation.
const RETRIES: u32 = 5;

/// Deliveries the account keeps, from Lever's documentation.
const MAX_KEPT: usize = 1000;

/// Bytes of a response's body that are read; only the status counts.
const MAX_RESPONSE: usize = 64 << 10;

/// One delivery and its outcome.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Counts from 0 over the life of the mock.
    pub number: u64,
    /// The subscription's id.
    pub webhook: String,
    /// The event's name.
    pub event: String,
    /// The delivery's id; a test has none.
    pub id: Option<String>,
    /// Where it is sent.
    pub url: String,
    /// The body, the same in every try.
    pub body: String,
    /// Every try so far.
    pub attempts: Vec<Attempt>,
    /// Whether there will be no further try.
    pub is_settled: bool,
}

/// One try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When it ended, since the mock's start.
    pub at: Duration,
    /// The status of the response, or why there was none.
    pub result: Result<u16, String>,
}

impl Delivery {
    /// Whether the last try got a 2xx.
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        self.attempts.last().is_some_and(|attempt| is_success(&attempt.result))
    }
}

fn is_success(result: &Result<u16, String>) -> bool {
    matches!(result, Ok(200..=299))
}

/// The deliveries of a mock.
#[derive(Debug)]
pub(crate) struct Deliveries {
    rules: WebhookRules,
    started: Instant,
    log: Mutex<Log>,
    /// Numbers of deliveries to be sent now.
    orders: mpsc::UnboundedSender<u64>,
    /// Deliveries sent and not settled.
    pending: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Log {
    history: BTreeMap<u64, Delivery>,
    made: u64,
    /// Deliveries held back, while they are.
    held: Option<Vec<u64>>,
}

/// Deliveries ordered and not yet begun.
pub(crate) type Orders = mpsc::UnboundedReceiver<u64>;

impl Deliveries {
    pub fn new(rules: WebhookRules) -> (Self, Orders) {
        let (orders, ordered) = mpsc::unbounded_channel();
        let (started, log, pending) = (Instant::now(), Mutex::default(), watch::Sender::new(0));
        (Self { rules, started, log, orders, pending }, ordered)
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the events of the last write to their subscribers.
    pub fn send(&self, state: &mut State, now: u64) {
        for event in &state.events {
            let webhooks = state.tables.all::<Webhook>().iter();
            for webhook in webhooks.filter(|webhook| webhook.subscribes_to(event)) {
                let id = Some(state.random.uuid());
                let nonce = token(&mut state.random);
                self.queue(delivery(webhook, id, &nonce, now, &event.data));
            }
        }
    }

    /// Enters the test delivery of a webhook; returns its number.
    pub fn ping(&self, state: &mut State, webhook: &str, now: u64) -> Option<u64> {
        let nonce = token(&mut state.random);
        let webhook = state.all::<Webhook>().iter().find(|row| row.id == webhook)?;
        Some(self.enter(delivery(webhook, None, &nonce, now, &json!({}))))
    }

    fn enter(&self, mut delivery: Delivery) -> u64 {
        let mut log = self.log();
        let number = log.made;
        log.made += 1;
        delivery.number = number;
        log.history.insert(number, delivery);
        while log.history.len() > MAX_KEPT {
            log.history.pop_first();
        }
        number
    }

    fn queue(&self, delivery: Delivery) {
        let number = self.enter(delivery);
        if let Some(held) = &mut self.log().held {
            held.push(number);
            return;
        }
        self.order(number);
    }

    fn order(&self, number: u64) {
        self.pending.send_modify(|pending| *pending += 1);
        // Without a receiver the mock was dropped.
        self.orders.send(number).ok();
    }

    /// Holds deliveries back from now on.
    pub fn hold(&self) {
        self.log().held.get_or_insert_default();
    }

    /// Sends those held back, in this order of their numbers.
    pub fn release(&self, reversed: bool) {
        let mut held = self.log().held.take().unwrap_or_default();
        if reversed {
            held.reverse();
        }
        held.into_iter().for_each(|number| self.order(number));
    }

    pub fn history(&self) -> Vec<Delivery> {
        self.log().history.values().cloned().collect()
    }

    /// Waits until every delivery that was sent is settled.
    pub fn settled(&self) -> impl Future<Output = ()> + use<> {
        let mut pending = self.pending.subscribe();
        async move {
            pending.wait_for(|pending| *pending == 0).await.ok();
        }
    }

    fn find(&self, number: u64) -> Option<Delivery> {
        self.log().history.get(&number).cloned()
    }

    /// One try, recorded.
    pub async fn attempt(&self, number: u64) -> Option<Result<u16, String>> {
        let Delivery { url, body, .. } = self.find(number)?;
        let result = match tokio::time::timeout(self.rules.timeout, post(&url, body)).await {
            Ok(result) => result,
            Err(_) => Err("no response in time".to_owned()),
        };
        if let Some(delivery) = self.log().history.get_mut(&number) {
            delivery.attempts.push(Attempt { at: self.started.elapsed(), result: result.clone() });
        }
        Some(result)
    }

    fn settle(&self, number: u64) {
        if let Some(delivery) = self.log().history.get_mut(&number) {
            delivery.is_settled = true;
        }
        self.pending.send_modify(|pending| *pending = pending.saturating_sub(1));
    }
}

/// Delivers until the task is aborted, which ends every delivery too; `is_subscribed` tells whether
/// a webhook still exists.
pub(crate) async fn run(
    deliveries: Arc<Deliveries>,
    is_subscribed: impl Fn(&str) -> bool + Clone + Send + 'static,
    mut ordered: Orders,
) {
    let mut in_flight = JoinSet::new();
    loop {
        tokio::select! {
            number = ordered.recv() => match number {
                Some(number) => {
                    in_flight.spawn(deliver(Arc::clone(&deliveries), is_subscribed.clone(), number));
                }
                None => return,
            },
            Some(_) = in_flight.join_next() => {}
        }
    }
}

async fn deliver(deliveries: Arc<Deliveries>, is_subscribed: impl Fn(&str) -> bool, number: u64) {
    for retry in 0..=RETRIES {
        let result = deliveries.attempt(number).await;
        if result.is_none_or(|result| is_success(&result)) || retry == RETRIES {
            break;
        }
        tokio::time::sleep(deliveries.rules.retry_base.saturating_mul(1 << retry)).await;
        // A deleted webhook gets no further try.
        if !deliveries.find(number).is_some_and(|delivery| is_subscribed(&delivery.webhook)) {
            break;
        }
    }
    deliveries.settle(number);
}

fn delivery(
    webhook: &Webhook,
    id: Option<String>,
    nonce: &str,
    now: u64,
    data: &Value,
) -> Delivery {
    let mut body = json!({
        "triggeredAt": now,
        "event": webhook.event,
        "data": data,
        "signature": signature(&webhook.signature_token, nonce, now),
        "token": nonce,
    });
    if let (Some(id), Some(body)) = (&id, body.as_object_mut()) {
        body.insert("id".to_owned(), json!(id));
    }
    Delivery {
        number: 0,
        webhook: webhook.id.clone(),
        event: webhook.event.to_owned(),
        id,
        url: webhook.url.clone(),
        body: body.to_string(),
        attempts: Vec::new(),
        is_settled: false,
    }
}

/// HMAC-SHA256 over the token and the time in digits, keyed by the webhook's own token, in
/// hexadecimal.
fn signature(key: &str, token: &str, triggered_at: u64) -> String {
    // HMAC takes keys of any length, so there is always one.
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok();
    let bytes = mac.map(|mac| mac.chain_update(format!("{token}{triggered_at}")).finalize());
    let bytes = bytes.map(|bytes| bytes.into_bytes().to_vec()).unwrap_or_default();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Posts a delivery once. A redirect is a response like any other.
async fn post(url: &str, body: String) -> Result<u16, String> {
    let uri: http::Uri = url.parse().map_err(|_| "the URL is invalid".to_owned())?;
    let there = loopback(&uri).ok_or("only http URLs of this machine are called")?;
    let host = uri.authority().map(|authority| authority.as_str().to_owned());
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = http::Request::post(path)
        .header("host", host.unwrap_or_default())
        .header("user-agent", "Lever-Webhooks")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())?;
    let stream = TcpStream::connect(there).await.map_err(|error| error.kind().to_string())?;
    let broken = |error: hyper::Error| error.to_string();
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let status = response.status().as_u16();
        // Read so that the receiver can finish writing it; ignored otherwise.
        Limited::new(response.into_body(), MAX_RESPONSE).collect().await.ok();
        Ok(status)
    };
    tokio::pin!(connection);
    tokio::select! {
        result = exchange => result,
        // Polled after the exchange, which then has its result.
        _ = &mut connection => Err("the connection was closed".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_those_of_recorded_deliveries() {
        let vectors: Value = serde_json::from_str(include_str!(
            "../../../../tests/fixtures/webhooks/_signature_vectors.json"
        ))
        .unwrap();
        let key = vectors["signatureToken"].as_str().unwrap();
        let rows = vectors["vectors"].as_array().unwrap();
        assert!(rows.len() >= 10);
        for row in rows {
            let (token, at) =
                (row["token"].as_str().unwrap(), row["triggeredAt"].as_u64().unwrap());
            assert_eq!(signature(key, token, at), row["signature"].as_str().unwrap());
        }
    }
}
