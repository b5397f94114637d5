//! One mock, one host and the embedded component for each test.
//!
//! Every successful call is held to its route lines: what the mock saw must be
//! what the WIT promised, with no query it does not know.

pub mod random;
pub mod storm;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use lever_host::audit::Audit;
use lever_host::catalog::{Access, Catalog, Route};
use lever_host::credentials::Credential;
use lever_host::embedded;
use lever_host::limiter::{Limiter, Rate};
use lever_host::mock::{API_KEY, Config, Mock, Seen, StoreView};
use lever_host::policy::Agent;
use lever_host::runtime::{CallError, Component, Host, HostConfig};
use serde_json::Value;

/// A mock without a limit, a host in front of it, and everything granted.
pub struct Rig {
    pub mock: Mock,
    pub host: Arc<Host>,
    pub lever: Arc<Component>,
    pub audit: Audit,
    pub agent: Agent,
}

/// Grants for everything the component can do: of each resource that a function, one of its
/// requests or an expansion names, all there is.
pub fn all() -> Vec<String> {
    let catalog = Catalog::embedded();
    let functions = catalog.functions();
    let own = functions.iter().flat_map(|function| [Some(&function.scope), function.also.as_ref()]);
    let sent = catalog.routes().iter().flat_map(|route| [Some(&route.scope), route.also.as_ref()]);
    let shown = functions.iter().flat_map(|function| &function.expand);
    let shown = shown.map(|name| catalog.expansion(name));
    let mut levels = BTreeMap::new();
    for scope in own.chain(sent).chain(shown).flatten() {
        let level: &mut &str = levels.entry(scope.resource.as_str()).or_insert("read");
        if scope.access == Access::Write {
            *level = "full";
        }
    }
    levels.into_iter().map(|(resource, level)| format!("{resource}={level}")).collect()
}

/// An agent that may do everything, its downloads led to the mock's storage.
fn trusted() -> Agent {
    let agent = Agent::from_grants("sourcer", &all()).expect("the grants are well formed");
    let mut agent = agent.with_download_host("127.0.0.1").expect("that is a host");
    agent.eeo = true;
    agent
}

/// An agent with these grants.
pub fn agent(grants: &[&str]) -> Agent {
    let grants: Vec<String> = grants.iter().map(ToString::to_string).collect();
    Agent::from_grants("sourcer", &grants).expect("the grants are well formed")
}

/// Where tests keep compiled code between runs.
pub fn cache() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// What a host needs to speak to a mock.
pub fn host_config(mock: &Mock) -> HostConfig {
    HostConfig {
        upstream: mock.base_url().parse().expect("the mock's URL is sound"),
        allow_loopback: true,
        credential: Some(Credential::api_key(API_KEY).expect("the mock's key is sound").into()),
        cache_dir: Some(cache()),
        ..HostConfig::default()
    }
}

impl Rig {
    /// A small account without a rate limit.
    pub async fn new() -> Rig {
        Rig::with(Config { rate: None, ..Config::default() }).await
    }

    /// An account as configured.
    pub async fn with(config: Config) -> Rig {
        let mock = Mock::start(config).await.expect("loopback can be bound");
        let audit = Audit::in_memory();
        let host = Host::new(host_config(&mock), audit.clone()).expect("the host starts");
        let lever = host.load(embedded::COMPONENT).expect("the component loads");
        Rig { mock, host: Arc::new(host), lever, audit, agent: trusted() }
    }

    /// A small account and a host that are not paced, with these settings of
    /// the component.
    pub async fn unpaced(settings: &[(&str, &str)]) -> Rig {
        let settings = settings.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let settings: Vec<_> = settings.collect();
        let account = Config { rate: None, opportunities: 64, ..Config::default() };
        Rig::soaking(account, &settings, Audit::in_memory()).await
    }

