//! One call's requests, from the component's hand to the wire and back.

mod admission;
mod changes;
mod download;
mod sending;

use super::connections::Clients;
use super::connector::ConnectError;
use super::exchange::Failure;
use super::read_ahead::ReadAhead;
use super::wire::Wire;
use crate::audit::trail::{Exchange, Ids, Trail};
use crate::catalog::{Catalog, Function};
use crate::credentials::Injected;
use crate::credentials::login::LoginError;
use crate::limiter::RequestClass;
use crate::policy::{Agent, CallScope, Refusal};

pub use changes::{Changes, Effect};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::Error;

/// Requests in flight of one call; further ones wait. Far above what the pace
/// lets through, it bounds what a component makes the host hold.
const IN_FLIGHT: usize = 64;

/// Refused requests after which a call is ended: a component that goes on
/// trying is not mistaken, and each try writes a line.
const REFUSALS: u32 = 100;

/// The requests of one call.
pub struct Traffic {
    wire: Arc<Wire>,
    clients: Arc<Clients>,
    agent: Agent,
    scope: CallScope,
    /// The function of the catalog that is called, if it is one.
    function: Option<&'static Function>,
    trail: Arc<Trail>,
    slots: Arc<Semaphore>,
    read_ahead: ReadAhead,
    class: RequestClass,
    sent: AtomicU32,
    /// Whether nothing more may be sent, since the host is to stop.
    is_shut: AtomicBool,
    notes: Mutex<Notes>,
    ended: Notify,
}

#[derive(Default)]
struct Notes {
    refused: u32,
    refusal: Option<Refusal>,
    credential: Option<Arc<LoginError>>,
    /// Why the last request that failed was not sent.
    not_reached: Option<ConnectError>,
    /// Where answers to downloads pointed.
    pointed: Vec<http::Uri>,
    /// Requests to there.
    fetches: usize,
    changes: Changes,
    /// Whether a request was kept back, since the host is to stop.
    is_kept_back: bool,
    /// The ids that all requests of the function's main route had in common.
    ids: Option<Ids>,
}

/// The outcome of a call's requests.
#[derive(Debug, Default)]
pub struct Summary {
    /// Requests that were sent.
    pub sent: u32,
    /// The first refusal, if any.
    pub refusal: Option<Refusal>,
    /// Why there was no credential, or none that the API takes.
    pub credential: Option<Arc<LoginError>>,
    /// Why the last request that could not be sent was not.
    pub not_reached: Option<ConnectError>,
    /// What is known of its changes.
    pub changes: Changes,
    /// What it was about.
    pub ids: Ids,
    /// Whether a request was kept back, since the host is to stop.
    pub is_kept_back: bool,
}

