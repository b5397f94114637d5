//! Where requests go: scheme, host and port, and what comes before every path.
//!
//! Reads and compares; opens nothing. Whatever two readers could take apart
//! differently is refused.

use crate::core::error::Error;

/// A server and a path prefix, such as `https://api.lever.co/v1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// `http` or `https`.
    pub https: bool,
    /// Host and port.
    pub authority: String,
    /// What comes before every path, as in `/v1`; may be empty.
    pub prefix: String,
}

impl Base {
    /// Reads a URL; `name` says in errors where it came from.
    ///
    /// # Errors
    ///
    /// What is not a scheme, host and plain path.
    pub fn parse(name: &str, url: &str, example: &str) -> Result<Self, Error> {
        let fault = |rule: &str| {
            Error::invalid(format!("{name} {rule}. Give scheme, host and path, such as {example}."))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| fault("has no scheme"))?;
        let https = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(fault("is neither http nor https")),
        };
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        // An authority with user information would be read differently by
        // different hosts, and could carry a secret into errors.
        if authority.is_empty() || authority.contains(['@', '?', '#', '\\', ' ']) {
            return Err(fault("has no plain host"));
        }
        if path.contains(['?', '#', '\\', '%', ' ']) || path.contains("..") {
            return Err(fault("has more than a plain path"));
        }
        let prefix = path.trim_end_matches('/').to_owned();
        Ok(Base { https, authority: authority.to_owned(), prefix })
    }

    /// The host without the port.
    pub fn host(&self) -> &str {
        let host = match self.authority.strip_prefix('[') {
            Some(rest) => rest.split(']').next(),
            None => self.authority.split(':').next(),
        };
        host.unwrap_or_default()
    }

    /// Whether requests stay on this machine, as with a mock.
    pub fn is_loopback(&self) -> bool {
        let address = self.host().parse::<std::net::IpAddr>();
        self.host().eq_ignore_ascii_case("localhost")
            || address.is_ok_and(|address| address.is_loopback())
    }

    /// Whether a secret may go there: encrypted, or not over any network.
    pub fn keeps_secrets(&self) -> bool {
        self.https || self.is_loopback()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let rows = [
            ("http://127.0.0.1:8080/v1/", false, "127.0.0.1:8080", "/v1", "127.0.0.1", true),
            ("https://auth.lever.co", true, "auth.lever.co", "", "auth.lever.co", false),
            ("https://[::1]:9/a/b", true, "[::1]:9", "/a/b", "::1", true),
            ("http://localhost", false, "localhost", "", "localhost", true),
            (
                "http://127.0.0.1.example/v1",
                false,
                "127.0.0.1.example",
                "/v1",
                "127.0.0.1.example",
                false,
            ),
        ];
        for (url, https, authority, prefix, host, loopback) in rows {
            let base = Base::parse("X", url, "e").unwrap();
            assert_eq!(
                (base.https, base.authority.as_str(), base.prefix.as_str()),
                (https, authority, prefix),
                "{url}"
            );
            assert_eq!((base.host(), base.is_loopback()), (host, loopback), "{url}");
        }
    }

    #[test]
    fn what_is_no_plain_url_is_named() {
        for url in [
            "api.lever.co",
            "ftp://x",
            "https://",
            "https://a@b/v1",
            "https://b/v1?x",
            "https://b/../v1",
        ] {
            let error = Base::parse("LEVER_X", url, "https://e").unwrap_err();
            assert!(error.message.starts_with("LEVER_X "), "{}", error.message);
        }
    }
}
