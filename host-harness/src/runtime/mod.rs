//! Runs components: each call in an instance of its own, with the access of
//! one agent and nothing else.
//!
//! It decides nothing about access (the policy does) and knows nothing of
//! Lever. What a call may take in time, memory and handles is bounded here;
//! what it may send is bounded in [`crate::egress`].

mod component;
mod engine;
mod error;
mod output;
mod places;
mod state;
pub(crate) mod trail;

pub(crate) use component::link;
pub use component::{Component, digest};
#[doc(hidden)]
pub use engine::Tune;
pub(crate) use engine::{Ticker, engine};
pub use error::{CallError, HostError};
pub(crate) use output::Tail as Output;
pub(crate) use state::Budget;

use crate::audit::{Audit, Decision, Kind, Record};
use crate::catalog::Catalog;
use crate::credentials::Source;
use crate::egress::{Hooks, Summary, Traffic, Wire};
use crate::limiter::Limiter;
use crate::policy::{Agent, CallScope, Rule};
use crate::upstream::Upstream;
use crate::value;
use component::Export;
use output::Tail;
use places::Places;
use serde_json::Value;
use state::State;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use trail::{End, Trail};
use wasmtime::component::{Linker, Val};
use wasmtime::{Engine, Store};

/// How long a finished call waits for its last requests to be wound up and
/// recorded. They end when the store goes, which takes no time to speak of.
const WIND_UP: Duration = Duration::from_secs(2);

/// Handles between the parts of a component, which the host keeps as well.
const COMPONENT_HANDLES: usize = 16 << 10;

/// The environment variables that the component takes settings from; its
/// credential is none of them.
pub const SETTINGS: [&str; 7] = [
    "LEVER_AUTH_URL",
    "LEVER_AUDIENCE",
    "LEVER_CONNECT_TIMEOUT_MS",
    "LEVER_FIRST_BYTE_TIMEOUT_MS",
    "LEVER_BETWEEN_BYTES_TIMEOUT_MS",
    "LEVER_MAX_WAIT_MS",
    "LEVER_MAX_ANSWER_BYTES",
];

/// What a host is made of.
#[derive(Clone, Default)]
pub struct HostConfig {
    /// The API.
    pub upstream: Upstream,
    /// Whether connections to loopback may be made, for a mock.
    pub allow_loopback: bool,
    /// Where what is put into each request comes from; without one, requests
    /// go out as they are and the API says no.
    pub credential: Option<Source>,
    /// Where compiled code is kept; a directory of the user's own.
    pub cache_dir: Option<PathBuf>,
    /// PEM files of authorities trusted besides Mozilla's.
    pub extra_ca: Vec<PathBuf>,
    /// Settings of the component, as environment variables out of
    /// [`SETTINGS`].
    pub settings: Vec<(String, String)>,
    /// The pace. Hosts that share one share the budgets in it.
    pub limiter: Limiter,
    /// Calls that run at once, 64 when absent; further ones wait, within their
    /// own time. One agent alone may have half of them, so that its calls leave
    /// places for those of others. Each takes address space, and memory once it
    /// is used.
    pub calls: Option<u32>,
    /// Changes the engine's settings; for tests.
    #[doc(hidden)]
    pub tune: Option<Tune>,
}

/// Runs components for agents, against one API with one credential.
pub struct Host {
    engine: Engine,
    linker: Linker<State>,
    ticker: engine::Ticker,
    wire: Arc<Wire>,
    audit: Audit,
    settings: Vec<(String, String)>,
    calls: Places,
    most_memory: AtomicU64,
}

/// An instance that was made and not called; for measurements.
#[doc(hidden)]
pub struct Idle {
    _store: Store<State>,
}

impl Host {
    /// Sets up a host.
    ///
    /// # Errors
    ///
    /// When the cache, TLS or the engine cannot be set up, or a setting is none
    /// of the component's.
    pub fn new(config: HostConfig, audit: Audit) -> Result<Self, HostError> {
        let foreign = |(name, _): &&(String, String)| !SETTINGS.contains(&name.as_str());
        if let Some((name, _)) = config.settings.iter().find(foreign) {
            return Err(HostError::Setting(name.clone()));
        }
        let calls = config.calls.unwrap_or(engine::CALLS).max(1);
        let engine = engine::engine(config.cache_dir.as_deref(), calls, config.tune.as_ref())?;
        Ok(Self {
            linker: component::linker(&engine)?,
            ticker: engine::Ticker::start(engine.clone())?,
            wire: Arc::new(Wire::new(
                config.upstream,
                config.credential,
                &config.limiter,
                config.allow_loopback,
                &config.extra_ca,
            )?),
            engine,
            audit,
            settings: config.settings,
            calls: Places::new(calls as usize),
            most_memory: AtomicU64::new(0),
        })
    }

