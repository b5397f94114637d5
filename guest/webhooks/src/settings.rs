//! What the host sets, through environment variables.
//!
//! Errors name the variable and the rule, never the value: most are secret.

use lever::core::http::base_url::Base;
use lever::resources::webhook_events::MAX_AGE_MS;

/// How long each step of forwarding may take when nothing else is said.
/// Lever's own patience is not published; servers that call others are seldom
/// given less.
const TIMEOUT_MS: u64 = 10_000;

/// The settings of one delivery.
#[derive(Debug)]
pub struct Settings {
    /// The signature tokens, one of each webhook.
    pub tokens: Vec<Secret>,
    /// Where events go.
    pub target: Target,
    /// The `Authorization` header that goes with them.
    pub authorization: Option<Secret>,
    /// How old a delivery may be.
    pub max_age_ms: u64,
    /// How long connecting, the answer's head and each part of its body may
    /// take, each.
    pub timeout_ms: u64,
}

/// Text that is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself.
    pub fn secret(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Secret {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The forward URL, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// Scheme, host and port.
    pub base: Base,
    /// Path and query, as given.
    pub path: String,
}

impl std::fmt::Debug for Target {
    /// Without path and query, in which some services want a key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target").field("authority", &self.base.authority).finish_non_exhaustive()
    }
}

impl Settings {
    /// Reads the variables that start with `LEVER_WEBHOOK_`; empty ones count
    /// as not set.
    ///
    /// # Errors
    ///
    /// A sentence about the variable that is missing or cannot be used.
    pub fn from_environment(variables: &[(String, String)]) -> Result<Self, String> {
        let get = |name: &str| {
            let set = variables.iter().find(|(key, value)| key == name && !value.is_empty());
            set.map(|(_, value)| value.as_str())
        };
        let tokens: Vec<Secret> = get("LEVER_WEBHOOK_SIGNATURE_TOKEN")
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|token| !token.is_empty())
            .map(|token| Secret(token.to_owned()))
            .collect();
        if tokens.is_empty() {
            return Err("LEVER_WEBHOOK_SIGNATURE_TOKEN is not set. Give the token that Lever showed when the webhook was made; several with commas between them.".into());
        }
        let url = get("LEVER_WEBHOOK_FORWARD_URL").ok_or(
            "LEVER_WEBHOOK_FORWARD_URL is not set. Give the URL that takes the events as JSON.",
        )?;
        let allow_http = match get("LEVER_WEBHOOK_ALLOW_HTTP").unwrap_or("false") {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => return Err("LEVER_WEBHOOK_ALLOW_HTTP is neither true nor false.".into()),
        };
        let authorization = get("LEVER_WEBHOOK_FORWARD_AUTHORIZATION");
        if authorization.is_some_and(|value| value.bytes().any(|b| !(b' '..=b'~').contains(&b))) {
            return Err("LEVER_WEBHOOK_FORWARD_AUTHORIZATION has a character that no header has. Look for a line break.".into());
        }
        Ok(Settings {
            tokens,
            target: Target::parse(url, allow_http)
                .map_err(|rule| format!("LEVER_WEBHOOK_FORWARD_URL {rule}."))?,
            authorization: authorization.map(|value| Secret(value.to_owned())),
            max_age_ms: milliseconds(&get, "LEVER_WEBHOOK_MAX_AGE_MS", MAX_AGE_MS)?,
            timeout_ms: milliseconds(&get, "LEVER_WEBHOOK_TIMEOUT_MS", TIMEOUT_MS)?,
        })
    }
}

fn milliseconds<'a>(
    get: &impl Fn(&str) -> Option<&'a str>,
    name: &str,
    default: u64,
) -> Result<u64, String> {
    let read = |text: &str| text.parse().ok().filter(|number| *number > 0);
    get(name)
        .map_or(Some(default), read)
        .ok_or_else(|| format!("{name} is not a whole number of milliseconds above 0."))
}

impl Target {
    /// Takes a URL apart. Plain http is for this machine, where nobody else
    /// listens, unless it is allowed.
    fn parse(url: &str, allow_http: bool) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or("has no scheme")?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err("is neither https nor http"),
        };
        let (authority, path) = match rest.find(['/', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        if !is_plain_authority(authority) {
            return Err("has no plain host, with a port at most");
        }
        let base = Base { https, authority: authority.to_owned(), prefix: String::new() };
        if !allow_http && !base.keeps_secrets() {
            return Err(
                "is http, and not of this machine. Give an https URL, or set LEVER_WEBHOOK_ALLOW_HTTP=true where the network is your own",
            );
        }
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let is_plain = |b: u8| b.is_ascii_graphic() && !br#"#\<>"^`{|}"#.contains(&b);
        let (steps, _) = path.split_once('?').unwrap_or((&path, ""));
        if !path.bytes().all(is_plain) || steps.split('/').any(|step| step == "." || step == "..") {
            return Err("has a path that is not in its plain form");
        }
        Ok(Target { base, path })
    }
}