impl Traffic {
    /// No requests yet.
    pub fn new(wire: Arc<Wire>, agent: Agent, scope: CallScope, trail: Arc<Trail>) -> Arc<Self> {
        let function = scope.function(Catalog::embedded());
        let class = RequestClass::of(function);
        Arc::new(Self {
            clients: wire.connections.of(&agent.name),
            wire,
            agent,
            scope,
            function,
            trail,
            slots: Arc::new(Semaphore::new(IN_FLIGHT)),
            read_ahead: ReadAhead::default(),
            class,
            sent: AtomicU32::new(0),
            is_shut: AtomicBool::new(false),
            notes: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// Returns when the call must not go on: too many refused requests, or a
    /// record that could not be written.
    pub async fn must_end(&self) {
        self.ended.notified().await;
    }

    /// Requests that could go out beside those in flight.
    #[cfg(test)]
    pub fn free_places(&self) -> usize {
        self.slots.available_permits()
    }

    /// As if an answer to a download had pointed there.
    #[cfg(test)]
    pub fn point_to(&self, place: &str) {
        let place = place.parse().unwrap();
        self.point(&http::HeaderMap::from_iter([(http::header::LOCATION, place)]));
    }

    /// Requests sent so far.
    pub fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    /// What is known of its changes so far.
    pub fn changes(&self) -> Changes {
        self.notes().changes.clone()
    }

    /// What its requests were about so far.
    pub fn ids(&self) -> Ids {
        self.notes().ids.clone().unwrap_or_default()
    }

    /// Lets nothing more out, and says whether a change was sent that no answer
    /// has turned down: then the call is worth waiting for.
    pub fn shut(&self) -> bool {
        self.is_shut.store(true, Ordering::SeqCst);
        self.notes().changes.may_have_changed()
    }

    /// Whether nothing may be sent any more; takes note that something was to be.
    fn keeps_back(&self) -> bool {
        let is_shut = self.is_shut.load(Ordering::SeqCst);
        if is_shut {
            self.notes().is_kept_back = true;
        }
        is_shut
    }

    /// Waits until one more request of the call may be in flight.
    async fn slot(&self) -> Result<OwnedSemaphorePermit, Error> {
        let slots = Arc::clone(&self.slots);
        slots.acquire_owned().await.map_err(|_| Error::ConnectionLimitReached)
    }

    /// Waits until every request has ended, `longest` at most, and sums up.
    pub async fn finish(&self, longest: Duration) -> Summary {
        let all = self.slots.acquire_many(IN_FLIGHT as u32);
        let _ = tokio::time::timeout(longest, all).await;
        let mut notes = self.notes();
        Summary {
            sent: self.sent(),
            refusal: notes.refusal.take(),
            credential: notes.credential.take(),
            not_reached: notes.not_reached.take(),
            changes: notes.changes.clone(),
            ids: notes.ids.take().unwrap_or_default(),
            is_kept_back: notes.is_kept_back,
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call whose records cannot be written does not go on.
    fn check_trail(&self) {
        if self.trail.is_broken() {
            self.ended.notify_one();
        }
    }

    fn refuse(&self, parts: &http::request::Parts, refusal: Refusal) {
        self.trail.refused_request(&parts.method, parts.uri.host(), &refusal);
        self.check_trail();
        self.count_refusal(refusal);
    }

    /// Remembers the first refusal, and ends a call that goes on in spite of many.
    fn count_refusal(&self, refusal: Refusal) {
        let mut notes = self.notes();
        notes.refused += 1;
        if notes.refused >= REFUSALS {
            self.ended.notify_one();
        }
        notes.refusal.get_or_insert(refusal);
    }

    /// Whether any answer of this call pointed elsewhere.
    fn has_pointed(&self) -> bool {
        !self.notes().pointed.is_empty()
    }

    fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.wire.count_sent();
    }

    /// Takes back that a request may be on its way.
    fn not_sent(&self, effect: Effect) {
        self.notes().changes.not_sent(effect);
        self.sent.fetch_sub(1, Ordering::Relaxed);
        self.wire.not_sent();
    }

    /// Takes note of what a request is about, before it is sent.
    fn note_ids(&self, ids: &Ids) {
        let mut notes = self.notes();
        match &mut notes.ids {
            None => notes.ids = Some(ids.clone()),
            Some(common) => common.retain(|name, id| ids.get(name) == Some(id)),
        }
    }

    /// Writes down a request of this effect that got no answer, and gives the guest's error.
    fn failed(&self, exchange: Exchange, failure: Failure, effect: Effect) -> Error {
        if let Failure::NotSent(cause) = &failure {
            self.not_sent(effect);
            let rule = match cause {
                ConnectError::Prohibited { kind, .. } => {
                    Some(format!("{kind} addresses are not connected to"))
                }
                ConnectError::Clear { .. } => Some("no credential in clear".to_owned()),
                _ => None,
            };
            if let Some(rule) = rule {
                let (message, route) = (cause.to_string(), exchange.route());
                let refusal = Refusal { rule, message, route, grant: None };
                self.prohibit(exchange, refusal);
                return failure.to_guest();
            }
            self.notes().not_reached = Some(cause.clone());
        }
        let (error, outcome) = failure.as_strs();
        exchange.failed(error, outcome);
        self.check_trail();
        failure.to_guest()
    }

    /// Writes down that a request does not go out after all.
    fn prohibit(&self, exchange: Exchange, refusal: Refusal) {
        exchange.prohibited(&refusal);
        self.check_trail();
        self.count_refusal(refusal);
    }

    /// Waits until there is a credential.
    async fn credential_ready(&self) -> Result<(), Arc<LoginError>> {
        match &self.wire.credential {
            Some(source) => source.ready().await,
            None => Ok(()),
        }
    }

    /// Sees to another credential in place of the one that was refused; says whether there is one
    /// now.
    async fn replace(&self, refused: Option<&Injected>) -> bool {
        let (Some(source), Some(refused)) = (&self.wire.credential, refused) else {
            return false;
        };
        source.replace(refused).await.unwrap_or_else(|error| {
            self.notes().credential.get_or_insert(error);
            false
        })
    }
}
