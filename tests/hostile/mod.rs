//! A component that is not ours and tries to get out, and what holds it in.
//!
//! Every attack runs against a mock on loopback, beside a listener that nobody
//! may ever connect to. After each, the same host serves a good call, and the
//! audit gives nothing away.

#[path = "../support/hostile.rs"]
mod build;

mod alternatives;
mod bodies;
mod body_limits;
#[cfg(target_os = "linux")]
mod bulk;
mod compiling;
mod download_limits;
mod downloads;
mod exhaustion;
mod headers;
mod imports;
mod logins;
mod memories;
mod outcomes;
mod pinned;
mod requests;
mod secrets;
mod slashes;
mod unread;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lever_host::audit::{Audit, Decision, Kind, Record};
use lever_host::credentials::Credential;
use lever_host::embedded;
use lever_host::limiter::{Limiter, Rate};
use lever_host::mock::{Config, Mock};
use lever_host::policy::Agent;
use lever_host::runtime::{CallError, Component, Host, HostConfig, Tune};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// The host's credential, nowhere to be found but in its requests.
const KEY: &str = "kQ7vRz2LpX9wTn4c";

/// What curl would make of it: `Basic` and this.
const BASIC: &str = "a1E3dlJ6MkxwWDl3VG40Yzo=";

/// Part of every id, query value, header and body of an attack; no record may
/// carry it.
const CANARY: &str = "canary";

/// When an attack counts as one that does not end. It measures nothing: the
/// slowest machine needs a fraction.
const BOUND: Duration = Duration::from_secs(300);

/// A host with the component that tries to get out, and what it must not reach.
struct Rig {
    mock: Mock,
    evil: TcpListener,
    host: Host,
    hostile: Arc<Component>,
    lever: Arc<Component>,
    audit: Audit,
    agent: Agent,
}

/// An agent that may run the component, for a while, and read opportunities.
fn agent(more: &[&str]) -> Agent {
    let own = ["foreign:attack=full", "opportunities=read"];
    // Opportunities open notes as well, unless the policy says otherwise.
    let says = more.iter().any(|grant| grant.starts_with("notes"));
    let shut = if says { None } else { Some(&"notes=off") };
    let grants: Vec<String> = own.iter().chain(more).chain(shut).map(ToString::to_string).collect();
    let mut agent = Agent::from_grants("prober", &grants).expect("the grants are well formed");
    agent.limits.call_timeout = Duration::from_secs(5);
    agent
}

impl Rig {
    async fn new() -> Rig {
        Rig::tuned(None).await
    }

    async fn tuned(tune: Option<Tune>) -> Rig {
        Rig::with(Config { opportunities: 3, ..Config::default() }, tune).await
    }

    /// Before an account of another kind.
    async fn with(config: Config, tune: Option<Tune>) -> Rig {
        Rig::at_pace(config, tune, Limiter::default()).await
    }

    /// As fast as it goes.
    async fn unpaced() -> Rig {
        let rate = Rate { per_second: 100_000, burst: 100_000 };
        let account = Config { opportunities: 3, ..Config::default() };
        let mut rig = Rig::at_pace(account, None, Limiter::new(rate)).await;
        rig.agent.limits.requests_per_second = rate.per_second;
        rig
    }

    async fn at_pace(config: Config, tune: Option<Tune>, limiter: Limiter) -> Rig {
        let config = Config { rate: None, api_keys: vec![KEY.to_owned()], ..config };
        let mock = Mock::start(config).await.expect("loopback can be bound");
        let evil = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
        let audit = Audit::in_memory();
        let config = HostConfig {
            upstream: mock.base_url().parse().expect("the mock's URL is sound"),
            allow_loopback: true,
            credential: Some(Credential::api_key(KEY).expect("the key is sound").into()),
            cache_dir: Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")),
            tune,
            limiter,
            ..HostConfig::default()
        };
        let host = Host::new(config, audit.clone()).expect("the host starts");
        let hostile = host.load(&build::built().attack).expect("it imports nothing unusual");
        let lever = host.load(embedded::COMPONENT).expect("the component loads");
        Rig { mock, evil, host, hostile, lever, audit, agent: agent(&[]) }
    }

    /// Where the mock is, as an authority.
    fn authority(&self) -> String {
        let url = self.mock.base_url();
        url.trim_start_matches("http://").trim_end_matches("/v1").to_owned()
    }

    /// The port that nobody may connect to.
    fn evil_port(&self) -> u16 {
        self.evil.local_addr().expect("it is bound").port()
    }

    /// A request to the mock, as a component makes it.
    fn message(&self, method: &str, path: &str) -> Value {
        json!({
            "method": method,
            "scheme": "http",
            "authority": self.authority(),
            "path-with-query": path,
            "body": "",
        })
    }

    /// Runs an attack to its end.
    async fn attack(&self, function: &str, args: Value) -> Result<Value, CallError> {
        let args = args.as_array().expect("an array of arguments").clone();
        let call = self.host.call(&self.hostile, &self.agent, "attack", function, &args);
        tokio::time::timeout(BOUND, call).await.expect("every attack ends")
    }

    /// What an attack that comes back says.
    async fn says(&self, function: &str, args: Value) -> String {
        let said = self.attack(function, args).await.expect("it comes back");
        said.as_str().expect("it answers with a text").to_owned()
    }

    /// Runs a function that is named as one of Lever's component, to its end.
    async fn impersonate(&self, function: &str, messages: Vec<Value>) -> Result<Value, CallError> {
        let (interface, name) = function.split_once('.').expect("interface.function");
        let args = [Value::from(messages)];
        let call = self.host.call(&self.hostile, &self.agent, interface, name, &args);
        tokio::time::timeout(BOUND, call).await.expect("every attack ends")
    }

    /// What such a function says of its last request.
    async fn last(&self, function: &str, messages: Vec<Value>) -> String {
        let last = format!("{}: ", messages.len() - 1);
        let said = self.impersonate(function, messages).await.expect("it comes back");
        let said = said.as_str().expect("it answers with a text").to_owned();
        let at = said.rfind(&last).expect("it says something of each");
        said[at + last.len()..].trim_end().to_owned()
    }

    /// The records of requests that were refused.
    fn refused(&self) -> Vec<Record> {
        let is_one =
            |record: &Record| record.kind == Kind::Request && record.decision == Decision::Refused;
        self.audit.records().into_iter().filter(is_one).collect()
    }

    /// Checks that nobody connected to the other listener, that no record tells
    /// more than it may, and that the host goes on as if nothing had happened.
    async fn is_unharmed(&self) {
        let ours = TcpStream::connect(self.evil.local_addr().expect("it is bound"));
        let ours = ours.await.expect("it listens").local_addr().expect("it is connected");
        // Connections are handed out in the order of their coming.
        let (_, first) = self.evil.accept().await.expect("it accepts");
        assert_eq!(first, ours, "somebody connected to the other listener");

        let records = serde_json::to_string(&self.audit.records()).expect("records are JSON");
        for secret in [CANARY, KEY, BASIC] {
            assert!(!records.contains(secret), "{secret} in {records}");
        }

        let reader = Agent::from_grants("reader", &["stages=read".into()]).expect("a grant");
        let before = self.mock.requests().len();
        let stages = self.host.call(&self.lever, &reader, "stages", "list-all", &[]);
        let stages = tokio::time::timeout(BOUND, stages).await.expect("a good call ends");
        let stages = stages.expect("a good call succeeds");
        assert!(stages["items"].as_array().is_some_and(|items| !items.is_empty()), "{stages}");
        assert_eq!(self.mock.requests().len(), before + 1, "{}", self.mock.describe());
    }
}
