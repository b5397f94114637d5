//! What the host can set, through environment variables, each with a default.
//!
//! An empty environment is normal. Credentials are read here for one call and
//! kept nowhere; `Debug` does not show them.

use crate::core::error::{Error, shown};
use crate::core::http::base_url::Base;
use crate::core::http::body::Body;
use crate::core::http::request::Request;
use crate::core::send::limiter::PER_SECOND;
use crate::core::{MILLISECOND, Nanos, SECOND};

/// Where requests go when nothing else is said.
const BASE_URL: &str = "https://api.lever.co/v1";

/// The authorization server of Lever's production, its European one included.
const AUTH_URL: &str = "https://auth.lever.co";

/// Who an access token of production is for.
const AUDIENCE: &str = "https://api.lever.co/v1/";

/// The host of Lever's sandbox, which has an authorization server and an
/// audience of its own.
const SANDBOX: &str = "api.sandbox.lever.co";
const SANDBOX_AUTH_URL: &str = "https://sandbox-lever.auth0.com";
const SANDBOX_AUDIENCE: &str = "https://api.sandbox.lever.co/v1/";

/// The settings of one call.
pub struct Settings {
    /// The API.
    pub api: Base,
    /// The authorization server.
    pub auth: Base,
    /// Who access tokens are for.
    pub audience: String,
    /// Hosts that a download may be redirected to: names, or `*.` and what
    /// they end in.
    pub download_hosts: Vec<String>,
    /// The pace of this instance; a burst is twice that. Applications stay at 2.
    pub requests_per_second: u32,
    /// The whole `Authorization` header, unless the host adds it.
    pub authorization: Option<String>,
    /// The user id that writes are attributed to where the caller names none.
    pub perform_as: Option<String>,
    /// From the start to an open connection.
    pub connect_timeout: Nanos,
    /// From the request to the answer's head.
    pub first_byte_timeout: Nanos,
    /// Between two pieces of the body.
    pub between_bytes_timeout: Nanos,
    /// The longest a request may wait to be tried again, in all.
    pub max_wait: Nanos,
    /// The largest body of an answer, in bytes.
    pub max_answer: usize,
    /// How many requests may be in flight at once.
    pub in_flight: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            api: Base { https: true, authority: "api.lever.co".into(), prefix: "/v1".into() },
            auth: Base { https: true, authority: "auth.lever.co".into(), prefix: String::new() },
            audience: AUDIENCE.into(),
            download_hosts: Vec::new(),
            authorization: None,
            perform_as: None,
            connect_timeout: 30 * SECOND,
            first_byte_timeout: 30 * SECOND,
            between_bytes_timeout: 30 * SECOND,
            max_wait: 30 * SECOND,
            max_answer: 64 << 20,
            requests_per_second: PER_SECOND,
            // Lever's burst at once, and 10 a second at 2.4 s of latency.
            in_flight: 24,
        }
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("api", &self.api)
            .field("auth", &self.auth)
            .field("authorization", &self.authorization.as_ref().map(|_| "[redacted]"))
            .finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the variables that start with `LEVER_`; others are not ours.
    ///
    /// # Errors
    ///
    /// A value that cannot be used, by the variable's name.
    pub fn from_environment(variables: Vec<(String, String)>) -> Result<Self, Error> {
        let mut settings = Settings::default();
        let (mut whole, mut token, mut key) = (None, None, None);
        let (mut auth, mut audience) = (None, None);
        for (name, value) in variables {
            if value.is_empty() {
                continue;
            }
            match name.as_str() {
                "LEVER_BASE_URL" => settings.api = Base::parse(&name, &value, BASE_URL)?,
                "LEVER_AUTH_URL" => auth = Some(Base::parse(&name, &value, AUTH_URL)?),
                "LEVER_AUDIENCE" => audience = Some(value),
                "LEVER_DOWNLOAD_HOSTS" => {
                    let hosts = value.split(',').map(|host| host.trim().to_ascii_lowercase());
                    settings.download_hosts = hosts.filter(|host| !host.is_empty()).collect();
                }
                "LEVER_AUTHORIZATION" => {
                    let is_usual = |c: char| matches!(c, ' '..='~');
                    whole = Some(checked(&name, value, is_usual)?);
                }
                "LEVER_ACCESS_TOKEN" => {
                    token = Some(format!("Bearer {}", checked(&name, value, is_of_a_key)?))
                }
                "LEVER_API_KEY" => {
                    let value = checked(&name, value, is_of_a_key)?;
                    key = Some(format!("Basic {}", base64(format!("{value}:").as_bytes())))
                }
                "LEVER_PERFORM_AS" => settings.perform_as = Some(value),
                "LEVER_CONNECT_TIMEOUT_MS" => {
                    settings.connect_timeout = milliseconds(&name, &value)?
                }
                "LEVER_FIRST_BYTE_TIMEOUT_MS" => {
                    settings.first_byte_timeout = milliseconds(&name, &value)?
                }
                "LEVER_BETWEEN_BYTES_TIMEOUT_MS" => {
                    settings.between_bytes_timeout = milliseconds(&name, &value)?
                }
                "LEVER_MAX_WAIT_MS" => settings.max_wait = milliseconds(&name, &value)?,
                "LEVER_REQUESTS_PER_SECOND" => {
                    let pace = number(&name, &value)?.clamp(1, 100_000);
                    settings.requests_per_second = u32::try_from(pace).unwrap_or(PER_SECOND);
                }
                "LEVER_MAX_ANSWER_BYTES" => {
                    settings.max_answer =
                        usize::try_from(number(&name, &value)?).unwrap_or(usize::MAX);
                }
                _ => {}
            }
        }
        let sandbox = settings.api.host() == SANDBOX;
        let default = if sandbox { SANDBOX_AUTH_URL } else { AUTH_URL };
        settings.auth = match auth {
            Some(auth) => auth,
            None => Base::parse("LEVER_AUTH_URL", default, AUTH_URL)?,
        };
        let default = if sandbox { SANDBOX_AUDIENCE } else { AUDIENCE };
        settings.audience = audience.unwrap_or_else(|| default.to_owned());
        settings.authorization = whole.or(token).or(key);
        if settings.authorization.is_some() && !settings.api.keeps_secrets() {
            return Err(Error::invalid(
                "LEVER_BASE_URL is http, so the credential would travel in the clear. Give an https URL.",
            ));
        }
        Ok(settings)
    }
}

