//! One of an agent's calls after the other, each held to what it said.
//!
//! A worker has opportunities, a user and a posting of its own, so that what it
//! finds changed is its own doing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use lever_host::catalog::Catalog;
use lever_host::mock::Mock;
use lever_host::policy::Agent;
use lever_host::runtime::CallError;
use serde_json::{Value, json};

use crate::jobs;
use crate::support::random::Random;
use crate::support::{Rig, storm, user};

/// How long calls may take that are not cut off.
pub const USUAL: Duration = Duration::from_secs(10);

/// No call may take longer: its timeout, and time to wind up.
const STUCK: Duration = Duration::from_secs(30);

/// Changes a second that cannot be taken back, of all workers together, so that
/// the mock's account does not outgrow what is looked for.
const LASTING: f64 = 2.0;

/// How often something is deleted that a fault left behind.
const SWEEPS: usize = 5;

/// What the load counted.
pub struct Counts {
    pub calls: AtomicU64,
    pub stuck: AtomicU64,
    pub broken: AtomicU64,
    pub refused: AtomicU64,
    lasting: AtomicU64,
    start: Instant,
    said: Mutex<BTreeMap<&'static str, BTreeMap<String, u64>>>,
    lies: Mutex<Vec<String>>,
}

impl Counts {
    pub fn new() -> Self {
        Self {
            calls: AtomicU64::new(0),
            stuck: AtomicU64::new(0),
            broken: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            lasting: AtomicU64::new(0),
            start: Instant::now(),
            said: Mutex::default(),
            lies: Mutex::default(),
        }
    }

    /// What callers were told, by function.
    pub fn said(&self) -> MutexGuard<'_, BTreeMap<&'static str, BTreeMap<String, u64>>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was not true.
    pub fn lies(&self) -> Vec<String> {
        self.lies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn lie(&self, text: String) {
        self.lies.lock().unwrap_or_else(PoisonError::into_inner).push(text);
    }
}

pub struct Worker {
    pub rig: Arc<Rig>,
    pub random: Random,
    /// Opportunities that no other worker changes.
    pub own: Vec<String>,
    /// Whom writes are in the name of.
    pub user: String,
    /// A user, a posting and a template for feedback of its own.
    pub colleague: String,
    pub posting: String,
    pub template: Value,
    agent: Agent,
    counts: Arc<Counts>,
    number: usize,
    marks: u64,
}

impl Worker {
    /// Makes what it needs, as an agent that may do everything and before any fault.
    pub async fn new(
        rig: &Arc<Rig>,
        agent: Agent,
        counts: &Arc<Counts>,
        number: usize,
        of: usize,
        seed: u64,
    ) -> Self {
        let ids = rig.mock.store().opportunity_ids();
        let mut worker = Self {
            rig: Arc::clone(rig),
            random: Random(seed ^ ((number as u64) << 32)),
            own: ids.into_iter().skip(number).step_by(of).collect(),
            user: user(rig),
            colleague: String::new(),
            posting: String::new(),
            template: Value::Null,
            agent: rig.agent.clone(),
            counts: Arc::clone(counts),
            number,
            marks: 0,
        };
        let name = format!("Worker {number}");
        let email = format!("worker{number}@example.com");
        let made = worker.call("users.create", json!([{ "name": name, "email": email }])).await;
        worker.colleague = made.expect("a user is made")["id"].as_str().unwrap_or("").to_owned();
        let new = json!([{ "text": name, "state": "draft" }, worker.user]);
        let made = worker.call("postings.create", new).await;
        worker.posting = made.expect("a posting is made")["id"].as_str().unwrap_or("").to_owned();
        let made = worker.call("feedback-templates.create", json!([jobs::template(&name)])).await;
        worker.template = made.expect("a template is made");
        worker.agent = agent;
        worker
    }

    /// Works until the end.
    pub async fn run(mut self, end: Instant) {
        while Instant::now() < end {
            jobs::next(&mut self).await;
        }
    }

    /// Whether it tries this: what it may, and now and then what it may not.
    pub fn tries(&mut self, function: &str) -> bool {
        may(&self.agent, function) || self.random.below(20) == 0
    }

    /// A text that is written nowhere else.
    pub fn mark(&mut self) -> String {
        self.marks += 1;
        format!("mark {} {}", self.number, self.marks)
    }

    /// Whether a change may be made that cannot be taken back.
    pub fn may_last(&self) -> bool {
        let allowed = self.counts.start.elapsed().as_secs_f64() * LASTING;
        let made = self.counts.lasting.load(Ordering::Relaxed);
        (made as f64) < allowed && self.counts.lasting.fetch_add(1, Ordering::Relaxed) == made
    }

    /// Leaves a fault in the way of what comes next below this path, or of whatever comes next.
    pub fn stir(&mut self, path: &str) {
        let fault = match self.random.below(24) {
            0..4 => storm::fault(&mut self.random).path(path),
            4 => storm::fault(&mut self.random),
            _ => return,
        };
        self.rig.mock.inject(fault);
    }

