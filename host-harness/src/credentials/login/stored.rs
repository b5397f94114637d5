//! What the token file says: one login and how its latest renewal went.
//!
//! Only the content and what follows from it; [`super::token_file`] reads and writes it. A renewal
//! is noted down before it is asked for, so that a process that dies in between leaves a word about
//! it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::endpoint::Endpoint;
use super::secret::Secret;
use super::server::{App, Token};

/// Milliseconds since 1970 UTC.
pub type Millis = u64;

/// The form of the file; another number is a form that this program does not know.
const VERSION: u32 = 1;

/// The earliest that a token is renewed before its end. Long enough that an authorization server
/// may be out of reach for some minutes before anybody notices.
const MARGIN: Duration = Duration::from_secs(300);

/// Of tokens that live shorter than an hour, the last tenth.
const MARGIN_SHARE: u64 = 10;

/// One login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    version: u32,
    /// Names the login through all renewals, for the rate budget it has; made up when it is made.
    pub id: String,
    /// The API it was made for; its tokens are sent nowhere else.
    pub api: String,
    /// Where it was made and is renewed.
    pub place: Endpoint,
    /// The application that was authorised.
    pub app: App,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// Sent with each request.
    pub access_token: Secret,
    /// Good for one renewal.
    pub refresh_token: Option<Secret>,
    /// Since when the access token is good.
    pub issued_at: Millis,
    /// Until when, where the server said so.
    pub expires_at: Option<Millis>,
    /// Whether the access token is there because the API refused the one before, though its time
    /// was not over.
    pub replaces_refused: bool,
    /// How the latest renewal went.
    pub renewal: Renewal,
}

/// How the latest renewal went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Renewal {
    /// Well, or there was none.
    Done,
    /// It was asked for and no answer is known: it is under way, or the process died, or the answer
    /// was lost.
    Asked {
        /// When.
        at: Millis,
    },
    /// The server failed or was out of reach; nothing was used up.
    Failed {
        /// When to try again.
        until: Millis,
    },
    /// The server refused the refresh token for good.
    Refused {
        /// When.
        at: Millis,
    },
}

/// How good an access token is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// For a while yet.
    Fresh,
    /// Still, and it should be renewed.
    Ending,
    /// Not any more.
    Over,
}

impl Stored {
    /// A login that was just made. `asked_at` is when its token was asked for, so that its time is
    /// over here no later than there.
    pub fn new(
        id: String,
        api: String,
        place: Endpoint,
        app: App,
        asked_for: &[String],
        token: Token,
        asked_at: Millis,
    ) -> Stored {
        let nothing = Secret::new(String::new());
        let stored = Stored {
            version: VERSION,
            id,
            api,
            place,
            app,
            scopes: asked_for.to_vec(),
            access_token: nothing,
            refresh_token: None,
            issued_at: 0,
            expires_at: None,
            replaces_refused: false,
            renewal: Renewal::Done,
        };
        stored.renewed(token, asked_at, false)
    }

    /// The same login with the tokens of a renewal.
    pub fn renewed(&self, token: Token, asked_at: Millis, replaces_refused: bool) -> Stored {
        let life = token.expires_in.map(millis);
        Stored {
            scopes: token.scopes.unwrap_or_else(|| self.scopes.clone()),
            access_token: token.access_token,
            // A server that does not rotate sends none (RFC 6749, section 6).
            refresh_token: token.refresh_token.or_else(|| self.refresh_token.clone()),
            issued_at: asked_at,
            expires_at: life.map(|life| asked_at.saturating_add(life)),
            replaces_refused,
            renewal: Renewal::Done,
            ..self.clone()
        }
    }

    /// The same login with another word about its renewal.
    pub fn with(&self, renewal: Renewal) -> Stored {
        Stored { renewal, ..self.clone() }
    }

    /// How good the access token is now.
    pub fn standing(&self, now: Millis) -> Standing {
        let Some(end) = self.expires_at else {
            return Standing::Fresh;
        };
        let life = end.saturating_sub(self.issued_at);
        let margin = millis(MARGIN).min(life / MARGIN_SHARE);
        if now >= end {
            Standing::Over
        } else if now >= end.saturating_sub(margin) {
            Standing::Ending
        } else {
            Standing::Fresh
        }
    }

    /// Whether this program knows the form.
    pub fn is_known_form(&self) -> bool {
        self.version == VERSION
    }

    /// Whether it can be used no longer without logging in again.
    pub fn is_dead(&self, now: Millis) -> bool {
        let can_renew = self.refresh_token.is_some()
            && matches!(self.renewal, Renewal::Done | Renewal::Failed { .. });
        self.standing(now) == Standing::Over && !can_renew
    }
}

