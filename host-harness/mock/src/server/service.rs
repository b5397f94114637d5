//! One request from its head to its response: credential, rate limit, fault, handler, record.
//!
//! No sockets and no waiting; `connection` does both.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Value, json};

use crate::account::seed::Seeding;
use crate::account::state::State;
use crate::endpoints::common::resource::Row;
use crate::endpoints::webhooks::Webhook;
use crate::endpoints::{self, job_site};
use crate::http::call::Call;
use crate::http::cursor::{self, Cursors};
use crate::http::payload::Payload;
use crate::http::reply::{Failure, Reply};
use crate::http::response::{Download, Response};
use crate::oauth;
use crate::oauth::server::AuthServer;
use crate::oauth::tokens::Tokens;
use crate::server::apply_fault::{Transmission, apply_fault, from_lever};
use crate::server::auth::Credential;
use crate::server::config::{Config, Downloads, UnknownBody, UnknownQuery};
use crate::server::deliveries::{Deliveries, Orders};
use crate::server::faults::{Effect, Faults};
use crate::server::limits::Limits;
use crate::server::routes;
use crate::server::seen::{Body, Seen};
use crate::server::storage::Storage;

/// What changes while the mock runs.
#[derive(Debug)]
pub(crate) struct Inner {
    pub state: State,
    pub seen: Vec<Seen>,
    pub faults: Faults,
    pub storage: Storage,
    pub auth_server: AuthServer,
    /// The access tokens with scopes in force.
    pub tokens: Tokens,
    /// The paging tokens issued.
    pub cursors: Cursors,
    /// How far the time of tokens and codes is ahead, in milliseconds.
    pub ahead: u64,
    /// Delay before every response.
    pub latency: Duration,
    pub received: u64,
    limits: Limits,
}

/// The mock without its socket.
#[derive(Debug)]
pub(crate) struct Service {
    config: Config,
    started: Instant,
    pub deliveries: Arc<Deliveries>,
    inner: Mutex<Inner>,
}

/// The largest JSON body accepted, in bytes: far above any a client sends.
const MAX_JSON: usize = 16 << 20;

/// The largest form accepted, in bytes: two files of the largest size and some fields.
const MAX_FORM: usize = 64 << 20;

/// Why a request was refused at its head and, for the rate limit, the wait until one is allowed.
type Refusal = (Failure, Option<Duration>);

/// A request let in or refused at its head.
#[derive(Debug)]
pub(crate) struct Admission {
    /// Bytes of the body that may be kept.
    pub max_body: usize,
    seen: Seen,
    credential: Result<Credential, Refusal>,
}

/// What is sent, and when.
#[derive(Debug)]
pub(crate) struct Decision {
    /// Wait before anything is sent.
    pub wait: Duration,
    pub transmission: Transmission,
}

/// Milliseconds since 1970 UTC.
pub(crate) fn wall_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Inner {
    /// Forgets the requests received so far, those to the storage too.
    pub fn forget_requests(&mut self) {
        self.seen.clear();
        self.storage.seen.clear();
    }
}

impl Service {
    /// An account as configured, with its storage at this base URL, and the queue of its
    /// deliveries.
    pub fn new(config: Config, storage: String) -> (Self, Orders) {
        let Config { epoch, history, opportunities, .. } = config;
        let seeding = Seeding { epoch, history, opportunities };
        let mut state = endpoints::account(config.seed, seeding);
        state.loopback_webhooks = config.webhooks.loopback_http;
        let (deliveries, orders) = Deliveries::new(config.webhooks.clone());
        let inner = Inner {
            state,
            seen: Vec::new(),
            faults: Faults::default(),
            storage: Storage::new(storage, config.storage_lifetime, config.seed),
            auth_server: AuthServer::new(config.authorization.clone(), config.seed),
            tokens: Tokens::lasting(&config.scoped_tokens),
            cursors: Cursors::default(),
            ahead: 0,
            latency: config.latency,
            received: 0,
            limits: Limits::new(config.rate.clone(), config.apply_rate.clone()),
        };
        let (inner, deliveries) = (Mutex::new(inner), Arc::new(deliveries));
        (Self { config, started: Instant::now(), deliveries, inner }, orders)
    }

    pub fn upload_timeout(&self) -> Duration {
        self.config.upload_timeout
    }

    /// Whether a webhook of this id exists.
    pub fn has_webhook(&self, id: &str) -> bool {
        self.lock().state.all::<Webhook>().iter().any(|webhook| webhook.id == id)
    }

