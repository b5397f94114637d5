//! The authorization server.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::http::reply::Failure;
use crate::http::request::Head;
use crate::http::response::Response;
use crate::oauth::authorize::authorize;
use crate::oauth::config::Authorization;
use crate::oauth::grants::Grants;
use crate::oauth::token::token;
use crate::oauth::tokens::Tokens;

/// Whether a raw path is the authorization server's.
pub(crate) fn serves(path: &str) -> bool {
    matches!(path, "/authorize" | "/oauth/token")
}

/// The authorization server and what it has issued.
#[derive(Debug)]
pub(crate) struct AuthServer(Grants);

impl AuthServer {
    pub fn new(config: Authorization, seed: u64) -> Self {
        Self(Grants::new(config, seed))
    }

    /// How it is set up, to be changed.
    pub fn config_mut(&mut self) -> &mut Authorization {
        &mut self.0.config
    }

    /// Ends every login: refresh tokens are refused, access tokens go on to their end.
    pub fn end_logins(&mut self) {
        self.0.end_logins();
    }

    /// The response to a request of one of its paths, and its JSON where it is JSON. `now` is in
    /// milliseconds since 1970 UTC.
    pub fn respond(
        &mut self,
        tokens: &mut Tokens,
        head: &Head,
        body: Result<Bytes, Failure>,
        now: u64,
    ) -> (Response, Option<Value>) {
        let result = match (head.method, head.path) {
            ("GET", "/authorize") => match authorize(&mut self.0, head.query, now) {
                Ok(location) => return (Response::redirect(&location), None),
                Err(refusal) => Err(refusal),
            },
            ("POST", "/oauth/token") => token(&mut self.0, tokens, head, body, now),
            (method, _) => Err((405, "invalid_request", format!("{method} is not allowed"))),
        };
        let (status, json) = match result {
            Ok(json) => (200, json),
            Err((status, error, description)) => {
                (status, json!({"error": error, "error_description": description}))
            }
        };
        let response = Response::new(status, "application/json", json.to_string());
        (response.with("cache-control", "no-store").with("pragma", "no-cache"), Some(json))
    }
}
