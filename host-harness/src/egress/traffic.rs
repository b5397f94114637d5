//! One call's requests, from the component's hand to the wire and back.

mod changes;
mod follow;

use super::body;
use super::confidential::{self, Answer, Known, Sifted};
use super::connections::{Clients, Connections};
use super::connector::{ConnectError, TlsError};
use super::exchange::{Failure, Timeouts};
use super::network::Network;
use super::read_ahead::{INCOMING_CAP, ReadAhead};
use super::{guarded, headers};
use crate::audit::trail::{Exchange, Ids, Trail, ids};
use crate::catalog::{Catalog, Function, Route};
use crate::credentials::login::LoginError;
use crate::credentials::{Carried, Source};
use crate::limiter::{Account, Course, Limiter};
use crate::policy::{Agent, CallScope, Guard, Outgoing, Refusal, is_download};
use crate::upstream::Upstream;
pub use changes::{Changes, Effect};
use follow::Following;
use http::HeaderName;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::sync::{Notify, Semaphore};
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, ForbiddenHeaderFilter, RequestOptions, WasiBody, WasiHttpHooks};

/// Requests in flight of one call; further ones wait. Far above what the pace
/// lets through, it bounds what a component makes the host hold.
const IN_FLIGHT: usize = 64;

/// Refused requests after which a call is ended: a component that goes on
/// trying is not mistaken, and each try writes a line.
const REFUSALS: u32 = 100;

/// What all calls of a host share.
pub struct Wire {
    connections: Connections,
    upstream: Upstream,
    credential: Option<Source>,
    account: Arc<Account>,
    /// Records that agents may not see who may not see confidential ones.
    confidential: Known,
    sent: AtomicU64,
}

impl Wire {
    /// A wire to this upstream over this network.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up for it.
    pub fn new(
        upstream: Upstream,
        credential: Option<Source>,
        limiter: &Limiter,
        network: &Network,
    ) -> Result<Self, TlsError> {
        let connections = Connections::new(&upstream, network)?;
        let credential_digest = credential.as_ref().map_or([0; 32], Source::fingerprint);
        let account = limiter.account(upstream.budget_of(credential_digest));
        Ok(Self {
            connections,
            upstream,
            credential,
            account,
            confidential: Known::default(),
            sent: AtomicU64::new(0),
        })
    }

    /// Where it leads.
    pub fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Requests sent so far, over all calls.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Waits until its credential is not being renewed.
    pub async fn settle(&self) {
        if let Some(source) = &self.credential {
            source.settle().await;
        }
    }
}

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
    course: Course,
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

