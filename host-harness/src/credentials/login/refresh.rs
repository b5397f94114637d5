//! One renewal, step by step: lock, read again, note down, ask once, store.
//!
//! The order is the point. Under the lock the file is read again, so whoever waited for somebody
//! else's renewal finds it and asks for none. That one is asked for is on the disk before it is
//! asked for, so a process that dies in between leaves its successors in doubt and not in error:
//! nothing here sends a refresh token that may have been received before. The new tokens are on the
//! disk before anybody uses them.

use std::sync::Arc;
use std::time::Duration;

use super::error::LoginError;
use super::server::{Failure, Server, Token};
use super::session::{AccessToken, Inner, load};
use super::stored::{Millis, Renewal, Standing, Stored, millis};
use super::token_file::{FileError, Lock, Stamp, TokenFile};

/// The longest that an authorization server may take: connecting and answering within the
/// component's own timeouts, and a little more.
const ANSWER: Duration = Duration::from_secs(35);

/// The longest that another process is waited for: its renewal, and the disk.
const LOCK: Duration = Duration::from_secs(45);

/// How long a server is left alone that failed or was not reached. Every caller would ask it
/// otherwise, one after the other.
const PAUSE: Duration = Duration::from_secs(5);

/// The longest pause that a server may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// A token in place of a refused one that is refused itself within this time will not be helped by
/// a third.
const PROBATION: Duration = Duration::from_secs(60);

/// OAuth's name for a refresh token that is used up, too old or taken back (RFC 6749, section 5.2).
const INVALID_GRANT: &str = "invalid_grant";

/// Why a renewal is wanted.
#[derive(Debug)]
pub(super) enum Cause {
    /// The token's time is coming to its end.
    Ending,
    /// The API refused this token.
    Refused(Arc<AccessToken>),
    /// Somebody said so, knowing that the latest one may have no known answer.
    Told,
}

/// A renewal without a token.
#[derive(Debug)]
pub(super) struct Failed {
    pub error: LoginError,
    /// When it may be tried again; never with the file as it is, where there is no time.
    pub until: Option<Millis>,
    /// The file as the renewal left it, if it changed it.
    pub stamp: Option<Stamp>,
}

impl Failed {
    fn for_good(error: impl Into<LoginError>) -> Failed {
        Failed { error: error.into(), until: None, stamp: None }
    }

    fn until(error: impl Into<LoginError>, until: Millis) -> Failed {
        Failed { until: Some(until), ..Failed::for_good(error) }
    }

    fn leaving(self, stamp: Stamp) -> Failed {
        Failed { stamp: Some(stamp), ..self }
    }
}

/// Renews what the file holds, or finds that somebody else did.
pub(super) async fn run(
    login: &Inner,
    held: Arc<AccessToken>,
    cause: Cause,
) -> Result<(Arc<AccessToken>, Stamp), Failed> {
    let soon = || (login.clock)().saturating_add(millis(PAUSE));
    let lock = login.file.lock(LOCK).await.map_err(|error| Failed::until(error, soon()))?;
    let (file, api) = (login.file.clone(), login.api.clone());
    let loaded = blocking(move || load(&file, &api)).await;
    let (pass, stamp) = loaded.ok_or_else(broken_off)?.map_err(Failed::for_good)?;
    let now = (login.clock)();
    if serves(&pass, &cause, now) {
        return Ok((Arc::new(pass), stamp));
    }
    check(&pass, &held, &cause, now).map_err(|failed| failed.leaving(stamp))?;
    let stored = &pass.stored;
    let Some(refresh_token) = &stored.refresh_token else {
        return Err(Failed::for_good(no_refresh_token()).leaving(stamp));
    };

    let (connect, place) = (Arc::clone(&login.connect), stored.place.clone());
    let server = blocking(move || connect(&place)).await.ok_or_else(broken_off)?;
    let server = server.map_err(|message| Failed::until(LoginError::Failed { message }, soon()))?;

    let at = (login.clock)();
    let marked = stored.with(Renewal::Asked { at });
    let (lock, marked) = write(&login.file, lock, marked).await.ok_or_else(broken_off)?;
    let marked = marked.map_err(|error| Failed::until(error, soon()))?;
    let answer = tokio::time::timeout(ANSWER, server.refresh(&stored.app, refresh_token)).await;
    let answer = answer.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", ANSWER.as_secs());
        Err(Failure::Lost { message })
    });
    let asked = Asked { login, lock, stored, at, marked };
    match answer {
        Ok(token) => asked.store(token, matches!(cause, Cause::Refused(_)), &*server).await,
        Err(failure) => {
            let failed = asked.give_up(failure).await;
            // The caller gets an error either way, and this one says what to do.
            let _ = server.write_records();
            Err(failed)
        }
    }
}

/// Whether the token in the file is what is wanted: somebody else was faster.
fn serves(pass: &AccessToken, cause: &Cause, now: Millis) -> bool {
    let standing = pass.stored.standing(now);
    match cause {
        Cause::Ending => standing == Standing::Fresh,
        Cause::Refused(refused) => !pass.is_same_as(refused) && standing != Standing::Over,
        Cause::Told => false,
    }
}

