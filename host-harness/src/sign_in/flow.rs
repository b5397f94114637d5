//! Logging in: a browser, a Super Admin who says yes, and a code that becomes the first tokens.
//!
//! Two steps, so that whoever runs it can show the address in between. Everything that could fail
//! without a person is tried before the person is asked.

use std::time::Duration;

use super::redirect::{Listener, RedirectError};
use crate::audit::AuditError;
use crate::credentials::login::Endpoint;
use crate::credentials::login::LoginError;
use crate::credentials::login::Secret;
use crate::credentials::login::Stored;
use crate::credentials::login::now;
use crate::credentials::login::{App, Authorize, Connect, Failure, Server};
use crate::credentials::login::{FileError, TokenFile};
use crate::upstream::Upstream;

/// How long other processes may be busy with the token file.
const LOCK: Duration = Duration::from_secs(45);

/// The scope that brings a refresh token.
pub const OFFLINE_ACCESS: &str = "offline_access";

/// What a login is made of.
#[derive(Debug)]
pub struct SignIn {
    /// The API that it is for.
    pub api: Upstream,
    /// Where it is made.
    pub place: Endpoint,
    /// The application, registered with this redirect URI.
    pub app: App,
    /// What is asked for; `offline_access` is added.
    pub scopes: Vec<String>,
    /// Where the tokens go, in place of those of an earlier login.
    pub file: TokenFile,
}

/// Why nobody is logged in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The browser did not bring a code.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
    /// The token file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// What is asked for cannot be asked for, or the component cannot be run.
    #[error("the login cannot be started: {0}")]
    Begin(String),
    /// The authorization server gave no tokens for the code.
    #[error("the code was not exchanged for tokens: {0}; run `lever-host auth login` again")]
    Exchange(String),
    /// The system has no randomness.
    #[error("the system's random number generator failed: {0}")]
    Random(#[from] getrandom::Error),
    /// The login could not be recorded; its tokens are stored.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// A login that waits for the browser.
pub struct Waiting {
    sign_in: SignIn,
    server: Box<dyn Server>,
    expecting: super::redirect::Expecting,
    url: String,
    id: Secret,
}

impl SignIn {
    /// Begins to listen, and makes the address for the browser.
    ///
    /// # Errors
    ///
    /// Whatever can be known without a person.
    pub async fn begin(mut self, connect: &Connect) -> Result<Waiting, SignInError> {
        if !self.scopes.iter().any(|scope| scope == OFFLINE_ACCESS) {
            self.scopes.push(OFFLINE_ACCESS.to_owned());
        }
        drop(self.file.lock(LOCK).await?);
        let listener = Listener::bind(&self.app.redirect_uri).await?;
        self.app.redirect_uri = listener.uri().to_owned();
        let (connect, place) = (connect.clone(), self.place.clone());
        let server = tokio::task::spawn_blocking(move || connect(&place))
            .await
            .map_err(|error| SignInError::Begin(error.to_string()))?
            .map_err(SignInError::Begin)?;
        let state = Secret::random()?;
        let request = Authorize {
            client_id: self.app.client_id.clone(),
            redirect_uri: self.app.redirect_uri.clone(),
            state: state.clone(),
            scopes: self.scopes.clone(),
            audience: self.place.audience.clone(),
        };
        let url = server.authorize_url(&request).await;
        let url = url.map_err(|failure| SignInError::Begin(failure.into_message()))?;
        let id = Secret::random()?;
        Ok(Waiting { sign_in: self, server, expecting: listener.expect(state), url, id })
    }
}

impl Waiting {
    /// The address to open in a browser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the browser comes back to.
    pub fn redirect_uri(&self) -> &str {
        &self.sign_in.app.redirect_uri
    }

    /// Waits for the browser, `longest` at most, and stores what the code becomes.
    ///
    /// # Errors
    ///
    /// Whatever came in between; nothing is stored then, and an earlier login is as it was.
    pub async fn finish(mut self, longest: Duration) -> Result<Stored, SignInError> {
        let code = self.expecting.code(longest).await;
        let outcome = match code {
            Ok(code) => self.exchange(&code).await,
            Err(error) => Err(error.into()),
        };
        let recorded = self.server.write_records();
        self.expecting.close().await;
        let stored = outcome?;
        recorded?;
        Ok(stored)
    }

    async fn exchange(&self, code: &Secret) -> Result<Stored, SignInError> {
        let SignIn { api, place, app, scopes, file } = &self.sign_in;
        let asked_at = now();
        let token = self.server.exchange_code(app, code).await;
        let token = token.map_err(|failure| SignInError::Exchange(failure.into_message()))?;
        if token.access_token.secret().is_empty() {
            let message = "it answered without an access token that Lever takes".to_owned();
            return Err(SignInError::Exchange(message));
        }
        let id = self.id.secret().to_owned();
        let (api, place, app) = (api.to_string(), place.clone(), app.clone());
        let stored = Stored::new(id, api, place, app, scopes, token, asked_at);
        let lock = file.lock(LOCK).await?;
        file.write(&lock, &stored)?;
        Ok(stored)
    }
}

impl Failure {
    fn into_message(self) -> String {
        match self {
            Failure::Refused { message, .. } | Failure::NotDone { message, .. } => message,
            Failure::Lost { message } => format!("its answer was lost: {message}"),
        }
    }
}

/// Forgets the login in the file; says whether there was one.
///
/// # Errors
///
/// When other processes keep the file busy, or it stays.
pub async fn sign_out(file: &TokenFile) -> Result<bool, LoginError> {
    if file.stamp().is_none() {
        return Ok(false);
    }
    let lock = file.lock(LOCK).await?;
    Ok(file.remove(&lock)?)
}