/// The slowest upload that is waited for, in bytes a second: 30 MB in two
/// minutes. Lever itself gives up on slow ones.
const SLOWEST: u64 = 256 * 1024;

impl Settings {
    /// How long an answer may take to begin: hosts count the sending of the
    /// body into it.
    pub fn first_byte_timeout_of(&self, request: &Request) -> Nanos {
        let bytes = request.body.as_ref().map_or(0, Body::len);
        let seconds = u64::try_from(bytes).unwrap_or(u64::MAX) / SLOWEST;
        self.first_byte_timeout.saturating_add(seconds.saturating_mul(SECOND))
    }
}

/// A credential, if each of its characters is one that it can have. It is not
/// shown.
fn checked(name: &str, value: String, is_usual: fn(char) -> bool) -> Result<String, Error> {
    match value.chars().position(|c| !is_usual(c)) {
        None => Ok(value),
        Some(at) => Err(Error::invalid(format!(
            "{name} has a character at position {} that no key has; look for quotes, blanks or a line break.",
            at.saturating_add(1)
        ))),
    }
}

/// A colon would end the user name of Basic early; quotes come from copying a
/// shell line.
fn is_of_a_key(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, ':' | '"' | '\'' | '`')
}

fn milliseconds(name: &str, value: &str) -> Result<Nanos, Error> {
    match number(name, value)? {
        0 => Err(Error::invalid(format!("{name} is 0. Give a number of milliseconds above 0."))),
        number => Ok(number.saturating_mul(MILLISECOND)),
    }
}

fn number(name: &str, value: &str) -> Result<u64, Error> {
    value
        .parse()
        .map_err(|_| Error::invalid(format!("{name} is {}. Give a whole number.", shown(value))))
}

