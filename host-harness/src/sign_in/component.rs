//! Asks an authorization server by the component's own functions, in an instance that can reach
//! nothing else.
//!
//! Each use has a host of its own, made for the authorization server, without a credential, and
//! with an agent whose only grant is `oauth=full`; it is always the component built into this
//! program, whatever component serves agents. What it held goes when the host goes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use zeroize::Zeroize;

use crate::audit::{Audit, AuditError};
use crate::credentials::login::Endpoint;
use crate::credentials::login::{Answering, App, Authorize, Connect, Failure, Server, Token};
use crate::credentials::login::{Secret, without};
use crate::egress::Network;
use crate::policy::Agent;
use crate::runtime::{CallError, Component, Host, HostConfig};
use crate::upstream::Upstream;

/// How the calls to the authorization server are named in records.
const AGENT: &str = "lever-host.auth";

/// The longest that one call may take; a renewal waits a little longer.
const CALL: Duration = Duration::from_secs(30);

/// Settings of the component that keep it within [`CALL`], so that it always says itself how far it
/// got: a connection has 8 s and is tried once, an answer has 18 s.
const SETTINGS: [(&str, &str); 4] = [
    ("LEVER_CONNECT_TIMEOUT_MS", "8000"),
    ("LEVER_FIRST_BYTE_TIMEOUT_MS", "18000"),
    ("LEVER_BETWEEN_BYTES_TIMEOUT_MS", "3000"),
    ("LEVER_MAX_WAIT_MS", "1"),
];

/// What the instances for the authorization server are made with.
#[derive(Clone)]
pub struct Through {
    /// The network between this machine and the server.
    pub network: Network,
    /// Where compiled code is kept.
    pub cache_dir: Option<PathBuf>,
    /// Where calls and requests are recorded.
    pub audit: Audit,
}

/// Asks by the embedded component.
pub fn through_component(through: Through) -> Connect {
    Arc::new(move |place| {
        let talk = Talk::new(&through, place)?;
        Ok(Box::new(talk) as Box<dyn Server>)
    })
}

/// One use of the component.
struct Talk {
    host: Host,
    component: Arc<Component>,
    agent: Agent,
    /// Kept until the outcome of the call is safe.
    records: Audit,
    audit: Audit,
}

impl Talk {
    fn new(through: &Through, place: &Endpoint) -> Result<Talk, String> {
        let upstream = Upstream::parse(&place.url).map_err(|error| error.to_string())?;
        let agent = Agent::from_grants(AGENT, &["oauth=full".to_owned()]);
        let mut agent = agent.map_err(|error| error.to_string())?;
        agent.limits.call_timeout = CALL;
        let own = [("LEVER_AUTH_URL", place.url.as_str()), ("LEVER_AUDIENCE", &place.audience)];
        let settings = SETTINGS.into_iter().chain(own);
        let records = Audit::in_memory();
        let network = through.network.clone();
        let config = HostConfig {
            upstream,
            allow_loopback: network.allow_loopback,
            allow_addresses: network.allow_addresses,
            proxy: network.proxy,
            extra_ca: network.extra_ca,
            credential: None,
            cache_dir: through.cache_dir.clone(),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            calls: Some(1),
            ..HostConfig::default()
        };
        let host = Host::new(config, records.clone()).map_err(|error| error.to_string())?;
        let component = host.load(crate::embedded::COMPONENT).map_err(|error| error.to_string())?;
        Ok(Talk { host, component, agent, records, audit: through.audit.clone() })
    }

    async fn call(
        &self,
        function: &str,
        mut arguments: Vec<Value>,
        secrets: &[&Secret],
    ) -> Result<Value, Failure> {
        let called = self.host.call(&self.component, &self.agent, "oauth", function, &arguments);
        let result = called.await;
        arguments.iter_mut().for_each(wipe);
        result.map_err(|error| match (failure(error, secrets), self.host.requests_sent()) {
            // It broke down before it sent anything.
            (Failure::Lost { message }, 0) => Failure::NotDone { message, wait: None },
            (failure, _) => failure,
        })
    }

    async fn token(&self, function: &str, app: &App, last: &Secret) -> Result<Token, Failure> {
        let arguments = vec![
            json!({
                "client-id": app.client_id,
                "client-secret": app.client_secret.secret(),
                "redirect-uri": app.redirect_uri,
            }),
            json!(last.secret()),
        ];
        let answer = self.call(function, arguments, &[&app.client_secret, last]).await?;
        token(answer)
    }
}

impl Server for Talk {
    fn authorize_url<'a>(&'a self, request: &'a Authorize) -> Answering<'a, String> {
        Box::pin(async move {
            let arguments = vec![json!({
                "client-id": request.client_id,
                "redirect-uri": request.redirect_uri,
                "state": request.state.secret(),
                "scopes": request.scopes,
                "audience": request.audience,
            })];
            match self.call("authorize-url", arguments, &[&request.state]).await? {
                Value::String(url) => Ok(url),
                _ => Err(Failure::Lost { message: "the component made no URL".to_owned() }),
            }
        })
    }

    fn exchange_code<'a>(&'a self, app: &'a App, code: &'a Secret) -> Answering<'a, Token> {
        Box::pin(self.token("exchange-code", app, code))
    }

    fn refresh<'a>(&'a self, app: &'a App, refresh_token: &'a Secret) -> Answering<'a, Token> {
        Box::pin(self.token("refresh", app, refresh_token))
    }

    fn write_records(&self) -> Result<(), AuditError> {
        self.records.records().into_iter().try_for_each(|record| self.audit.write(record))
    }
}