/// What came of a call's requests.
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
        let course = Course::of(function);
        Arc::new(Self {
            clients: wire.connections.of(&agent.name),
            wire,
            agent,
            scope,
            function,
            trail,
            slots: Arc::new(Semaphore::new(IN_FLIGHT)),
            read_ahead: ReadAhead::default(),
            course,
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

    /// Decides and strips. What comes back is what goes out, but for the credential.
    fn admit(&self, request: http::Request<WasiBody>) -> Result<Admitted, Error> {
        let (parts, guest_body) = request.into_parts();
        let refuse = |refusal: Refusal, error: Error| {
            self.refuse(&parts, refusal);
            Err(error)
        };
        if self.trail.is_broken() || self.keeps_back() {
            return Err(Error::HttpRequestDenied);
        }
        if headers::are_too_large(&parts.headers) {
            let refusal = Refusal {
                rule: "header limit".to_owned(),
                message: format!(
                    "a request carried more than {} headers or {} bytes of them",
                    headers::COUNT_CAP,
                    headers::BYTES_CAP
                ),
                route: None,
            };
            return refuse(refusal, Error::HttpRequestHeaderSectionSize(None));
        }
        let wire = &self.wire;
        let outgoing = Outgoing::new(&parts.method, &parts.uri);
        if !outgoing.is_for(&wire.upstream) && self.has_pointed() {
            return match self.follow(&parts) {
                Ok(following) => Ok(Admitted::Elsewhere(Box::new(following))),
                Err((refusal, error)) => refuse(refusal, error),
            };
        }
        let admitted = match self.agent.may_send(
            Catalog::embedded(),
            &wire.upstream,
            &self.scope,
            &outgoing,
        ) {
            Ok(admitted) => admitted,
            Err(refusal) => return refuse(refusal, Error::HttpRequestDenied),
        };
        if !self.agent.confidential
            && wire.confidential.covers(admitted.route, &admitted.path_and_query)
        {
            let refusal = self.agent.withholds(admitted.route);
            self.trail.refused_request(&parts.method, parts.uri.host(), &refusal);
            self.check_trail();
            // A list of many may well name some of them: no reason to end the call.
            self.notes().refusal.get_or_insert(refusal);
            return Err(Error::HttpRequestDenied);
        }
        let uri = http::Uri::builder()
            .scheme(wire.upstream.scheme())
            .authority(wire.upstream.authority())
            .path_and_query(admitted.path_and_query.as_str())
            .build()
            .map_err(|_| Error::HttpRequestUriInvalid)?;
        let route = admitted.route;
        let path = uri.path();
        let ids = ids(route, path);
        let exchange = self.trail.exchange(&parts.method, &route.template, ids, &admitted.rule);
        let mut request = http::Request::new(body::outgoing(guest_body));
        *request.method_mut() = parts.method;
        *request.uri_mut() = uri;
        *request.headers_mut() = headers::outgoing(&parts.headers);
        let guard = self.agent.guard(route);
        let effect = Effect::of(route, self.function);
        let is_main = self.function.and_then(|function| function.routes.first());
        let is_main = is_main.is_some_and(|main| main.is_same_as(route));
        Ok(Admitted::Api(Box::new(Going { request, exchange, guard, route, effect, is_main })))
    }

    /// Whether any answer of this call pointed elsewhere.
    fn has_pointed(&self) -> bool {
        !self.notes().pointed.is_empty()
    }

    fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.wire.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back that a request may be on its way.
    fn not_sent(&self, effect: Effect) {
        self.notes().changes.not_sent(effect);
        self.sent.fetch_sub(1, Ordering::Relaxed);
        self.wire.sent.fetch_sub(1, Ordering::Relaxed);
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
                let refusal = Refusal { rule, message: cause.to_string(), route: exchange.route() };
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

    /// Sees to another credential in place of the one that was refused; says whether there is one now.
    async fn replace(&self, refused: Option<&Carried>) -> bool {
        let (Some(source), Some(refused)) = (&self.wire.credential, refused) else {
            return false;
        };
        source.replace(refused).await.unwrap_or_else(|error| {
            self.notes().credential.get_or_insert(error);
            false
        })
    }

    async fn send(
        self: Arc<Self>,
        going: Going,
        timeouts: Timeouts,
    ) -> Result<http::Response<WasiBody>, Error> {
        let Going { mut request, mut exchange, guard, route, effect, is_main } = going;
        let path = request.uri().path().to_owned();
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|_| Error::ConnectionLimitReached)?;
        if let Some(guard) = guard {
            let traffic = Arc::clone(&self);
            let late = move |refusal| traffic.count_refusal(refusal);
            request = match guarded::judge(request, &guard, timeouts.first_byte, late).await {
                Ok(request) => request,
                Err(refusal) => {
                    self.prohibit(exchange, refusal);
                    return Err(Error::HttpRequestDenied);
                }
            };
        }
        // Before the pace, since a renewal may take longer than a turn is held for.
        if let Err(error) = self.credential_ready().await {
            exchange.failed("credential", "not-sent");
            self.check_trail();
            self.notes().credential.get_or_insert(error);
            return Err(Error::HttpRequestDenied);
        }
        let wire = &self.wire;
        let lane = self.course.next(exchange.is_application());
        let rate = self.agent.limits.requests_per_second;
        let mut permit = wire.account.acquire(&self.agent.name, rate, lane).await;
        // After the wait, since it would stand without an end if the host died meanwhile.
        if effect != Effect::Read && !exchange.announced().await {
            exchange.failed("audit", "not-sent");
            self.check_trail();
            return Err(Error::HttpRequestDenied);
        }
        if is_main {
            self.note_ids(exchange.ids());
        }
        // After the pace, since the turn may have been long in coming.
        let carried = wire.credential.as_ref().map(Source::carry);
        if let Some(carried) = &carried {
            headers::authorize(request.headers_mut(), carried.authorization());
        }
        exchange.sending();
        // Counted before the sending and taken back on proof alone, so that a
        // call cut off at any point in between leaves it counted.
        self.notes().changes.sending(effect);
        self.count_sent();
        if self.keeps_back() {
            self.not_sent(effect);
            exchange.failed("stopped", "not-sent");
            return Err(Error::HttpRequestDenied);
        }

        let sending = || permit.sending();
        let response = match self.clients.api().exchange_noting(request, timeouts, sending).await {
            Ok(response) => response,
            Err(failure) => {
                if matches!(failure, Failure::NotSent(_)) {
                    permit.not_sent();
                }
                return Err(self.failed(exchange, failure, effect));
            }
        };
        let status = response.status();
        self.notes().changes.answered(effect, status);
        if status == http::StatusCode::TOO_MANY_REQUESTS {
            let wait = headers::retry_after(response.headers(), SystemTime::now());
            wire.account.exhaust(lane, wait);
        }
        permit.answered();

        let (mut parts, incoming) = response.into_parts();
        let authorization = carried.as_ref().map(Carried::authorization);
        let secret = carried.as_ref().map(Carried::secret);
        headers::clean_answer(&mut parts.headers, authorization.as_ref(), secret);
        if status == http::StatusCode::UNAUTHORIZED {
            let is_renewed = self.replace(carried.as_ref()).await;
            headers::invite_again(&mut parts.headers, is_renewed);
        } else if let Some(carried) = carried.filter(|_| !status.is_server_error()) {
            carried.accept();
        }
        if is_download(route) && status.is_redirection() {
            self.point(&parts.headers);
        }
        let pause = timeouts.between_bytes;
        let body = self.read_ahead.body(incoming, INCOMING_CAP, pause, slot);
        let looks = !self.agent.confidential && status.is_success() && !is_download(route);
        if !looks {
            exchange.answered(status);
            self.check_trail();
            return Ok(http::Response::from_parts(parts, body));
        }
        // What is taken out is no longer counted.
        parts.headers.remove(http::header::CONTENT_LENGTH);
        // A change was made, whatever its answer holds; of a read, what it holds decides.
        let read = match route.is_write() {
            true => {
                exchange.answered(status);
                None
            }
            false => Some(exchange),
        };
        let sifted = self.sift(route, &path, body).await;
        let body = match (sifted, read) {
            (Sifted::Passes(body), read) => {
                read.into_iter().for_each(|exchange| exchange.answered(status));
                body
            }
            (Sifted::Withheld, read) => {
                let refusal = self.agent.withholds(route);
                let body = confidential::answer(&refusal, &mut parts);
                read.into_iter().for_each(|exchange| exchange.withheld(status, &refusal));
                // Of a call that made a change, its own words tell that it was made.
                if !self.changes().may_have_changed() {
                    self.notes().refusal.get_or_insert(refusal);
                }
                body
            }
        };
        self.check_trail();
        Ok(http::Response::from_parts(parts, body))
    }

    /// Looks into an answer for what the agent may not see.
    async fn sift(self: &Arc<Self>, route: &'static Route, path: &str, body: WasiBody) -> Sifted {
        let traffic = Arc::clone(self);
        let late = move |ids| {
            traffic.wire.confidential.add(ids);
            traffic.trail.withheld(route, &traffic.agent.withholds(route));
            traffic.check_trail();
        };
        Answer { route, path, known: &self.wire.confidential }.sift(body, late).await
    }
}

/// A request that may go out.
enum Admitted {
    /// To the API.
    Api(Box<Going>),
    /// To where an answer of the API pointed.
    Elsewhere(Box<Following>),
}

/// A request to the API, but for the credential.
struct Going {
    request: http::Request<WasiBody>,
    exchange: Exchange,
    /// What its body has to be judged by.
    guard: Option<Guard>,
    route: &'static Route,
    effect: Effect,
    /// Whether it is what its function is for.
    is_main: bool,
}

/// Hands a component's requests to its call's traffic.
pub struct Hooks(Arc<Traffic>);

impl Hooks {
    /// Hooks for this call.
    pub fn new(traffic: Arc<Traffic>) -> Self {
        Self(traffic)
    }
}

type Sent = (http::Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

impl WasiHttpHooks for Hooks {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        headers::is_forbidden(name)
    }

    fn forbidden_header_filter(&mut self) -> ForbiddenHeaderFilter {
        Arc::new(headers::is_forbidden)
    }

    /// Every scheme goes before the policy, so that one it refuses is recorded.
    fn is_supported_scheme(&mut self, _: &http::uri::Scheme) -> bool {
        true
    }

    /// The client names the host it connects to; the guest's word is not asked.
    fn set_host_header(&mut self) -> bool {
        false
    }

    fn send_request(
        &mut self,
        request: http::Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        // Decided here and now, in the order of the asking; what is refused
        // costs no slot, no unit and no connection.
        let admitted = self.0.admit(request);
        let traffic = Arc::clone(&self.0);
        let timeouts = Timeouts::from_options(options);
        Box::new(async move {
            let response = match admitted? {
                Admitted::Api(going) => traffic.send(*going, timeouts).await?,
                Admitted::Elsewhere(following) => traffic.fetch(*following, timeouts).await?,
            };
            let nothing: Pin<Box<dyn Future<Output = Result<(), Error>> + Send>> =
                Box::pin(std::future::ready(Ok(())));
            Ok((response, Box::new(nothing) as Box<_>))
        })
    }

    /// 64 KiB rather than 1 MiB: two chunks are held for each request.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 << 10
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