    /// Loads a component, from the cache where it was compiled before.
    ///
    /// # Errors
    ///
    /// When it is none, or imports what no component gets; the latter is
    /// recorded as refused.
    pub fn load(&self, bytes: &[u8]) -> Result<Arc<Component>, HostError> {
        let loaded = Component::load(&self.engine, &self.linker, bytes);
        if let Err(HostError::Import { imports }) = &loaded {
            self.audit.write(Record {
                kind: Kind::Call,
                component: component::digest(bytes).chars().take(16).collect(),
                function: "load".to_owned(),
                decision: Decision::Refused,
                rule: format!("imports {imports}"),
                ..Record::default()
            })?;
        }
        loaded.map(Arc::new)
    }

    /// Requests sent so far, over all calls.
    pub fn requests_sent(&self) -> u64 {
        self.wire.sent()
    }

    /// Waits until the login it uses, if any, is not being renewed. A process
    /// that ends sooner may lose the login.
    pub async fn settle(&self) {
        self.wire.settle().await;
    }

    /// The most memory that a component held in any call that has ended; for
    /// measurements.
    #[doc(hidden)]
    pub fn most_memory(&self) -> u64 {
        self.most_memory.load(Ordering::Relaxed)
    }

    /// Makes an instance as a call does, and does not call it; for
    /// measurements.
    #[doc(hidden)]
    pub async fn instance(&self, component: &Component, agent: &Agent) -> Result<Idle, CallError> {
        let scope = CallScope::new("none", "none");
        let trail =
            Trail::new(Audit::none(), &agent.name, component.digest(), String::new(), "none");
        let traffic = Traffic::new(Arc::clone(&self.wire), agent.clone(), scope, trail);
        let output = Tail::default();
        let mut store = self.store(agent, &output, traffic);
        match component.pre().instantiate_async(&mut store).await {
            Ok(_) => Ok(Idle { _store: store }),
            Err(error) => Err(error::classify(&error, &store.data().budget, &output)),
        }
    }

    /// Calls a function for an agent and waits for its result.
    ///
    /// `args` holds one JSON value for each parameter; trailing ones that may
    /// be absent may be left out. Dropping the future ends the call.
    ///
    /// # Errors
    ///
    /// As [`CallError`] says. Whatever comes of it, the call is recorded.
    pub async fn call(
        &self,
        component: &Component,
        agent: &Agent,
        interface: &str,
        function: &str,
        args: &[Value],
    ) -> Result<Value, CallError> {
        self.audit.ready()?;
        let scope = CallScope::new(interface, function);
        let trail = Trail::new(
            self.audit.clone(),
            &agent.name,
            component.digest(),
            scope.id().to_owned(),
            self.wire.upstream().host(),
        );
        let prepared = component
            .export(interface, function)
            .map_err(|error| ("no such function".to_owned(), error))
            .and_then(|export| {
                let rule = agent
                    .may_call(interface, function, Catalog::embedded())
                    .map_err(|refusal| (refusal.rule.clone(), CallError::Refused(refusal)))?;
                let args = value::arguments(&export.ty, args)
                    .map_err(|error| (rule.to_string(), CallError::Usage(error.to_string())))?;
                Ok((export, rule, args))
            });
        let (export, rule, args) = match prepared {
            Ok(prepared) => prepared,
            Err((rule, error)) => {
                let (name, _, _) = error.as_record();
                let end = End { error: Some(name), ..End::default() };
                match error {
                    CallError::Refused(_) => trail.refused_call(&rule, end),
                    _ => trail.ended_call(&rule, end),
                }
                return Err(trail.take_lost().map_or(error, CallError::Audit));
            }
        };
        let traffic =
            Traffic::new(Arc::clone(&self.wire), agent.clone(), scope, Arc::clone(&trail));
        let mut open = Open { trail: &trail, traffic: &traffic, rule: &rule, closed: false };
        let limit = agent.limits.call_timeout;
        let run = self.run(component, agent, &export, &args, Arc::clone(&traffic));
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(limit, run) => {
                Some(outcome.unwrap_or_else(|_| Err(error::too_long(limit))))
            }
            () = traffic.must_end() => None,
        };
        // Whatever way it ended, the instance is gone by now, and with it
        // every request that nobody will hear of.
        let summary = traffic.finish(WIND_UP).await;
        open.closed = true;
        conclude(&trail, &rule, outcome, summary)
    }

    async fn run(
        &self,
        component: &Component,
        agent: &Agent,
        export: &Export,
        args: &[Val],
        traffic: Arc<Traffic>,
    ) -> Result<Value, CallError> {
        let _place = self.calls.take(&agent.name).await;
        let _ticking = self.ticker.run();
        let output = Tail::default();
        let mut store = self.store(agent, &output, traffic);
        let result = async {
            let instance = component.pre().instantiate_async(&mut store).await?;
            let function = instance
                .get_func(&mut store, export.index)
                .ok_or_else(|| wasmtime::Error::msg("the function is not exported"))?;
            let mut results = vec![Val::Bool(false); export.ty.results().len()];
            function.call_async(&mut store, args, &mut results).await?;
            Ok(results)
        }
        .await;
        self.most_memory.fetch_max(store.data().budget.memory_used(), Ordering::Relaxed);
        tracing::trace!(output = output.last_words(), "the component printed");
        match result {
            Ok(results) => answer(results),
            Err(error) => Err(error::classify(&error, &store.data().budget, &output)),
        }
    }

    /// The store of one call, with all that bounds it.
    fn store(&self, agent: &Agent, output: &Tail, traffic: Arc<Traffic>) -> Store<State> {
        let upstream = self.wire.upstream().to_string();
        let mut environment = vec![("LEVER_BASE_URL", upstream.as_str())];
        let settings = self.settings.iter();
        environment.extend(settings.map(|(name, value)| (name.as_str(), value.as_str())));
        if let Some(user) = &agent.perform_as {
            environment.push(("LEVER_PERFORM_AS", user));
        }
        let hosts = agent.download_hosts.join(",");
        if !hosts.is_empty() {
            environment.push(("LEVER_DOWNLOAD_HOSTS", &hosts));
        }
        let memory = agent.limits.memory;
        let state = State::new(&environment, output.clone(), Hooks::new(traffic), memory);
        let mut store = Store::new(&self.engine, state);
        store.limiter(|state| &mut state.budget);
        // One tick of running, then everyone else has a turn, the call's
        // timeout among them.
        store.epoch_deadline_async_yield_and_update(1);
        store.set_max_component_handles(COMPONENT_HANDLES);
        // What a component hands to the host at once is bounded by what it may
        // hold itself.
        store.set_hostcall_fuel(usize::try_from(memory).unwrap_or(usize::MAX));
        store
    }
}