/// Base64 with padding (RFC 4648), for the one header that needs it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letter = |bits: u32| LETTERS.get((bits & 63) as usize).copied().map_or('=', char::from);
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let three = (0..3)
            .fold(0, |bits: u32, i| (bits << 8) | u32::from(chunk.get(i).copied().unwrap_or(0)));
        for (i, bits) in [three >> 18, three >> 12, three >> 6, three].into_iter().enumerate() {
            text.push(if i > chunk.len() { '=' } else { letter(bits) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, Error> {
        let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        Settings::from_environment(variables.iter().map(own).collect())
    }

    #[test]
    fn an_empty_environment_means_production() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.api, Base::parse("", BASE_URL, "").unwrap());
        assert_eq!(settings.auth, Base::parse("", AUTH_URL, "").unwrap());
        assert_eq!(settings.authorization, None);
        assert_eq!(settings.max_answer, 64 * 1024 * 1024);
    }

    #[test]
    fn the_most_exact_credential_wins() {
        let all = [
            ("LEVER_API_KEY", "k"),
            ("LEVER_ACCESS_TOKEN", "t"),
            ("LEVER_AUTHORIZATION", "Custom x"),
        ];
        let expected = ["Basic azo=", "Bearer t", "Custom x"];
        for n in 1..=3 {
            let settings = read(&all[..n]).unwrap();
            assert_eq!(settings.authorization.as_deref(), Some(expected[n - 1]));
            assert!(!format!("{settings:?}").contains(expected[n - 1]));
        }
    }

    #[test]
    fn a_credential_with_a_character_that_none_has_is_named_and_not_shown() {
        let rows = [
            ("LEVER_API_KEY", "s3cret\n", 7),
            ("LEVER_API_KEY", "s3cret\r\n", 7),
            ("LEVER_API_KEY", "\"s3cret\"", 1),
            ("LEVER_API_KEY", "s3:cret", 3),
            ("LEVER_API_KEY", "s3 cret", 3),
            ("LEVER_API_KEY", "s3\u{e9}cret", 3),
            ("LEVER_ACCESS_TOKEN", "s3cret\n", 7),
            ("LEVER_ACCESS_TOKEN", " s3cret", 1),
            ("LEVER_AUTHORIZATION", "Basic s3cret\n", 13),
            ("LEVER_AUTHORIZATION", "Basic s3cret\r\nX: y", 13),
        ];
        for (name, value, position) in rows {
            let error = read(&[(name, value)]).unwrap_err();
            let start = format!("{name} has a character at position {position} that no key has");
            assert!(error.message.starts_with(&start), "{}", error.message);
            assert!(!error.message.contains("cret"), "{}", error.message);
        }
        assert!(read(&[("LEVER_API_KEY", "aZ09+/=-_.~")]).is_ok());
        assert!(read(&[("LEVER_AUTHORIZATION", "Custom a:b \"c\"")]).is_ok());
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        let rows = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in rows {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_value_that_cannot_be_used_is_named() {
        for (name, value) in [
            ("LEVER_BASE_URL", "api.lever.co"),
            ("LEVER_BASE_URL", "ftp://x"),
            ("LEVER_BASE_URL", "https://"),
            ("LEVER_BASE_URL", "https://a@b/v1"),
            ("LEVER_BASE_URL", "https://b/v1?x"),
            ("LEVER_BASE_URL", "https://b/../v1"),
            ("LEVER_MAX_WAIT_MS", "soon"),
            ("LEVER_MAX_WAIT_MS", "-1"),
            ("LEVER_CONNECT_TIMEOUT_MS", "0"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.message.starts_with(name), "{}", error.message);
        }
        assert!(read(&[("LEVER_BASE_URL", ""), ("OTHER", "x")]).is_ok());
    }

    #[test]
    fn a_credential_goes_over_http_to_this_machine_alone() {
        let rows = [
            ("http://127.0.0.1:8080/v1", true),
            ("http://[::1]:8080/v1", true),
            ("http://localhost/v1", true),
            ("http://api.lever.co/v1", false),
            ("http://127.0.0.1.example/v1", false),
            ("https://api.lever.co/v1", true),
        ];
        for (url, good) in rows {
            let base = ("LEVER_BASE_URL", url);
            assert_eq!(read(&[base, ("LEVER_API_KEY", "k")]).is_ok(), good, "{url}");
            assert!(read(&[base]).is_ok(), "{url}: the host adds the credential");
        }
    }

    #[test]
    fn the_authorization_server_goes_with_the_api_unless_it_is_named() {
        let rows = [
            (vec![], AUTH_URL, AUDIENCE),
            (vec![("LEVER_BASE_URL", "https://api.eu.lever.co/v1")], AUTH_URL, AUDIENCE),
            (
                vec![("LEVER_BASE_URL", "https://api.sandbox.lever.co/v1")],
                SANDBOX_AUTH_URL,
                SANDBOX_AUDIENCE,
            ),
            (
                vec![("LEVER_AUTH_URL", "http://127.0.0.1:1"), ("LEVER_AUDIENCE", "mine")],
                "http://127.0.0.1:1",
                "mine",
            ),
        ];
        for (variables, auth, audience) in rows {
            let settings = read(&variables).unwrap();
            assert_eq!(settings.auth, Base::parse("", auth, "").unwrap(), "{variables:?}");
            assert_eq!(settings.audience, audience, "{variables:?}");
        }
    }

    #[test]
    fn download_hosts_are_a_list() {
        let hosts = read(&[("LEVER_DOWNLOAD_HOSTS", " a.example,,*.B.example ")]).unwrap();
        assert_eq!(hosts.download_hosts, ["a.example", "*.b.example"]);
        assert!(read(&[]).unwrap().download_hosts.is_empty());
    }
}