    /// Reads, and takes what comes.
    pub async fn read(&mut self, function: &'static str, args: Value) -> Option<Value> {
        if self.random.below(10) == 0 {
            let fault = storm::fault(&mut self.random);
            self.rig.mock.inject(fault);
        }
        self.call(function, args).await
    }

    /// Changes something, and compares what is said of it with how often it is there.
    pub async fn write(
        &mut self,
        function: &'static str,
        args: Value,
        path: &str,
        found: impl Fn(&Mock) -> usize,
    ) -> Option<Value> {
        self.stir(path);
        let before = found(&self.rig.mock);
        let result = self.result(function, args.clone()).await;
        let after = found(&self.rig.mock);
        let said = said(&result);
        let is_true = before == 0
            && match said.as_str() {
                "ok" | "applied" => after == 1,
                "not-sent" | "not-applied" | "limit, nothing sent" | "refused" => after == 0,
                "unknown" | "limit, unknown" => after <= 1,
                _ => false,
            };
        if !is_true {
            self.counts.lie(format!(
                "{function} {args}: {said}, {before} before and {after} after: {result:?}"
            ));
        }
        result.ok()
    }

    /// Counts it as wrong where this is not so.
    pub fn expect(&self, is_so: bool, what: impl FnOnce() -> String) {
        if !is_so {
            self.counts.lie(what());
        }
    }

    /// Deletes what is left, in the name of an agent that may.
    pub async fn sweep(
        &mut self,
        function: &'static str,
        left: impl Fn(&Mock) -> Vec<String>,
        args: impl Fn(&Self, &str) -> Value,
    ) {
        let own = std::mem::replace(&mut self.agent, self.rig.agent.clone());
        for _ in 0..SWEEPS {
            let left = left(&self.rig.mock);
            for id in &left {
                let args = args(self, id);
                self.call(function, args).await;
            }
            if left.is_empty() {
                break;
            }
        }
        self.agent = own;
    }

    async fn call(&mut self, function: &'static str, args: Value) -> Option<Value> {
        self.result(function, args).await.ok()
    }

    /// Makes one call, which may be cut off, and counts its outcome.
    async fn result(&mut self, function: &'static str, args: Value) -> Result<Value, CallError> {
        let counts = &self.counts;
        let mut agent = self.agent.clone();
        if self.random.below(30) == 0 {
            agent.limits.call_timeout = Duration::from_millis(self.random.next() % 300);
        }
        counts.calls.fetch_add(1, Ordering::Relaxed);
        let call = self.rig.call_as(&agent, function, args.clone());
        let result = match tokio::time::timeout(STUCK, call).await {
            Ok(result) => result,
            Err(_) => {
                counts.stuck.fetch_add(1, Ordering::Relaxed);
                Err(CallError::Limit("stuck".to_owned()))
            }
        };
        if let Err(CallError::Usage(error) | CallError::Trap(error)) = &result {
            counts.broken.fetch_add(1, Ordering::Relaxed);
            counts.lie(format!("{function} {args}: {error}"));
        }
        // A refusal of one request names its route.
        let is_refused =
            matches!(&result, Err(CallError::Refused(refusal)) if refusal.route.is_none());
        counts.refused.fetch_add(u64::from(is_refused), Ordering::Relaxed);
        if may(&agent, function) == is_refused {
            counts.lie(format!("{function} by {}: {result:?}", agent.name));
        }
        let mut all = counts.said();
        *all.entry(function).or_default().entry(said(&result)).or_default() += 1;
        drop(all);
        result
    }

    /// The ids of what bears the mark, in its own opportunity.
    pub fn found(
        list: fn(&Mock, &str, &str) -> Vec<String>,
        opportunity: &str,
        mark: &str,
    ) -> impl Fn(&Mock) -> Vec<String> + use<> {
        let (opportunity, mark) = (opportunity.to_owned(), mark.to_owned());
        move |mock| list(mock, &opportunity, &mark)
    }
}

fn may(agent: &Agent, function: &str) -> bool {
    let (interface, name) = function.split_once('.').expect("interface.function");
    agent.may_call(interface, name, Catalog::embedded()).is_ok()
}

/// What a caller is told of the change.
fn said(result: &Result<Value, CallError>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(CallError::Component(error)) => error["outcome"].as_str().unwrap_or("none").to_owned(),
        Err(CallError::Refused(_)) => "refused".to_owned(),
        Err(CallError::Limit(limit)) if limit.contains("may have been made") => {
            "limit, unknown".to_owned()
        }
        Err(CallError::Limit(_)) => "limit, nothing sent".to_owned(),
        Err(other) => format!("{other:?}"),
    }
}

/// Whether none of the records has this id.
pub fn is_gone(ids: &[String], id: &str) -> usize {
    usize::from(!ids.iter().any(|other| other == id))
}
