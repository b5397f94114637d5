//! One request from its head to the answer decided on: credential, rate limit, fault, handler, record.
//!
//! No sockets and no waiting; `server` does both.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::request::Parts;
use serde_json::{Value, json};

use super::answer::{Answer, Failure};
use super::auth;
use super::bucket::Bucket;
use super::call::Call;
use super::config::{Config, RetryAfter, UnknownQuery};
use super::deliveries::{Deliveries, Orders};
use super::faults::{Effect, Faults};
use super::page;
use super::routes;
use super::seed;
use super::seen::Seen;
use super::store::State;
use super::wire::{Delivery, Whole, spoil};

/// What changes while the mock runs.
#[derive(Debug)]
pub(super) struct Inner {
    pub state: State,
    pub seen: Vec<Seen>,
    pub faults: Faults,
    received: u64,
    buckets: HashMap<String, Bucket>,
}

/// The mock without its socket.
#[derive(Debug)]
pub(super) struct Service {
    config: Config,
    started: Instant,
    pub deliveries: Deliveries,
    inner: Mutex<Inner>,
}

/// Why a request was refused at its head and, for the rate limit, the wait until one is allowed.
type Refusal = (Failure, Option<Duration>);

/// A request let in or refused at its head.
#[derive(Debug)]
pub(super) struct Admission {
    seen: Seen,
    refusal: Option<Refusal>,
}

/// What to do about a request.
#[derive(Debug)]
pub(super) struct Decision {
    /// Wait before anything is sent.
    pub wait: Duration,
    pub delivery: Delivery,
}

