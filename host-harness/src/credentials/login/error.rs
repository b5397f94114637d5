//! Why there is no access token, and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use super::stored::Millis;
use super::token_file::FileError;
use crate::audit::AuditError;

/// Why there is no access token; never with a token in it.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The token file is not there.
    #[error("not logged in: {} does not exist; run `lever-host auth login`", path.display())]
    LoggedOut {
        /// The file.
        path: PathBuf,
    },
    /// The login is for another API; its tokens are not sent there.
    #[error(
        "the login in {} is for {api} and not for {asked}; give --base-url {api}, or another --token-file, or run \
         `lever-host auth login` for {asked}",
        path.display()
    )]
    OtherApi {
        /// The file.
        path: PathBuf,
        /// The API it was made for.
        api: String,
        /// The API that is to be called.
        asked: String,
    },
    /// The token file cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
    /// The authorization server does not renew it any more.
    #[error("the login has ended: {reason}; run `lever-host auth login` again")]
    Ended {
        /// Why.
        reason: String,
    },
    /// The latest renewal has no known answer.
    #[error(
        "the login was to be renewed at {}, and no answer to that is known: the process was stopped or the connection \
         broke. The refresh token may be used up. It is not sent again by itself, since an authorization server may \
         take that for theft and end the login; run `lever-host auth login` again, or `lever-host auth refresh` to \
         try the old one once more{}",
        shown(*.at),
        because(.message)
    )]
    InDoubt {
        /// When it was asked for.
        at: Millis,
        /// What happened, where this process saw it.
        message: Option<String>,
    },
    /// A renewal failed; the login is as good as before.
    #[error("the access token could not be renewed: {message}. The login is kept; try again later")]
    Failed {
        /// What happened.
        message: String,
    },
    /// The authorization server refused, but not the refresh token: the application or the request.
    #[error(
        "the access token could not be renewed: {message}. The login is kept; check the application at Lever, and run \
         `lever-host auth login` with its present id and secret"
    )]
    App {
        /// What was said.
        message: String,
    },
    /// The API refuses a token that was just issued.
    #[error(
        "Lever refuses an access token that was issued {} s ago in place of a refused one, so another is not asked \
         for; check the application and its scopes at Lever, or run `lever-host auth login` again",
        .age.as_secs()
    )]
    StillRefused {
        /// How old the token is.
        age: Duration,
    },
    /// The new tokens could not be stored, and are therefore not used.
    #[error(
        "the login was renewed, and the new tokens could not be stored: {cause}. The old ones are no longer valid; fix the \
         file and run `lever-host auth login` again"
    )]
    NotStored {
        /// What is wrong with the file.
        cause: FileError,
    },
    /// The renewal could not be recorded; its tokens are stored.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The renewal was given up by the program itself.
    #[error("the renewal of the access token was interrupted")]
    BrokenOff,
}

fn because(message: &Option<String>) -> String {
    message.as_ref().map(|message| format!(" ({message})")).unwrap_or_default()
}

/// A moment as people read it.
pub(super) fn shown(at: Millis) -> String {
    i64::try_from(at)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map_or_else(|| "an unknown time".to_owned(), |at| format!("{at:.0}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_answer_is_told_with_its_time_and_both_ways_out() {
        let error =
            LoginError::InDoubt { at: 1_767_225_600_000, message: Some("reset".to_owned()) };
        let text = error.to_string();
        for part in ["2026-01-01T00:00:00Z", "auth login", "auth refresh", "(reset)"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