/// The token in the component's answer, of which nothing else is kept.
fn token(mut answer: Value) -> Result<Token, Failure> {
    let mut text = |name: &str| match answer.get_mut(name).map(Value::take) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    };
    let access_token = text("access-token").map(Secret::new);
    let refresh_token = text("refresh-token").map(Secret::new);
    let scope = text("scope");
    let expires_in = answer.get("expires-in").and_then(Value::as_u64).map(Duration::from_secs);
    wipe(&mut answer);
    // A refresh token alone is kept: it is the only one that is good now.
    let access_token = match (access_token, &refresh_token) {
        (Some(access_token), _) => access_token,
        (None, Some(_)) => Secret::new(String::new()),
        (None, None) => {
            return Err(Failure::Lost { message: "the component gave no token".to_owned() });
        }
    };
    let scopes = scope.map(|scope| scope.split_whitespace().map(str::to_owned).collect());
    Ok(Token { access_token, refresh_token, scopes, expires_in })
}

/// What an error means for the one who asked. A refusal came from the server and leaves no doubt, a
/// failure that came from it says that nothing was done; of the rest the component's own outcome
/// tells.
fn failure(error: CallError, secrets: &[&Secret]) -> Failure {
    // Made part of sentences that go on.
    let said = |text: &str| without(text.trim_end_matches('.'), secrets);
    let error = match error {
        CallError::Component(error) => error,
        // Nothing left this host.
        CallError::Usage(text) => return Failure::NotDone { message: said(&text), wait: None },
        CallError::Refused(refusal) => {
            return Failure::NotDone { message: said(&refusal.message), wait: None };
        }
        other => return Failure::Lost { message: said(&other.to_string()) },
    };
    let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
    let message = said(text("message"));
    let status = error.get("status").and_then(Value::as_u64);
    let wait = error.get("retry-after-ms").and_then(Value::as_u64).map(Duration::from_millis);
    match (status, text("outcome")) {
        (Some(429 | 500..=599), _) => Failure::NotDone { message, wait },
        // May come from a server that acted.
        (Some(408), _) => Failure::Lost { message },
        (Some(400..=499), _) => {
            let code = match text("code") {
                "" => text("kind"),
                code => code,
            };
            Failure::Refused { code: said(code), message }
        }
        (_, "not-sent" | "not-applied") => Failure::NotDone { message, wait },
        _ => Failure::Lost { message },
    }
}

/// Wipes every text in a value.
fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Object(map) => map.values_mut().for_each(wipe),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(status: Option<u16>, code: &str, outcome: &str) -> CallError {
        CallError::Component(json!({
            "kind": "rejected", "message": "said refresh-1", "status": status, "code": code,
            "retry-after-ms": 7000, "outcome": outcome,
        }))
    }

    #[test]
    fn every_error_says_truly_whether_the_refresh_token_is_used_up() {
        let secret = Secret::new("refresh-1".to_owned());
        let refused = |code: &str| Failure::Refused {
            code: code.to_owned(),
            message: "said [redacted]".to_owned(),
        };
        let message = || "said [redacted]".to_owned();
        let not_done =
            || Failure::NotDone { message: message(), wait: Some(Duration::from_secs(7)) };
        let lost = || Failure::Lost { message: message() };
        let rows = [
            (error(Some(403), "invalid_grant", "not-applied"), refused("invalid_grant")),
            (error(Some(400), "invalid_grant", "not-applied"), refused("invalid_grant")),
            (error(Some(401), "invalid_client", "not-applied"), refused("invalid_client")),
            (error(Some(404), "", "not-applied"), refused("rejected")),
            (error(Some(408), "", "unknown"), lost()),
            (error(Some(429), "", "not-applied"), not_done()),
            (error(Some(500), "", "unknown"), not_done()),
            (error(Some(503), "", "unknown"), not_done()),
            (error(None, "", "not-sent"), not_done()),
            (error(None, "", "not-applied"), not_done()),
            (error(None, "", "unknown"), lost()),
            (error(Some(200), "", "applied"), lost()),
            (error(Some(200), "", "unknown"), lost()),
            (
                CallError::Trap("said refresh-1".to_owned()),
                Failure::Lost { message: "the component was stopped: said [redacted]".to_owned() },
            ),
        ];
        for (error, expected) in rows {
            assert_eq!(failure(error, &[&secret]), expected);
        }
    }

    #[test]
    fn a_token_is_taken_whole_and_without_one_the_answer_is_lost() {
        let answer = json!({
            "access-token": "a", "refresh-token": "r", "token-type": "Bearer",
            "scope": "x:read:admin  offline_access", "expires-in": 3600,
        });
        let token = token(answer).unwrap();
        assert_eq!(token.access_token.secret(), "a");
        assert_eq!(token.refresh_token.unwrap().secret(), "r");
        assert_eq!(token.scopes.unwrap(), ["x:read:admin", "offline_access"]);
        assert_eq!(token.expires_in, Some(Duration::from_secs(3600)));
        let bare = super::token(json!({"access-token": "a", "scope": null})).unwrap();
        assert_eq!((bare.refresh_token, bare.scopes, bare.expires_in), (None, None, None));
        assert!(matches!(super::token(json!({})), Err(Failure::Lost { .. })));
    }
}