/// Whether asking makes sense, by what is known of earlier renewals.
fn check(pass: &AccessToken, held: &AccessToken, cause: &Cause, now: Millis) -> Result<(), Failed> {
    let is_told = matches!(cause, Cause::Told);
    match pass.stored.renewal {
        Renewal::Refused { .. } => {
            return Err(Failed::for_good(LoginError::Ended { reason: refused_for_good() }));
        }
        Renewal::Asked { at } if !is_told => {
            return Err(Failed::for_good(LoginError::InDoubt { at, message: None }));
        }
        // Never longer than a pause may be, whatever the clock was when it was written.
        Renewal::Failed { until }
            if !is_told && now < until && until - now <= millis(LONGEST_PAUSE) =>
        {
            let message = "the authorization server failed a moment ago".to_owned();
            return Err(Failed::until(LoginError::Failed { message }, until));
        }
        _ => {}
    }
    let age = now.saturating_sub(pass.stored.issued_at);
    let on_probation = pass.stored.replaces_refused && age < millis(PROBATION);
    let was_accepted = held.is_same_as(pass) && held.is_accepted();
    if matches!(cause, Cause::Refused(_)) && on_probation && !was_accepted {
        let error = LoginError::StillRefused { age: Duration::from_millis(age) };
        let end = pass.stored.issued_at.saturating_add(millis(PROBATION));
        return Err(Failed::until(error, end));
    }
    Ok(())
}

/// A renewal that was asked for, with its answer there.
struct Asked<'a> {
    login: &'a Inner,
    lock: Lock,
    /// The login as it was.
    stored: &'a Stored,
    at: Millis,
    /// The file with the word that it is asked for.
    marked: Stamp,
}

impl Asked<'_> {
    /// Stores the new tokens, and only then hands them out.
    async fn store(
        self,
        token: Token,
        replaces_refused: bool,
        server: &dyn Server,
    ) -> Result<(Arc<AccessToken>, Stamp), Failed> {
        let is_rotated = token.refresh_token.is_some();
        let renewed = self.stored.renewed(token, self.at, replaces_refused);
        let pass = match AccessToken::new(renewed.clone()) {
            Ok(pass) => pass,
            Err(_) if is_rotated => return Err(self.keep(renewed).await),
            Err(_) => {
                let message = "the new access token has characters that cannot be sent".to_owned();
                let error = LoginError::InDoubt { at: self.at, message: Some(message) };
                return Err(Failed::for_good(error).leaving(self.marked));
            }
        };
        let written = write(&self.login.file, self.lock, renewed).await;
        let (_lock, stamp) = written.ok_or_else(broken_off)?;
        let stamp = stamp.map_err(|cause| {
            Failed::for_good(LoginError::NotStored { cause }).leaving(self.marked)
        })?;
        // Without the new stamp, so that the next one who looks finds the new tokens.
        server.write_records().map_err(|error| Failed::until(error, 0))?;
        Ok((Arc::new(pass), stamp))
    }

    /// Keeps the refresh token of an answer whose access token cannot be sent: the old ones are
    /// used up.
    async fn keep(self, renewed: Stored) -> Failed {
        let until = (self.login.clock)().saturating_add(millis(PAUSE));
        let mut kept = self.stored.with(Renewal::Failed { until });
        kept.refresh_token = renewed.refresh_token;
        let message = "the authorization server answered without an access token that can be sent; its new refresh token is kept".to_owned();
        match write(&self.login.file, self.lock, kept).await {
            Some((_, Ok(stamp))) => {
                Failed::until(LoginError::Failed { message }, until).leaving(stamp)
            }
            Some((_, Err(cause))) => {
                Failed::for_good(LoginError::NotStored { cause }).leaving(self.marked)
            }
            None => broken_off(),
        }
    }

    /// Notes down what the failure means for the next renewal.
    async fn give_up(self, failure: Failure) -> Failed {
        let now = (self.login.clock)();
        let (renewal, failed) = match failure {
            Failure::Lost { message } => {
                // The word in the file stays: nobody knows.
                let error = LoginError::InDoubt { at: self.at, message: Some(message) };
                return Failed::for_good(error).leaving(self.marked);
            }
            Failure::Refused { code, .. } if code == INVALID_GRANT => {
                let error = LoginError::Ended { reason: refused_for_good() };
                (Renewal::Refused { at: now }, Failed::for_good(error))
            }
            Failure::Refused { message, .. } => {
                let until = now.saturating_add(millis(PAUSE));
                (Renewal::Failed { until }, Failed::until(LoginError::App { message }, until))
            }
            Failure::NotDone { message, wait } => {
                let wait = wait.unwrap_or(PAUSE).clamp(PAUSE, LONGEST_PAUSE);
                let until = now.saturating_add(millis(wait));
                (Renewal::Failed { until }, Failed::until(LoginError::Failed { message }, until))
            }
        };
        match write(&self.login.file, self.lock, self.stored.with(renewal)).await {
            Some((_, Ok(stamp))) => failed.leaving(stamp),
            Some((_, Err(error))) => Failed::for_good(error).leaving(self.marked),
            None => broken_off(),
        }
    }
}

async fn write(
    file: &TokenFile,
    lock: Lock,
    stored: Stored,
) -> Option<(Lock, Result<Stamp, FileError>)> {
    let file = file.clone();
    blocking(move || {
        let written = file.write(&lock, &stored);
        (lock, written)
    })
    .await
}

/// Runs what waits for the disk or the compiler; nothing comes of it where the program is ending.
async fn blocking<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    tokio::task::spawn_blocking(run).await.ok()
}

fn broken_off() -> Failed {
    Failed::until(LoginError::BrokenOff, 0)
}

fn refused_for_good() -> String {
    format!("the authorization server takes its refresh token no more ({INVALID_GRANT})")
}

fn no_refresh_token() -> LoginError {
    let reason = "its access token cannot be renewed, since no refresh token came with it; the scope offline_access \
                  brings one"
        .to_owned();
    LoginError::Ended { reason }
}