    /// The same with an audit of one's own, for loads that run long.
    pub async fn soaking(account: Config, settings: &[(String, String)], audit: Audit) -> Rig {
        let rate = Rate { per_second: 100_000, burst: 100_000 };
        let mock = Mock::start(account).await.expect("loopback can be bound");
        let config = HostConfig {
            limiter: Limiter::new(rate),
            settings: settings.to_vec(),
            ..host_config(&mock)
        };
        let host = Host::new(config, audit.clone()).expect("the host starts");
        let lever = host.load(embedded::COMPONENT).expect("the component loads");
        let mut agent = trusted();
        agent.limits.requests_per_second = rate.per_second;
        Rig { mock, host: Arc::new(host), lever, audit, agent }
    }

    /// Calls a function with these arguments, a JSON array.
    pub async fn call(&self, function: &str, args: Value) -> Result<Value, CallError> {
        self.call_as(&self.agent, function, args).await
    }

    /// The same as another agent.
    pub async fn call_as(
        &self,
        agent: &Agent,
        function: &str,
        args: Value,
    ) -> Result<Value, CallError> {
        let (interface, name) = function.split_once('.').expect("interface.function");
        let args = args.as_array().expect("an array of arguments").clone();
        self.host.call(&self.lever, agent, interface, name, &args).await
    }

    /// Calls a function that must succeed, and checks what it sent.
    pub async fn ok(&self, function: &str, args: Value) -> Value {
        self.mock.clear_requests();
        let result = self.call(function, args).await;
        let value = result.unwrap_or_else(|error| {
            panic!("{function} failed: {error:?}\n{}", self.mock.describe())
        });
        self.check_routes(function);
        value
    }

    /// Calls a function that must fail in the component, and returns its error.
    pub async fn err(&self, function: &str, args: Value) -> Value {
        self.mock.clear_requests();
        match self.call(function, args).await {
            Err(CallError::Component(error)) => error,
            other => panic!("{function}: {other:?}\n{}", self.mock.describe()),
        }
    }

    /// What the mock saw, as `METHOD /path` without the base.
    pub fn sent(&self) -> Vec<String> {
        let line = |seen: &Seen| format!("{} {}", seen.method, path(seen));
        self.mock.requests().iter().map(line).collect()
    }

    /// Every request is one that the function's route lines name, and the main
    /// one is among them.
    fn check_routes(&self, function: &str) {
        let promised = &Catalog::embedded().function_by_id(function).expect("it is listed").routes;
        let fits = |route: &Route, seen: &Seen| {
            seen.method == route.method.as_str() && matches(&route.template, path(seen))
        };
        let requests = self.mock.requests();
        for seen in &requests {
            let promises = promised.iter().any(|route| fits(route, seen));
            assert!(promises, "{function} sent what it does not promise: {seen}");
            assert!(seen.unknown_query.is_empty(), "{function}: {:?}", seen.unknown_query);
            assert!(seen.unknown_body.is_empty(), "{function}: {:?}", seen.unknown_body);
            assert!(seen.header("user-agent").is_some_and(|it| it.starts_with("lever-wasm/")));
        }
        let main = promised.first();
        let sent = main.is_none_or(|main| requests.iter().any(|seen| fits(main, seen)));
        assert!(sent, "{function}: {}", self.mock.describe());
        let local = promised.is_empty();
        assert_eq!(requests.is_empty(), local, "{function}: {}", self.mock.describe());
    }
}

/// The path from the API's base on.
pub fn path(seen: &Seen) -> &str {
    seen.path.strip_prefix("/v1").unwrap_or(&seen.path)
}

/// Whether a path fits a template such as `/stages/{stage}`; `{path}` fits any
/// rest.
fn matches(template: &str, path: &str) -> bool {
    if template == "/{path}" {
        return true;
    }
    let (template, path) = (template.split('/'), path.split('/'));
    template.clone().count() == path.clone().count()
        && template.zip(path).all(|(part, given)| part == given || part.starts_with('{'))
}

/// A user id that may be written in the name of.
pub fn user(rig: &Rig) -> String {
    rig.mock.store().users()[0]["id"].as_str().expect("users have ids").to_owned()
}