    pub fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request at its head, checks its credential and counts it against the limit.
    pub fn admit(&self, head: &Parts) -> Admission {
        let query = head.uri.query();
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let headers = head.headers.iter().map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        let mut inner = self.lock();
        // Read under the lock, so that times and numbers rise together.
        let at = self.started.elapsed();
        let number = inner.received;
        inner.received += 1;
        let mut seen = Seen {
            number,
            at,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: query.map(str::to_owned),
            pairs: pairs.into_owned().collect(),
            unknown_query: Vec::new(),
            unknown_body: Vec::new(),
            headers: headers.collect(),
            body: Body::default(),
            status: None,
            is_applied: false,
            fault: None,
        };
        let row = routes::find(&seen.method, &seen.path).ok().map(|(row, _)| row);
        if let Some(row) = row {
            seen.unknown_query = row.unknown(&seen.pairs).into_iter().cloned().collect();
        }
        inner.seen.push(seen.clone());
        if oauth::server::serves(&seen.path) || job_site::serves(&seen.path) {
            let credential = Ok(Credential::anonymous());
            return Admission { max_body: MAX_JSON, seen, credential };
        }
        let header = seen.header("authorization");
        let tokens = &inner.tokens;
        let now = wall_clock().saturating_add(inner.ahead);
        let credential = Credential::find(&self.config, tokens, now, header);
        let is_application = row.is_some_and(Row::is_application);
        let credential = credential.ok_or((Failure::Unauthorized, None)).and_then(|credential| {
            let taken = inner.limits.take(&credential.name, is_application, at);
            taken.map_err(|wait| (Failure::Throttled, Some(wait)))?;
            Ok(credential)
        });
        let max_body = if row.is_some_and(|row| row.takes.is_form()) { MAX_FORM } else { MAX_JSON };
        Admission { max_body, seen, credential }
    }

    /// Handles an admitted request, with its body or why there is none, and records the outcome.
    pub fn decide(&self, admission: Admission, body: Result<Bytes, Failure>) -> Decision {
        let Admission { mut seen, credential, .. } = admission;
        seen.body = body.as_ref().map(Bytes::clone).unwrap_or_default().into();
        let mut inner = self.lock();
        let decision = self.transmission(&mut inner, credential, &mut seen, body);
        // Not there any more when the requests were cleared while the body was on its way.
        let mut recorded = inner.seen.iter_mut().rev();
        if let Some(slot) = recorded.find(|slot| slot.number == seen.number) {
            *slot = seen;
        }
        decision
    }

    fn transmission(
        &self,
        inner: &mut Inner,
        credential: Result<Credential, Refusal>,
        seen: &mut Seen,
        body: Result<Bytes, Failure>,
    ) -> Decision {
        let wait = inner.latency;
        let credential = match credential {
            Ok(credential) => credential,
            Err((failure, until)) => {
                let mut answer =
                    from_lever(Response::json(failure.parts().0, Some(&failure.body())));
                answer.headers.extend(until.and_then(|until| inner.limits.retry_after(until)));
                seen.status = Some(answer.status);
                return Decision { wait, transmission: Transmission::Response(answer) };
            }
        };
        let hit = inner.faults.hit(&seen.method, &seen.path);
        seen.fault = hit.as_ref().map(|hit| format!("{:?}", hit.effect));
        // Delivered already.
        inner.state.events.clear();
        if let Some(Effect::Move { opportunities, stage }) = hit.as_ref().map(|hit| &hit.effect) {
            for id in opportunities {
                inner.state.move_to(id, stage, wall_clock(), None);
            }
        }
        let (whole, json) = if hit.as_ref().is_none_or(|hit| hit.is_applied) {
            let answer = self.response(inner, &credential, seen, body);
            self.deliveries.send(&mut inner.state, wall_clock());
            answer
        } else {
            (Response::json(200, None), None)
        };
        let Some(hit) = hit else {
            seen.status = Some(whole.status);
            return Decision { wait, transmission: Transmission::Response(whole) };
        };
        let wait = match hit.effect {
            Effect::Delay(delay) => wait.saturating_add(delay),
            _ => wait,
        };
        let offset = seen.values("offset").first().copied();
        let status = whole.status;
        let transmission = apply_fault(hit.effect, whole, json, offset);
        seen.status = match &transmission {
            Transmission::Response(answer) => Some(answer.status),
            Transmission::Raw(bytes, _) => (!bytes.is_empty()).then_some(status),
        };
        Decision { wait, transmission }
    }