/// The JSON of a function's result: of the value in a `result`, or its error.
fn answer(results: Vec<Val>) -> Result<Value, CallError> {
    let json = |val: Option<Box<Val>>| match val {
        Some(val) => value::to_json(*val).map_err(|error| CallError::Trap(error.to_string())),
        None => Ok(Value::Null),
    };
    match results.into_iter().next() {
        None => Ok(Value::Null),
        Some(Val::Result(Ok(val))) => json(val),
        Some(Val::Result(Err(val))) => Err(CallError::Component(json(val)?)),
        Some(val) => json(Some(Box::new(val))),
    }
}

/// Writes the call's record and settles what its caller is told. There is no
/// outcome where the host itself ended the call.
fn conclude(
    trail: &Trail,
    rule: &Rule,
    outcome: Option<Result<Value, CallError>>,
    summary: Summary,
) -> Result<Value, CallError> {
    let outcome = match (outcome, summary.credential) {
        (Some(Err(CallError::Component(error))), Some(cause)) => {
            Some(Err(CallError::without_credential(error, &cause, summary.may_have_changed)))
        }
        (outcome, _) => outcome,
    };
    let outcome = match (outcome, summary.refusal) {
        // The component's words for a refusal know neither rule nor remedy.
        (None | Some(Err(CallError::Component(_))), Some(refusal)) => {
            Err(CallError::Refused(refusal))
        }
        (Some(outcome), _) => outcome,
        (None, None) => Err(CallError::Limit("the host ended the call".to_owned())),
    };
    let outcome = match summary.may_have_changed {
        true => outcome.map_err(CallError::after_a_change),
        false => outcome,
    };
    let mut end = End { attempts: summary.sent, ..End::default() };
    match &outcome {
        Ok(value) => end.records = Some(count(value)),
        Err(error) => {
            let (name, outcome, status) = error.as_record();
            end.error = Some(name);
            end.outcome = outcome.or_else(|| unknown(summary.may_have_changed));
            end.status = status;
        }
    }
    trail.ended_call(rule.as_str(), end);
    match trail.take_lost() {
        Some(lost) => Err(CallError::Audit(lost)),
        None => outcome,
    }
}

/// The outcome where the component did not name it.
fn unknown(may_have_changed: bool) -> Option<String> {
    may_have_changed.then(|| "unknown".to_owned())
}

/// How many records a result is: the items of a page, one, or none.
fn count(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::Object(object) => match object.get("items") {
            Some(Value::Array(items)) => items.len() as u64,
            _ => 1,
        },
        Value::Array(items) => items.len() as u64,
        _ => 1,
    }
}

/// A call under way, recorded as abandoned when its caller lets go of it.
struct Open<'a> {
    trail: &'a Trail,
    traffic: &'a Traffic,
    rule: &'a Rule,
    closed: bool,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if !self.closed {
            let end = End {
                attempts: self.traffic.sent(),
                error: Some("abandoned".to_owned()),
                outcome: unknown(self.traffic.may_have_changed()),
                ..End::default()
            };
            self.trail.ended_call(self.rule.as_str(), end);
        }
    }
}

#[cfg(test)]
mod tests;
