//! Runs components: each call in an instance of its own, with the access of
//! one agent and nothing else.
//!
//! It decides nothing about access (the policy does) and knows nothing of
//! Lever. What a call may take in time, memory and handles is bounded here;
//! what it may send is bounded in [`crate::egress`].

mod answer;
mod call;
mod claim;
mod compiler;
mod component;
mod engine;
mod error;
mod outline;
mod output;
mod state;
mod typed;
mod wasi;
mod work;

pub use answer::Answer;
pub use compiler::{CompileHelper, compile};
pub use component::{Component, digest};
#[doc(hidden)]
pub use engine::Tune;
pub(crate) use engine::{Ticker, engine};
pub use error::{CallError, HostError};
pub(crate) use output::Tail as Output;
pub(crate) use state::Budget;
pub use typed::{Function, functions, types};
pub(crate) use wasi::link;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::watch;
use wasmtime::{Engine, Store};

use crate::audit::trail::Trail;
use crate::audit::{Audit, Decision, Kind, Record};
use crate::credentials::Source;
use crate::egress::{Hooks, Network, Proxy, Traffic, Wire};
use crate::limiter::Limiter;
use crate::limiter::concurrency::ConcurrencyLimit;
use crate::policy::{Agent, CallScope};
use crate::upstream::{AddressRange, Upstream};
use compiler::Compiler;
use output::Tail;
use state::State;

/// Handles between the parts of a component, which the host keeps as well.
const COMPONENT_HANDLES: usize = 16 << 10;

/// The environment variables that the component takes settings from; its
/// credential is none of them.
pub const SETTINGS: [&str; 8] = [
    "LEVER_AUTH_URL",
    "LEVER_AUDIENCE",
    "LEVER_CONNECT_TIMEOUT_MS",
    "LEVER_FIRST_BYTE_TIMEOUT_MS",
    "LEVER_BETWEEN_BYTES_TIMEOUT_MS",
    "LEVER_MAX_WAIT_MS",
    "LEVER_MAX_ANSWER_BYTES",
    "LEVER_REQUESTS_PER_SECOND",
];

/// The settings of a [`Host`]. The default is Lever itself, without a credential.
///
/// ```
/// use lever_host::audit::Audit;
/// use lever_host::credentials::Credential;
/// use lever_host::mock::API_KEY;
/// use lever_host::runtime::{Host, HostConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config = HostConfig {
///     upstream: "http://127.0.0.1:8111/v1".parse()?,
///     allow_loopback: true,
///     credential: Some(Credential::api_key(API_KEY)?.into()),
///     ..HostConfig::default()
/// };
/// let host = Host::new(config, Audit::none())?;
/// # drop(host);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct HostConfig {
    /// The API.
    pub upstream: Upstream,
    /// Whether connections to loopback may be made, for a mock.
    pub allow_loopback: bool,
    /// Ranges of other addresses that are not public and may be connected to:
    /// by the API, and by download hosts that are named in full. The API may
    /// be plain http there ([`Upstream::parse_within`]).
    pub allow_addresses: Vec<AddressRange>,
    /// The proxy that https goes through.
    pub proxy: Option<Proxy>,
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
    /// The pace. Hosts that share one share the budgets in it; processes do
    /// with [`Limiter::shared_in`].
    pub limiter: Limiter,
    /// Calls that run at once, 64 when absent; further ones wait, within their
    /// own time. One agent alone may have half of them, so that its calls leave
    /// places for those of others. Each takes address space, and memory once it
    /// is used.
    pub calls: Option<u32>,
    /// What compiles components that are not ours, in a process of its own with
    /// bounds on time and memory. Without it, or where processes cannot be
    /// bounded, this process compiles them.
    pub compile_helper: Option<CompileHelper>,
    /// How long a call that has sent a change may go on when the host is to
    /// stop; 7 seconds when absent.
    pub grace: Option<Duration>,
    /// Changes the engine's settings; for tests.
    #[doc(hidden)]
    pub tune: Option<Tune>,
    /// Calls no function by the types of the WIT; for tests.
    #[doc(hidden)]
    pub by_values: bool,
}

/// Runs components for agents, against one API with one credential.
pub struct Host {
    engine: Engine,
    compiler: Compiler,
    ticker: engine::Ticker,
    wire: Arc<Wire>,
    audit: Audit,
    settings: Vec<(String, String)>,
    by_values: bool,
    calls: ConcurrencyLimit,
    /// Whether calls are to end.
    stop: Arc<watch::Sender<bool>>,
    grace: Duration,
    most_memory: AtomicU64,
    most_handles: AtomicUsize,
    /// The cache of compiled code, where nobody named one and it is needed.
    _cache: Option<TempDir>,
}

/// Ends the calls of a host, from wherever it is asked to.
#[derive(Clone)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Lets the host's calls send nothing more, and ends them: at once where no
    /// change was sent, else when its answer is there or some seconds have
    /// passed. Each is recorded, and its error says what it has left behind.
    /// Calls made from now on end in the same way.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
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
        let own_cache = match (&config.cache_dir, &config.compile_helper) {
            (None, Some(_)) => Some(engine::own_cache()?),
            _ => None,
        };
        let own_path = own_cache.as_ref().map(|cache| cache.path().to_owned());
        let cache = config.cache_dir.or(own_path);
        let engine = engine::engine(cache.as_deref(), calls, config.tune.as_ref())?;
        let linker = wasi::linker(&engine)?;
        Ok(Self {
            compiler: Compiler::new(engine.clone(), linker, config.compile_helper.zip(cache)),
            ticker: engine::Ticker::start(engine.clone())?,
            wire: Arc::new(Wire::new(
                config.upstream,
                config.credential,
                &config.limiter,
                &Network {
                    allow_loopback: config.allow_loopback,
                    allow_addresses: config.allow_addresses,
                    extra_ca: config.extra_ca,
                    proxy: config.proxy,
                },
            )?),
            engine,
            audit,
            settings: config.settings,
            by_values: config.by_values,
            calls: ConcurrencyLimit::new(calls as usize),
            stop: Arc::new(watch::Sender::new(false)),
            grace: config.grace.unwrap_or(call::GRACE),
            most_memory: AtomicU64::new(0),
            most_handles: AtomicUsize::new(0),
            _cache: own_cache,
        })
    }

    /// Loads a component. One that is not ours is compiled for the first call
    /// that is allowed, or taken from the cache where it was compiled before.
    ///
    /// # Errors
    ///
    /// When it is none, is too large in some way, or imports what no component
    /// gets; the latter is recorded as refused.
    pub fn load(&self, bytes: &[u8]) -> Result<Arc<Component>, HostError> {
        let loaded = Component::load(&self.compiler, bytes, self.by_values);
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

    /// What ends its calls in order.
    pub fn stopper(&self) -> Stopper {
        Stopper(Arc::clone(&self.stop))
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

    /// The most handles that were left in the host at the end of any call; for
    /// measurements.
    #[doc(hidden)]
    pub fn most_handles(&self) -> usize {
        self.most_handles.load(Ordering::Relaxed)
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
        match component.pre()?.instantiate_async(&mut store).await {
            Ok(_) => Ok(Idle { _store: store }),
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

#[cfg(test)]
mod tests;