/// An opportunity that is active, with nothing odd about it.
pub fn opportunity(rig: &Rig) -> String {
    let store = rig.mock.store();
    let ids = store.opportunity_ids();
    let plain = |id: &&String| {
        let record = store.opportunity(id).expect("listed ids exist");
        record["archived"].is_null() && record["emails"].as_array().is_some_and(|it| !it.is_empty())
    };
    ids.iter().find(plain).expect("the mock has plain opportunities").clone()
}

/// The first opportunity of which this can be had.
pub fn first<T>(rig: &Rig, found: impl Fn(&StoreView<'_>, &str) -> Option<T>) -> (String, T) {
    let store = rig.mock.store();
    let ids = store.opportunity_ids().into_iter();
    let mut found = ids.filter_map(|id| found(&store, &id).map(|it| (id, it)));
    found.next().expect("the mock has such an opportunity")
}

/// The id of a record.
pub fn id(record: &Value) -> String {
    record["id"].as_str().expect("records have ids").to_owned()
}

/// The ids of records.
pub fn ids(records: &[Value]) -> Vec<String> {
    records.iter().map(id).collect()
}

/// The same in alphabetical order, where the order is Lever's affair.
pub fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

/// The items of a page.
pub fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().expect("a page has items")
}

/// A list for many opportunities at once: each gets its own, in the order they
/// were asked for, and one that does not exist fails alone.
pub async fn listed_for_many(
    function: &str,
    query: Value,
    known: impl Fn(&StoreView<'_>, &str) -> Vec<Value>,
) {
    let rig = Rig::new().await;
    let store = rig.mock.store();
    let (mut asked, empty): (Vec<String>, Vec<String>) =
        store.opportunity_ids().into_iter().partition(|id| !known(&store, id).is_empty());
    assert!(!asked.is_empty(), "the mock has such opportunities");
    asked.truncate(6);
    asked.insert(1, "11111111-aaaa-bbbb-cccc-000000000000".into());
    asked.extend(empty.into_iter().take(1));
    let results = rig.ok(function, serde_json::json!([asked, query])).await;
    let results = results.as_array().expect("a list of results");
    assert_eq!(results.len(), asked.len());
    for (place, (result, id)) in results.iter().zip(&asked).enumerate() {
        assert_eq!(result["opportunity"], id.as_str());
        assert_eq!(sorted(ids(items(result))), sorted(ids(&known(&store, id))), "{id}");
        let kind = result["error"]["kind"].as_str();
        assert_eq!(kind, (place == 1).then_some("not-found"), "{id}");
    }
}

/// Bytes out of a result.
pub fn bytes(value: &Value) -> Vec<u8> {
    use base64::Engine as _;
    let text = value["base64"].as_str().expect("bytes are base64");
    base64::engine::general_purpose::STANDARD.decode(text).expect("it is base64")
}

/// Bytes into an argument.
pub fn base64(bytes: &[u8]) -> Value {
    use base64::Engine as _;
    serde_json::json!({ "base64": base64::engine::general_purpose::STANDARD.encode(bytes) })
}

/// The body of a request that the mock saw, as JSON.
pub fn body(seen: &Seen) -> Value {
    serde_json::from_slice(&seen.body).expect("the body is JSON")
}

/// What is refused before anything is sent, by its name in the message.
pub async fn refused_locally(rig: &Rig, rows: &[(&str, Value, &str)]) {
    for (function, args, named) in rows {
        let error = rig.err(function, args.clone()).await;
        let told = (&error["kind"], &error["outcome"]);
        assert_eq!(told, (&"invalid-input".into(), &"not-sent".into()), "{function} {error}");
        let message = error["message"].as_str().expect("errors have messages");
        assert!(message.contains(named), "{function}: {message}");
        let writes = rig.mock.requests().into_iter().filter(|seen| seen.method != "GET").count();
        assert_eq!(writes, 0, "{function}: {}", rig.mock.describe());
    }
}

/// Lever's name of a field as the WIT writes it.
pub fn kebab(camel: &str) -> String {
    let letter = |c: char| match c {
        'A'..='Z' => vec!['-', c.to_ascii_lowercase()],
        _ => vec![c],
    };
    camel.chars().flat_map(letter).collect()
}
