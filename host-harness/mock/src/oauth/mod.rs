//! The authorization server: lets an application into the account and hands out tokens (RFC 6749).
//!
//! As strict as Lever's: a code is good once and for a minute, a refresh token once, and a second use of either ends
//! everything that came of it. It is served outside `/v1`, without credential and limit.

mod authorize;
mod scopes;
mod token;

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::http::reply::Failure;
use crate::random::Random;
use crate::server::auth::{Token, Tokens};
use crate::server::seen::Seen;
use crate::server::wire::Whole;

/// The application that is known by default.
pub const CLIENT_ID: &str = "mock-client-id";

/// What it proves itself with.
pub const CLIENT_SECRET: &str = "mock-client-secret";

/// Where the browser is sent back to by default.
pub const REDIRECT_URI: &str = "http://localhost:8910/callback";

/// How the authorization server is set up.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The application.
    pub client_id: String,
    /// What it proves itself with.
    pub client_secret: String,
    /// Where the browser may be sent back to; compared to the letter.
    pub redirect_uris: Vec<String>,
    /// For whom tokens are.
    pub audience: String,
    /// How long access tokens are good, in whole seconds.
    pub expires_in: Duration,
    /// OAuth's error and a sentence, where whoever is asked says no.
    pub refusal: Option<(String, String)>,
}

impl Default for Authorization {
    fn default() -> Self {
        Self {
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
            redirect_uris: vec![REDIRECT_URI.to_owned()],
            audience: "https://api.lever.co/v1/".to_owned(),
            // As Lever's.
            expires_in: Duration::from_secs(3600),
            refusal: None,
        }
    }
}

/// The scope that brings a refresh token.
const OFFLINE: &str = "offline_access";

/// How long a code is good.
const CODE: Duration = Duration::from_secs(60);

/// A code that the browser was sent back with.
#[derive(Debug)]
struct Code {
    redirect_uri: String,
    scopes: Vec<String>,
    expires_at: u64,
    /// The family of tokens it was turned into.
    family: Option<usize>,
}

/// A refresh token.
#[derive(Debug)]
struct Refresh {
    family: usize,
    is_used: bool,
}

/// All tokens that came of one code.
#[derive(Debug)]
struct Family {
    scopes: Vec<String>,
    access: Vec<String>,
    is_over: bool,
}

/// The authorization server and what it has handed out.
#[derive(Debug)]
pub(crate) struct Desk {
    pub config: Authorization,
    codes: HashMap<String, Code>,
    refreshes: HashMap<String, Refresh>,
    families: Vec<Family>,
    random: Random,
}

/// Whether a raw path is the authorization server's.
pub(crate) fn serves(path: &str) -> bool {
    matches!(path, "/authorize" | "/oauth/token")
}

/// OAuth's answer to a wrong request: status, error and description.
type Refusal = (u16, &'static str, String);

fn invalid_request(description: impl Into<String>) -> Refusal {
    (400, "invalid_request", description.into())
}

/// The value of a parameter that must be there once.
fn one<'p>(pairs: &'p [(String, String)], name: &str) -> Result<&'p str, Refusal> {
    let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
    match (values.next(), values.next()) {
        (Some(value), None) if !value.is_empty() => Ok(value),
        (Some(_), Some(_)) => {
            Err(invalid_request(format!("Parameter given more than once: {name}")))
        }
        _ => Err(invalid_request(format!("Missing required parameter: {name}"))),
    }
}

impl Desk {
    pub fn new(config: Authorization, seed: u64) -> Self {
        // Other texts than the ids of records.
        let random = Random::new(seed ^ 0x6f61_7574_6800_0000);
        Self {
            config,
            codes: HashMap::new(),
            refreshes: HashMap::new(),
            families: Vec::new(),
            random,
        }
    }

    /// The answer to a request of one of its paths, and its JSON where it is JSON. `now` is in milliseconds since
    /// 1970 UTC.
    pub fn answer(
        &mut self,
        tokens: &mut Tokens,
        seen: &mut Seen,
        body: Result<Bytes, Failure>,
        now: u64,
    ) -> (Whole, Option<Value>) {
        let answer = match (seen.method.as_str(), seen.path.as_str()) {
            ("GET", "/authorize") => match self.authorize(&seen.pairs, now) {
                Ok(location) => return (Whole::redirect(&location), None),
                Err(refusal) => Err(refusal),
            },
            ("POST", "/oauth/token") => self.token(tokens, seen, body, now),
            (method, _) => Err((405, "invalid_request", format!("{method} is not allowed"))),
        };
        let (status, json) = match answer {
            Ok(json) => {
                seen.is_applied = true;
                (200, json)
            }
            Err((status, error, description)) => {
                (status, json!({"error": error, "error_description": description}))
            }
        };
        let text = Bytes::from(json.to_string());
        let whole = Whole::bare(status, "application/json", text);
        (whole.with("cache-control", "no-store").with("pragma", "no-cache"), Some(json))
    }

    /// Ends every login: refresh tokens are refused, access tokens go on to their end.
    pub fn end_logins(&mut self) {
        self.families.iter_mut().for_each(|family| family.is_over = true);
    }

    /// Ends a family for good, its access tokens too.
    fn revoke(&mut self, tokens: &mut Tokens, family: usize) {
        if let Some(family) = self.families.get_mut(family) {
            family.is_over = true;
            for token in family.access.drain(..) {
                tokens.revoke(&token);
            }
        }
    }

    /// Fresh tokens for a family, as the answer that hands them out.
    fn issue(&mut self, tokens: &mut Tokens, number: usize, now: u64) -> Value {
        let access = format!("mock-access.{}.{}", self.random.uuid(), self.random.uuid());
        let refresh = format!("mock-refresh.{}", self.random.uuid());
        let life = self.config.expires_in.as_secs();
        let Some(family) = self.families.get_mut(number) else {
            return Value::Null;
        };
        family.access.push(access.clone());
        tokens.issue(Token {
            token: access.clone(),
            scopes: family.scopes.clone(),
            expires_at: now.saturating_add(life.saturating_mul(1000)),
        });
        let mut answer = json!({
            "access_token": access,
            "token_type": "Bearer",
            "scope": family.scopes.join(" "),
            "expires_in": life,
        });
        if family.scopes.iter().any(|scope| scope == OFFLINE) {
            if let Some(map) = answer.as_object_mut() {
                map.insert("refresh_token".to_owned(), json!(refresh));
            }
            self.refreshes.insert(refresh, Refresh { family: number, is_used: false });
        }
        answer
    }
}