/// Milliseconds since 1970 UTC.
pub(super) fn wall_clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Service {
    pub fn new(config: Config) -> (Self, Orders) {
        let mut state = seed::account(config.seed, config.opportunities, config.epoch);
        state.webhooks.loopback_http = config.webhooks.loopback_http;
        let (deliveries, orders) = Deliveries::new(config.webhooks.clone());
        let inner = Inner {
            state,
            seen: Vec::new(),
            faults: Faults::default(),
            received: 0,
            buckets: HashMap::new(),
        };
        let inner = Mutex::new(inner);
        (Self { config, started: Instant::now(), deliveries, inner }, orders)
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
            headers: headers.collect(),
            body: Vec::new(),
            status: None,
            is_applied: false,
            fault: None,
        };
        if let Ok((row, _)) = routes::find(&seen.method, &seen.path) {
            seen.unknown_query = row.unknown(&seen.pairs).into_iter().cloned().collect();
        }
        let credential = auth::credential(&self.config, seen.header("authorization"));
        inner.seen.push(seen.clone());
        let refusal = match (credential, &self.config.rate) {
            (None, _) => Some((Failure::Unauthorized, None)),
            (Some(_), None) => None,
            (Some(name), Some(rate)) => {
                let bucket = inner.buckets.entry(name);
                let bucket = bucket.or_insert_with(|| Bucket::new(rate.per_second, rate.burst));
                bucket.take(at).err().map(|wait| (Failure::Throttled, Some(wait)))
            }
        };
        Admission { seen, refusal }
    }

    /// Handles an admitted request and records what became of it. `body` is None when it was too large.
    pub fn decide(&self, admission: Admission, body: Option<&[u8]>) -> Decision {
        let Admission { mut seen, refusal } = admission;
        seen.body = body.unwrap_or_default().to_vec();
        let mut inner = self.lock();
        let decision = self.decided(&mut inner, refusal, &mut seen, body);
        // Not there any more when the requests were cleared while the body was on its way.
        let mut places = inner.seen.iter_mut().rev();
        if let Some(place) = places.find(|place| place.number == seen.number) {
            *place = seen;
        }
        decision
    }

    fn decided(
        &self,
        inner: &mut Inner,
        refusal: Option<Refusal>,
        seen: &mut Seen,
        body: Option<&[u8]>,
    ) -> Decision {
        let wait = self.config.latency;
        if let Some((failure, until)) = refusal {
            let mut answer = Whole::json(failure.parts().0, Some(&failure.body()));
            answer.headers.extend(self.retry_after(until));
            seen.status = Some(answer.status);
            return Decision { wait, delivery: Delivery::Answer(answer) };
        }
        let hit = inner.faults.hit(&seen.method, &seen.path);
        seen.fault = hit.as_ref().map(|hit| format!("{:?}", hit.effect));
        // Told already.
        inner.state.events.clear();
        let (status, json) = if hit.as_ref().is_none_or(|hit| hit.is_applied) {
            let answer = self.handled(&mut inner.state, seen, body);
            self.deliveries.tell(&mut inner.state, wall_clock());
            answer
        } else {
            (200, None)
        };
        let Some(hit) = hit else {
            seen.status = Some(status);
            return Decision {
                wait,
                delivery: Delivery::Answer(Whole::json(status, json.as_ref())),
            };
        };
        let wait = match hit.effect {
            Effect::Delay(delay) => wait.saturating_add(delay),
            _ => wait,
        };
        let offset = seen.values("offset").first().copied();
        let delivery = spoil(hit.effect, status, json, offset);
        seen.status = match &delivery {
            Delivery::Answer(answer) => Some(answer.status),
            Delivery::Cut(bytes, _) => (!bytes.is_empty()).then_some(status),
        };
        Decision { wait, delivery }
    }

    fn retry_after(&self, until: Option<Duration>) -> Option<(String, String)> {
        let form = self.config.rate.as_ref()?.retry_after?;
        let until = until?;
        let seconds = until.as_secs().saturating_add(u64::from(until.subsec_nanos() > 0));
        let value = match form {
            RetryAfter::Seconds => seconds.to_string(),
            RetryAfter::HttpDate => {
                let date = SystemTime::now().checked_add(Duration::from_secs(seconds))?;
                httpdate::fmt_http_date(date)
            }
        };
        Some(("retry-after".to_owned(), value))
    }

    /// The real answer: status and body.
    fn handled(
        &self,
        state: &mut State,
        seen: &mut Seen,
        body: Option<&[u8]>,
    ) -> (u16, Option<Value>) {
        match self.answered(state, seen, body) {
            Err(failure) => (failure.parts().0, Some(failure.body())),
            Ok(answer) => {
                seen.is_applied = seen.method != "GET";
                match answer {
                    Answer::Data(status, data) => (status, Some(json!({"data": data}))),
                    Answer::Whole(status, body) => (status, Some(body)),
                    Answer::Empty => (204, None),
                    Answer::List { data, next } => {
                        let mut list = json!({"data": data, "hasNext": next.is_some()});
                        if let (Some(key), Some(map)) = (next, list.as_object_mut()) {
                            let bound = page::fingerprint(&seen.path, &seen.pairs);
                            map.insert("next".to_owned(), json!(state.issued.hand_out(bound, key)));
                        }
                        (200, Some(list))
                    }
                }
            }
        }
    }

    fn answered(
        &self,
        state: &mut State,
        seen: &Seen,
        body: Option<&[u8]>,
    ) -> Result<Answer, Failure> {
        let (row, ids) = routes::find(&seen.method, &seen.path)?;
        if let (UnknownQuery::Refuse, Some((name, _))) =
            (self.config.unknown_query, seen.unknown_query.first())
        {
            return Err(Failure::Query(format!("Unknown parameter: {name}")));
        }
        let body = body.ok_or(Failure::TooLarge)?;
        let kind = seen.header("content-type").unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if row.takes_json() && !body.is_empty() && !kind.eq_ignore_ascii_case("application/json") {
            return Err(Failure::MediaType);
        }
        let mut call = Call {
            path: &seen.path,
            ids,
            query: &seen.pairs,
            body,
            actor: None,
            now: wall_clock(),
            confidential_access: self.config.confidential_access,
        };
        call.actor = row.actor(&call, state, self.config.perform_as)?;
        (row.handler)(state, &call)
    }
}