/// In milliseconds, as far as they go.
pub fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A token that lives so many seconds.
    pub fn token(access: &str, refresh: Option<&str>, seconds: u64) -> Token {
        Token {
            access_token: Secret::new(access.to_owned()),
            refresh_token: refresh.map(|text| Secret::new(text.to_owned())),
            scopes: None,
            expires_in: Some(Duration::from_secs(seconds)),
        }
    }

    /// A login whose tokens are `access-1` and `refresh-1`.
    pub fn login(asked_at: Millis, seconds: u64) -> Stored {
        let place =
            Endpoint { url: "https://auth.example".to_owned(), audience: "them".to_owned() };
        let app = App {
            client_id: "client".to_owned(),
            client_secret: Secret::new("client-s3cret".to_owned()),
            redirect_uri: "http://localhost:1/callback".to_owned(),
        };
        let scopes = ["stages:read:admin".to_owned(), "offline_access".to_owned()];
        let token = token("access-1", Some("refresh-1"), seconds);
        let api = "https://api.example/v1".to_owned();
        Stored::new("login-1".to_owned(), api, place, app, &scopes, token, asked_at)
    }

    #[test]
    fn a_token_is_renewed_in_its_last_five_minutes_or_its_last_tenth() {
        use Standing::{Ending, Fresh, Over};
        let rows = [
            (3600, 0, Fresh),
            (3600, 3299, Fresh),
            (3600, 3300, Ending),
            (3600, 3599, Ending),
            (3600, 3600, Over),
            (20, 17, Fresh),
            (20, 18, Ending),
            (20, 20, Over),
            (0, 0, Over),
        ];
        for (life, at, expected) in rows {
            let standing = login(1_000_000, life).standing(1_000_000 + at * 1000);
            assert_eq!(standing, expected, "{life} s, after {at} s");
        }
        let endless = Stored { expires_at: None, ..login(0, 1) };
        assert_eq!(endless.standing(u64::MAX), Fresh);
    }

    #[test]
    fn a_renewal_keeps_what_the_server_did_not_say_anew() {
        let old = login(0, 10).with(Renewal::Asked { at: 1 });
        let rotated = old.renewed(token("access-2", Some("refresh-2"), 10), 5_000, true);
        assert_eq!(rotated.access_token.secret(), "access-2");
        assert_eq!(rotated.refresh_token.as_ref().unwrap().secret(), "refresh-2");
        assert_eq!((rotated.issued_at, rotated.expires_at), (5_000, Some(15_000)));
        assert_eq!((rotated.renewal, rotated.replaces_refused), (Renewal::Done, true));
        assert_eq!((&rotated.id, &rotated.scopes), (&old.id, &old.scopes));
        let kept = rotated.renewed(token("access-3", None, 10), 9_000, false);
        assert_eq!(kept.refresh_token.unwrap().secret(), "refresh-2");
    }

    #[test]
    fn a_login_is_dead_once_its_token_is_over_and_cannot_be_renewed() {
        let renewals = [
            (Renewal::Done, false),
            (Renewal::Failed { until: 9 }, false),
            (Renewal::Asked { at: 1 }, true),
            (Renewal::Refused { at: 1 }, true),
        ];
        for (renewal, dead) in renewals {
            let login = login(0, 10).with(renewal);
            assert!(!login.is_dead(9_999), "{renewal:?}");
            assert_eq!(login.is_dead(10_000), dead, "{renewal:?}");
            assert!(Stored { refresh_token: None, ..login }.is_dead(10_000));
        }
    }

    #[test]
    fn the_form_of_the_file_stays_as_it_is() {
        let text = serde_json::to_value(login(1, 2).with(Renewal::Asked { at: 7 })).unwrap();
        let expected = serde_json::json!({
            "version": 1,
            "id": "login-1",
            "api": "https://api.example/v1",
            "place": {"url": "https://auth.example", "audience": "them"},
            "app": {
                "client_id": "client",
                "client_secret": "client-s3cret",
                "redirect_uri": "http://localhost:1/callback"
            },
            "scopes": ["stages:read:admin", "offline_access"],
            "access_token": "access-1",
            "refresh_token": "refresh-1",
            "issued_at": 1,
            "expires_at": 2001,
            "replaces_refused": false,
            "renewal": {"state": "asked", "at": 7}
        });
        assert_eq!(text, expected);
        let debug = format!("{:?}", login(1, 2));
        for secret in ["access-1", "refresh-1", "s3cret"] {
            assert!(!debug.contains(secret), "{debug}");
        }
    }
}
