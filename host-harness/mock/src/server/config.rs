//! The configuration of a mock.
//!
//! Defaults are the strict reading of Lever's rules, so that a client that passes here passes
//! there.

use std::time::Duration;

use crate::account::seed::History;
use crate::oauth::config::Authorization;

/// The API key accepted by default, as Basic user name with a blank password.
pub const API_KEY: &str = "mock-api-key";

/// The access token accepted by default, as Bearer.
pub const ACCESS_TOKEN: &str = "mock-access-token";

/// How a mock is set up.
///
/// ```
/// use std::time::Duration;
///
/// use lever_mock::{Config, Downloads, UnknownQuery};
///
/// let config = Config {
///     opportunities: 20,
///     latency: Duration::from_millis(50),
///     unknown_query: UnknownQuery::Refuse,
///     downloads: Downloads::Redirect,
///     scoped_tokens: vec![("read-only".to_owned(), vec!["stages:read:admin".to_owned()])],
///     ..Config::default()
/// };
/// assert_eq!(config.port, 0, "a free port");
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// TCP port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// The same seed gives the same account.
    pub seed: u64,
    /// How many opportunities the account starts with.
    pub opportunities: usize,
    /// Latest moment of the seeded history, in milliseconds since 1970 UTC.
    pub epoch: u64,
    /// How long that history is.
    pub history: History,
    /// Delay before every response; a write is applied before it.
    pub latency: Duration,
    /// The limit for each credential; None switches it off.
    pub rate: Option<Rate>,
    /// The narrower limit for applications, inside the other and in force only with it.
    pub apply_rate: Option<Rate>,
    /// How `perform_as` is checked.
    pub perform_as: PerformAs,
    /// What happens to query parameters an endpoint does not have; `Seen` records them either way.
    pub unknown_query: UnknownQuery,
    /// What happens to keys of a body an endpoint does not have; `Seen` records them either way.
    pub unknown_body: UnknownBody,
    /// Accepted API keys.
    pub api_keys: Vec<String>,
    /// Accepted access tokens that may do everything.
    pub access_tokens: Vec<String>,
    /// Accepted access tokens, each limited to its scopes.
    pub scoped_tokens: Vec<(String, Vec<String>)>,
    /// Whether credentials without scopes may see confidential records.
    pub confidential_access: bool,
    /// How long a request's body may take.
    pub upload_timeout: Duration,
    /// How documents are served.
    pub downloads: Downloads,
    /// TCP port on 127.0.0.1 of the storage that redirects lead to; 0 takes any free one.
    pub storage_port: u16,
    /// How long the storage serves a signed URL.
    pub storage_lifetime: Duration,
    /// The authorization server.
    pub authorization: Authorization,
    /// TCP port on 127.0.0.1 of the admin side; 0 takes any free one, None has no admin side.
    pub admin_port: Option<u16>,
    /// Which webhooks are accepted, and how they are delivered.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use lever_mock::{Config, WebhookRules};
    ///
    /// // Retries after 10, 20, 40, 80 and 160 ms instead of seconds.
    /// let webhooks =
    ///     WebhookRules { retry_base: Duration::from_millis(10), ..WebhookRules::default() };
    /// let config = Config { webhooks, ..Config::default() };
    /// # drop(config);
    /// ```
    pub webhooks: WebhookRules,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            port: 0,
            seed: 1,
            opportunities: 250,
            // 2026-01-01T00:00:00Z.
            epoch: 1_767_225_600_000,
            history: History::Long,
            latency: Duration::ZERO,
            rate: Some(Rate::default()),
            // Lever's documented limit for application POSTs.
            apply_rate: Some(Rate { per_second: 2, burst: 2, retry_after: None }),
            perform_as: PerformAs::Strict,
            unknown_query: UnknownQuery::Ignore,
            unknown_body: UnknownBody::Ignore,
            api_keys: vec![API_KEY.to_owned()],
            access_tokens: vec![ACCESS_TOKEN.to_owned()],
            scoped_tokens: Vec::new(),
            confidential_access: false,
            upload_timeout: Duration::from_secs(60),
            downloads: Downloads::Mixed,
            storage_port: 0,
            storage_lifetime: Duration::from_secs(60),
            authorization: Authorization::default(),
            admin_port: None,
            webhooks: WebhookRules::default(),
        }
    }
}

/// A token bucket.
///
/// ```
/// use lever_mock::{Config, Rate, RetryAfter};
///
/// // One request a second, and a 429 that says when to retry.
/// let rate = Rate { per_second: 1, burst: 1, retry_after: Some(RetryAfter::Seconds) };
/// let config = Config { rate: Some(rate), ..Config::default() };
/// # drop(config);
/// ```
#[derive(Clone, Debug)]
pub struct Rate {
    /// Requests a second that refill the bucket.
    pub per_second: u32,
    /// Requests a full bucket holds.
    pub burst: u32,
    /// The form of the header on a 429; None sends none, as Lever.
    pub retry_after: Option<RetryAfter>,
}

impl Default for Rate {
    /// Lever's documented limit.
    fn default() -> Self {
        Self { per_second: 10, burst: 20, retry_after: None }
    }
}

/// The form of `retry-after` on a 429, rounded up to whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// A number of seconds.
    Seconds,
    /// An HTTP date.
    HttpDate,
}

/// How `perform_as` is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PerformAs {
    /// Required where Lever requires it, and must name a user.
    Strict,
    /// Not at all.
    Lax,
}

/// What happens to query parameters an endpoint does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownQuery {
    /// They change nothing.
    Ignore,
    /// 400.
    Refuse,
}

/// What happens to keys of a body an endpoint does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownBody {
    /// They change nothing.
    Ignore,
    /// 400.
    Refuse,
}

/// Which webhooks are accepted, and how they are delivered.
#[derive(Clone, Debug)]
pub struct WebhookRules {
    /// Whether URLs of this machine may be http; all others must be https, and are never called.
    pub loopback_http: bool,
    /// The wait before the first of the five further tries; each later one doubles it. Lever's own
    /// are not public.
    pub retry_base: Duration,
    /// The longest one try may take.
    pub timeout: Duration,
}

impl Default for WebhookRules {
    fn default() -> Self {
        Self {
            loopback_http: true,
            retry_base: Duration::from_secs(10),
            timeout: Duration::from_secs(10),
        }
    }
}

/// How documents are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Downloads {
    /// The response holds the bytes.
    Direct,
    /// The response redirects to the storage.
    Redirect,
    /// Files come directly, resumes and offers by redirect.
    Mixed,
}