    /// Responds to a request to the storage, which faults hit too.
    pub fn fetch(&self, head: &Parts) -> Decision {
        let mut inner = self.lock();
        let whole = inner.storage.fetch(head, self.started.elapsed());
        let Some(hit) = inner.faults.hit(head.method.as_str(), head.uri.path()) else {
            return Decision { wait: Duration::ZERO, transmission: Transmission::Response(whole) };
        };
        let wait = match hit.effect {
            Effect::Delay(delay) => delay,
            _ => Duration::ZERO,
        };
        Decision { wait, transmission: apply_fault(hit.effect, whole, None, None) }
    }

    /// The response without any fault, and its JSON where it is JSON.
    fn response(
        &self,
        inner: &mut Inner,
        credential: &Credential,
        seen: &mut Seen,
        body: Result<Bytes, Failure>,
    ) -> (Response, Option<Value>) {
        if oauth::server::serves(&seen.path) {
            let now = wall_clock().saturating_add(inner.ahead);
            let Inner { auth_server, tokens, .. } = inner;
            let (response, json) = auth_server.respond(tokens, &seen.head(), body, now);
            seen.is_applied = json.is_some() && response.status == 200;
            return (response, json);
        }
        if job_site::serves(&seen.path) {
            let (response, json) = job_site::respond(&inner.state, &seen.head());
            return (from_lever(response), json);
        }
        let (status, json) = match self.reply(inner, credential, seen, body) {
            Err(failure) => (failure.parts().0, Some(failure.body())),
            Ok(answer) => {
                seen.is_applied = seen.method != "GET";
                match answer {
                    Reply::Data(status, data) => (status, Some(json!({"data": data}))),
                    Reply::Body(status, body) => (status, Some(body)),
                    Reply::Empty => (204, None),
                    Reply::Download { file, is_redirected } => {
                        return (self.download(&mut inner.storage, file, is_redirected), None);
                    }
                    Reply::List { data, next } => {
                        let mut list = json!({"data": data, "hasNext": next.is_some()});
                        if let (Some(key), Some(map)) = (next, list.as_object_mut()) {
                            let bound = cursor::fingerprint(&seen.path, &seen.pairs);
                            let token = inner.cursors.issue(bound, key);
                            map.insert("next".to_owned(), json!(token));
                        }
                        (200, Some(list))
                    }
                }
            }
        };
        (from_lever(Response::json(status, json.as_ref())), json)
    }

    /// The bytes of a file, or a redirect to them.
    fn download(&self, storage: &mut Storage, file: Download, is_redirected: bool) -> Response {
        let is_redirected = match self.config.downloads {
            Downloads::Direct => false,
            Downloads::Redirect => true,
            Downloads::Mixed => is_redirected,
        };
        from_lever(match is_redirected {
            true => Response::redirect(&storage.sign(file, self.started.elapsed())),
            false => Response::download(&file),
        })
    }

    fn reply(
        &self,
        inner: &mut Inner,
        credential: &Credential,
        seen: &mut Seen,
        body: Result<Bytes, Failure>,
    ) -> Result<Reply, Failure> {
        let (row, ids) = routes::find(&seen.method, &seen.path)?;
        routes::check_scope(row, credential, &seen.path)?;
        if let (UnknownQuery::Refuse, Some((name, _))) =
            (self.config.unknown_query, seen.unknown_query.first())
        {
            return Err(Failure::Query(format!("Unknown parameter: {name}")));
        }
        let body = body?;
        let Inner { state, cursors, .. } = inner;
        let mut call = Call {
            path: &seen.path,
            ids,
            query: &seen.pairs,
            payload: Payload::Nothing,
            actor: None,
            now: wall_clock(),
            confidential_access: credential.is_confidential,
            cursors,
        };
        call.actor = routes::actor(row, &call, state, self.config.perform_as)?;
        let is_sized = seen.header("content-length").is_some();
        call.payload = row.takes.read(seen.header("content-type"), &body, is_sized)?;
        seen.unknown_body = row.takes.unknown(&call.payload);
        if let (UnknownBody::Refuse, Some(pointer)) =
            (self.config.unknown_body, seen.unknown_body.first())
        {
            return Err(Failure::Field("Unknown field.".to_owned(), pointer.clone()));
        }
        (row.handler)(state, &call)
    }
}