/// Whether an authority is a host and at most a port.
fn is_plain_authority(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, port)) => (host.parse::<std::net::Ipv6Addr>().is_ok(), port),
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
            (!host.is_empty() && host.bytes().all(is_name), port)
        }
    };
    let is_port =
        |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [(&str, &str); 2] = [
        ("LEVER_WEBHOOK_SIGNATURE_TOKEN", "one"),
        ("LEVER_WEBHOOK_FORWARD_URL", "https://events.example.com/lever"),
    ];

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        // The first of a name counts.
        let all: Vec<_> = variables.iter().chain(&BOTH).map(own).collect();
        Settings::from_environment(&all)
    }

    #[test]
    fn two_variables_are_needed_and_the_others_have_defaults() {
        let settings = read(&[("OTHER", "x")]).unwrap();
        assert_eq!(settings.tokens, [Secret("one".into())]);
        assert_eq!(settings.target.path, "/lever");
        assert_eq!((settings.max_age_ms, settings.timeout_ms), (MAX_AGE_MS, TIMEOUT_MS));
        assert_eq!(settings.authorization, None);
        for (present, missing) in [(BOTH[0], BOTH[1].0), (BOTH[1], BOTH[0].0)] {
            let variables = [(present.0.to_owned(), present.1.to_owned())];
            let error = Settings::from_environment(&variables).unwrap_err();
            assert!(error.starts_with(&format!("{missing} is not set")), "{error}");
        }
    }

    #[test]
    fn several_tokens_stand_with_commas_between_them() {
        let settings = read(&[(BOTH[0].0, " one,two ,,three,")]).unwrap();
        let tokens: Vec<_> = settings.tokens.iter().map(Secret::secret).collect();
        assert_eq!(tokens, ["one", "two", "three"]);
        assert!(read(&[(BOTH[0].0, " , ")]).is_err());
    }

    #[test]
    fn nothing_prints_a_secret() {
        let secrets = [
            ("LEVER_WEBHOOK_SIGNATURE_TOKEN", "s3cret"),
            ("LEVER_WEBHOOK_FORWARD_AUTHORIZATION", "Bearer s3cret"),
            ("LEVER_WEBHOOK_FORWARD_URL", "https://a/s3cret?code=s3cret"),
        ];
        assert!(!format!("{:?}", read(&secrets).unwrap()).contains("s3cret"));
        for name in [
            "LEVER_WEBHOOK_FORWARD_AUTHORIZATION",
            "LEVER_WEBHOOK_FORWARD_URL",
            "LEVER_WEBHOOK_MAX_AGE_MS",
            "LEVER_WEBHOOK_TIMEOUT_MS",
            "LEVER_WEBHOOK_ALLOW_HTTP",
        ] {
            let error = read(&[(name, "s3cret\n")]).unwrap_err();
            assert!(error.starts_with(name) && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_forward_url_is_plain_and_http_stays_on_this_machine() {
        let rows = [
            ("https://a.example", Some(("a.example", "/"))),
            ("https://a.example:8443/x/y?code=1%2F2", Some(("a.example:8443", "/x/y?code=1%2F2"))),
            ("https://a.example?x", Some(("a.example", "/?x"))),
            ("http://127.0.0.1:80/x", Some(("127.0.0.1:80", "/x"))),
            ("http://[::1]:80/x", Some(("[::1]:80", "/x"))),
            ("http://localhost/x", Some(("localhost", "/x"))),
            ("http://a.example/x", None),
            ("http://127.0.0.1.example/x", None),
            ("http://127.0.0.1@a.example/x", None),
            ("http://localhost:80@a.example/x", None),
            ("http://localhost#@a.example/x", None),
            ("http://localhost\\@a.example/x", None),
            ("https://user:key@a.example/x", None),
            ("https:///x", None),
            ("https://a b/x", None),
            ("https://a:port/x", None),
            ("https://a:65536/x", None),
            ("https://[a]/x", None),
            ("https://a/x#y", None),
            ("https://a/x\ny", None),
            ("https://a/../y", None),
            ("ftp://a/x", None),
            ("a.example/x", None),
        ];
        for (url, expected) in rows {
            let target = Target::parse(url, false);
            let parts = target.as_ref().ok().map(|t| (t.base.authority.as_str(), t.path.as_str()));
            assert_eq!(parts, expected, "{url} {target:?}");
        }
        let allowed = [
            ("LEVER_WEBHOOK_FORWARD_URL", "http://sink.internal:80/x"),
            ("LEVER_WEBHOOK_ALLOW_HTTP", "true"),
        ];
        assert!(read(&allowed).is_ok() && read(&allowed[..1]).is_err());
    }
}
