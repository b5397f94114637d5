//! A login in use: hands out the access token, and sees to it that a renewal is asked for once.
//!
//! Whoever needs a token while one is being renewed waits for that renewal; in other processes the
//! token file's lock does the same. A renewal runs in a task of its own: a caller that gives up
//! must not take with it a refresh token that was used up and not stored. What a renewal does, step
//! by step, is in [`super::refresh`].

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::HeaderValue;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::error::LoginError;
use super::refresh::{self, Cause};
use super::server::Connect;
use super::stored::{Millis, Standing, Stored, millis};
use super::token_file::{Stamp, TokenFile};
use crate::credentials::{Credential, CredentialError};
use crate::upstream::Upstream;

/// A login of the token file, for one API.
#[derive(Clone)]
pub struct Login(Arc<Inner>);

/// What all holders of a login share.
pub(super) struct Inner {
    pub file: TokenFile,
    pub api: String,
    pub connect: Connect,
    pub clock: Clock,
    id: String,
    state: Mutex<State>,
}

/// Tells the time; tests bring their own.
pub(super) type Clock = Arc<dyn Fn() -> Millis + Send + Sync>;

struct State {
    held: Arc<AccessToken>,
    stamp: Option<Stamp>,
    refresh: Option<Refreshing>,
    /// How the latest renewal failed, and until when it is not tried again; for good where there is
    /// no time.
    failed: Option<(Arc<LoginError>, Option<Millis>)>,
}

/// How a renewal ended.
pub(super) type RefreshResult = Result<Arc<AccessToken>, Arc<LoginError>>;
type Refreshing = watch::Receiver<Option<RefreshResult>>;

/// An access token in use.
pub struct AccessToken {
    /// The login as it was stored with this token.
    pub(super) stored: Stored,
    credential: Credential,
    /// Whether the API took it, once at least.
    accepted: AtomicBool,
}

impl AccessToken {
    /// The pass of a stored login.
    pub(super) fn new(stored: Stored) -> Result<AccessToken, CredentialError> {
        let credential = Credential::access_token(stored.access_token.secret())?;
        Ok(AccessToken { stored, credential, accepted: AtomicBool::new(false) })
    }

    /// The header that it is sent in.
    pub fn authorization(&self) -> HeaderValue {
        self.credential.authorization()
    }

    /// The token itself.
    pub fn secret(&self) -> &str {
        self.credential.secret()
    }

    /// Says that the API took it.
    pub fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Whether both are the same access token.
    pub fn is_same_as(&self, other: &AccessToken) -> bool {
        self.stored.access_token == other.stored.access_token
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("stored", &self.stored).finish_non_exhaustive()
    }
}

impl Login {
    /// Takes up the login in the file, for calls to this API. `connect` is used for renewals.
    ///
    /// # Errors
    ///
    /// When there is none, or it is for another API.
    pub fn open(file: TokenFile, api: &Upstream, connect: Connect) -> Result<Login, LoginError> {
        Login::with_clock(file, api, connect, Arc::new(now))
    }

    pub(super) fn with_clock(
        file: TokenFile,
        api: &Upstream,
        connect: Connect,
        clock: Clock,
    ) -> Result<Login, LoginError> {
        let api = api.to_string();
        let (pass, stamp) = load(&file, &api)?;
        let id = pass.stored.id.clone();
        let held = Arc::new(pass);
        let state = State { held, stamp: Some(stamp), refresh: None, failed: None };
        let state = Mutex::new(state);
        Ok(Login(Arc::new(Inner { file, api, connect, clock, id, state })))
    }

