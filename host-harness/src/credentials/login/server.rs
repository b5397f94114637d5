//! What is asked of an authorization server, and what can come of it.
//!
//! Only the shape: [`crate::sign_in::through_component`] asks by the component's own functions,
//! tests by others. Whoever answers says truthfully whether a refusal, a failure or nothing at all
//! came back, since a refresh token that may have been used must not be used again.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::secret::Secret;
use crate::audit::AuditError;

/// The application that is registered at Lever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its public name.
    pub client_id: String,
    /// What proves that it is the one.
    pub client_secret: Secret,
    /// Where the browser is sent back to, exactly as registered.
    pub redirect_uri: String,
}

/// What the browser is sent to the authorization server with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    /// The application.
    pub client_id: String,
    /// Where the browser is sent back to.
    pub redirect_uri: String,
    /// What the browser must bring back.
    pub state: Secret,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// For whom the tokens are to be.
    pub audience: String,
}

/// What an authorization server hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Sent with each request to the API; empty where the answer held none.
    pub access_token: Secret,
    /// Good for one more token; only with the scope `offline_access`.
    pub refresh_token: Option<Secret>,
    /// The scopes it is good for, when the server names them.
    pub scopes: Option<Vec<String>>,
    /// For how long, when the server says so.
    pub expires_in: Option<Duration>,
}

/// Why there is no token. Messages hold no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server said no. It will say no again.
    Refused {
        /// OAuth's name for it, such as `invalid_grant`.
        code: String,
        /// What was said.
        message: String,
    },
    /// Nothing came of it: it was not reached, it was busy, or it answered that it failed. Nothing
    /// was used up.
    NotDone {
        /// What happened.
        message: String,
        /// How long it asked to be left alone.
        wait: Option<Duration>,
    },
    /// It may have been done, and the answer is not known.
    Lost {
        /// What happened.
        message: String,
    },
}

/// What is awaited of a server.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

/// An authorization server that can be asked.
///
/// Nothing is sent twice by it when it may have been received.
pub trait Server: Send + Sync {
    /// The address to open in a browser; sends nothing.
    fn authorize_url<'a>(&'a self, request: &'a Authorize) -> Answering<'a, String>;

    /// Turns the code that the browser brought back into tokens.
    fn exchange_code<'a>(&'a self, app: &'a App, code: &'a Secret) -> Answering<'a, Token>;

    /// Turns a refresh token into new tokens; the old one is used up by it.
    fn refresh<'a>(&'a self, app: &'a App, refresh_token: &'a Secret) -> Answering<'a, Token>;

    /// Writes down what was asked, once the outcome of it is safe: a record that cannot be written
    /// must not cost a token.
    ///
    /// # Errors
    ///
    /// When the audit takes it not.
    fn write_records(&self) -> Result<(), AuditError> {
        Ok(())
    }
}

/// Makes a server ready to be asked, or says in a sentence why not; nothing is sent by it. It may
/// take a while and block.
pub type Connect = Arc<dyn Fn(&Endpoint) -> Result<Box<dyn Server>, String> + Send + Sync>;