    /// A digest that tells logins apart and stays the same through renewals, for the rate budget;
    /// never shown.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::new().chain_update(b"login\0").chain_update(&self.0.id).finalize().into()
    }

    /// An access token that is good now, renewed first if it must be.
    ///
    /// While a token that is still good is being renewed, it is handed out at once. Dropping the
    /// future gives up the waiting and not the renewal.
    ///
    /// # Errors
    ///
    /// When there is none and none can be had.
    pub async fn pass(&self) -> RefreshResult {
        let refresh = {
            let mut state = self.look()?;
            let standing = state.held.stored.standing((self.0.clock)());
            if standing == Standing::Fresh {
                return Ok(Arc::clone(&state.held));
            }
            let refresh = self.board(&mut state, Cause::Ending);
            if standing == Standing::Ending {
                return Ok(Arc::clone(&state.held));
            }
            refresh?
        };
        landed(refresh).await
    }

    /// The access token that is held, whether or not it is good still; waits for nothing.
    pub fn held(&self) -> Arc<AccessToken> {
        Arc::clone(&self.state().held)
    }

    /// Another access token than this one, which the API refused.
    ///
    /// # Errors
    ///
    /// When none can be had, or it would not help.
    pub async fn replace(&self, refused: &Arc<AccessToken>) -> RefreshResult {
        let refresh = {
            let mut state = self.look()?;
            if !state.held.is_same_as(refused) {
                return Ok(Arc::clone(&state.held));
            }
            self.board(&mut state, Cause::Refused(Arc::clone(refused)))?
        };
        let pass = landed(refresh).await?;
        if pass.is_same_as(refused) {
            // Somebody else's renewal, which had no need to change anything.
            return Err(Arc::new(LoginError::Failed {
                message: "Lever refused it, and no other came".to_owned(),
            }));
        }
        Ok(pass)
    }

    /// Renews now, even where the answer to the latest renewal was lost.
    ///
    /// # Errors
    ///
    /// As [`Login::pass`].
    pub async fn renew(&self) -> RefreshResult {
        let refresh = {
            let mut state = self.look()?;
            state.failed = None;
            self.board(&mut state, Cause::Told)?
        };
        landed(refresh).await
    }

    /// Waits until no renewal is under way. A process that ends sooner may lose the login.
    pub async fn settle(&self) {
        let refresh = self.state().refresh.clone();
        if let Some(refresh) = refresh {
            // How it went is in the file and of interest to the next one.
            let _ = landed(refresh).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, after a look whether somebody else changed the file: renewed it, logged out or
    /// in.
    fn look(&self) -> Result<MutexGuard<'_, State>, Arc<LoginError>> {
        let mut state = self.state();
        // A renewal of our own changes the file, and says so when it is done.
        let is_ours = state.refresh.as_ref().is_some_and(is_under_way);
        if !is_ours && self.0.file.stamp() != state.stamp {
            let (pass, stamp) = load(&self.0.file, &self.0.api).map_err(Arc::new)?;
            state.take(Arc::new(pass), Some(stamp));
        }
        Ok(state)
    }

    /// The renewal under way, or a new one unless the last one failed just now.
    fn board(&self, state: &mut State, cause: Cause) -> Result<Refreshing, Arc<LoginError>> {
        if let Some(refresh) = state.refresh.as_ref().filter(|refresh| is_under_way(refresh)) {
            return Ok(refresh.clone());
        }
        if let Some((error, until)) = &state.failed
            && until.is_none_or(|until| (self.0.clock)() < until)
        {
            return Err(Arc::clone(error));
        }
        state.failed = None;
        let (landing, refresh) = watch::channel(None);
        state.refresh = Some(refresh.clone());
        let (login, held) = (self.clone(), Arc::clone(&state.held));
        tokio::spawn(async move {
            let end = refresh::run(&login.0, held, cause).await;
            let result = {
                let mut state = login.state();
                state.refresh = None;
                match end {
                    Ok((pass, stamp)) => {
                        state.take(pass, Some(stamp));
                        Ok(Arc::clone(&state.held))
                    }
                    Err(failed) => {
                        let error = Arc::new(failed.error);
                        if let Some(stamp) = failed.stamp {
                            state.stamp = Some(stamp);
                        }
                        state.failed = Some((Arc::clone(&error), failed.until));
                        Err(error)
                    }
                }
            };
            landing.send_replace(Some(result));
        });
        Ok(refresh)
    }
}

impl State {
    /// Holds this pass from now on.
    fn take(&mut self, pass: Arc<AccessToken>, stamp: Option<Stamp>) {
        if pass.is_same_as(&self.held) && self.held.is_accepted() {
            pass.accept();
        }
        self.held = pass;
        self.stamp = stamp;
        self.failed = None;
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { file, api, .. } = &*self.0;
        f.debug_struct("Login").field("file", file).field("api", api).finish_non_exhaustive()
    }
}

/// The login in the file, if it is for this API.
pub(super) fn load(file: &TokenFile, api: &str) -> Result<(AccessToken, Stamp), LoginError> {
    let path = || file.path().to_owned();
    let (stored, stamp) = file.read()?.ok_or_else(|| LoginError::LoggedOut { path: path() })?;
    if stored.api != api {
        let asked = api.to_owned();
        return Err(LoginError::OtherApi { path: path(), api: stored.api, asked });
    }
    let pass = AccessToken::new(stored).map_err(|_| {
        let reason = "its access token cannot be sent".to_owned();
        LoginError::File(super::token_file::FileError::Damaged { path: path(), reason })
    })?;
    Ok((pass, stamp))
}

fn is_under_way(refresh: &Refreshing) -> bool {
    refresh.borrow().is_none() && refresh.has_changed().is_ok()
}

async fn landed(mut refresh: Refreshing) -> RefreshResult {
    match refresh.wait_for(Option::is_some).await {
        Ok(landing) => landing.clone().unwrap_or_else(|| Err(Arc::new(LoginError::BrokenOff))),
        // The task is gone: the runtime ended, or it broke down.
        Err(_) => Err(Arc::new(LoginError::BrokenOff)),
    }
}

/// The time of this machine.
pub(crate) fn now() -> Millis {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, millis)
}
