//! Where the API lives: scheme, host, port and path prefix of the one server that may be called.
//!
//! It reads and compares; it resolves no name and opens no connection. Anything in the address that
//! could make two readers disagree about the host is refused.

mod address;
mod range;

pub(crate) use address::is_metadata;
pub(crate) use range::Opened;
pub use range::{AddressRange, Prohibition, RangeError};

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use sha2::{Digest, Sha256};

/// The API's address, such as `https://api.lever.co/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Upstream {
    scheme: Scheme,
    host: String,
    port: u16,
    prefix: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn name(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Why an address cannot be the API's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address:?} is not an API address: {reason}; write it like https://api.lever.co/v1")]
pub struct UpstreamError {
    address: String,
    reason: &'static str,
}

impl Upstream {
    /// Lever's production API.
    pub const DEFAULT: &'static str = "https://api.lever.co/v1";

    /// Reads an address.
    ///
    /// # Errors
    ///
    /// When it has another scheme than `https` (or `http` for a loopback host), user information, a
    /// query, a fragment, a host that is not plain ASCII, or a path that is not in its simplest
    /// form.
    pub fn parse(address: &str) -> Result<Upstream, UpstreamError> {
        Upstream::parse_within(address, &[])
    }

    /// The same, and `http` for any host where there are ranges of addresses that a credential may
    /// travel to in clear: a connection is then made to those alone.
    ///
    /// # Errors
    ///
    /// As [`Upstream::parse`].
    pub fn parse_within(address: &str, ranges: &[AddressRange]) -> Result<Upstream, UpstreamError> {
        let fail = |reason| {
            // The part before `@` may be a secret, and the error is printed.
            let shown = if address.contains('@') { "the given text" } else { address };
            UpstreamError { address: shown.chars().take(200).collect(), reason }
        };
        let (scheme, rest) = address.split_once("://").ok_or_else(|| fail("it has no scheme"))?;
        let scheme = match scheme {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return Err(fail("the scheme is https, or http for a loopback host")),
        };
        if rest.contains(['?', '#']) {
            return Err(fail("it has a query or a fragment"));
        }
        let (authority, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        if authority.contains('@') {
            return Err(fail("it has user information"));
        }
        let (host, port) = split_port(authority)
            .ok_or_else(|| fail("the port is not a number from 1 to 65535"))?;
        let host = host.to_ascii_lowercase();
        if !is_host(&host) {
            return Err(fail("the host is not a plain name or address"));
        }
        let prefix = path.strip_suffix('/').unwrap_or(path);
        let is_plain = |segment: &str| {
            !segment.bytes().all(|b| b == b'.')
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~'))
        };
        if !prefix.is_empty() && !prefix[1..].split('/').all(is_plain) {
            return Err(fail("the path has empty, dotted or encoded segments"));
        }
        let upstream = Upstream {
            scheme,
            host,
            port: port.unwrap_or(scheme.port()),
            prefix: prefix.to_owned(),
        };
        if upstream.scheme == Scheme::Http && !upstream.is_loopback() && ranges.is_empty() {
            return Err(fail(
                "http is for loopback hosts, and for what --allow-address opens; elsewhere the credential would travel \
                 in clear",
            ));
        }
        Ok(upstream)
    }

    /// `https` or `http`.
    pub fn scheme(&self) -> &'static str {
        self.scheme.name()
    }

    /// The host in lower case; IPv6 addresses in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also where the address leaves it to the scheme.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path before every route, such as `/v1`; empty when there is none.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Host and port as a `Host` header has them: the port only when it is not the scheme's own.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.port() {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// A digest that tells the budgets of credentials apart, from a credential's own: the same key
    /// at two servers has two budgets. It may be the name of a file.
    pub(crate) fn budget_of(&self, fingerprint: [u8; 32]) -> [u8; 32] {
        let server = format!("{}://{}", self.scheme(), self.authority());
        Sha256::new()
            .chain_update(b"lever-host budget\0")
            .chain_update(server)
            .chain_update(fingerprint)
            .finalize()
            .into()
    }

    /// Whether the host is this machine by its name alone: `localhost`, `127.0.0.0/8` or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        self.host == "localhost"
            || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Whether scheme, host and port of a request are exactly these.
    ///
    /// # Errors
    ///
    /// With one sentence saying which part differs.
    pub(crate) fn check(&self, scheme: &str, authority: &str) -> Result<(), &'static str> {
        if scheme != self.scheme() {
            return Err("its scheme is not the API's");
        }
        if authority.contains('@') {
            return Err("its host has user information in front");
        }
        let Some((host, port)) = split_port(authority) else {
            return Err("its port is not a number");
        };
        if host != self.host {
            return Err("its host is not the API's");
        }
        if port.unwrap_or(self.scheme.port()) != self.port {
            return Err("its port is not the API's");
        }
        Ok(())
    }
}

impl Default for Upstream {
    fn default() -> Upstream {
        Upstream {
            scheme: Scheme::Https,
            host: "api.lever.co".to_owned(),
            port: 443,
            prefix: "/v1".to_owned(),
        }
    }
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(address: &str) -> Result<Upstream, UpstreamError> {
        Upstream::parse(address)
    }
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.authority(), self.prefix)
    }
}

/// Cuts `host:port`; `None` when there is a port and it is not a plain number from 1 to 65535.
fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let after_brackets = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[after_brackets..].find(':') else {
        return Some((authority, None));
    };
    let (host, port) = authority.split_at(after_brackets + colon);
    let digits = &port[1..];
    if digits.is_empty() || digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some((host, Some(digits.parse().ok()?)))
}

fn is_host(host: &str) -> bool {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|inner| inner.parse::<Ipv6Addr>().is_ok());
    }
    // RFC 1123 labels; a trailing dot would be the same name with another spelling.
    host.len() <= 253
        && host.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        })
        // `2130706433` and `0x7f.1` are addresses in disguise to some resolvers.
        && (!host.rsplit('.').next().is_some_and(is_number) || host.parse::<IpAddr>().is_ok())
}

fn is_number(label: &str) -> bool {
    label.bytes().all(|b| b.is_ascii_digit()) || label.starts_with("0x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_into_their_parts() {
        let rows = [
            (
                "https://api.lever.co/v1",
                "https",
                "api.lever.co",
                443,
                "/v1",
                "https://api.lever.co/v1",
            ),
            (
                "https://api.lever.co/v1/",
                "https",
                "api.lever.co",
                443,
                "/v1",
                "https://api.lever.co/v1",
            ),
            (
                "https://API.eu.Lever.co:443/v1",
                "https",
                "api.eu.lever.co",
                443,
                "/v1",
                "https://api.eu.lever.co/v1",
            ),
            ("http://127.0.0.1:8080", "http", "127.0.0.1", 8080, "", "http://127.0.0.1:8080"),
            ("http://localhost:9/v1", "http", "localhost", 9, "/v1", "http://localhost:9/v1"),
            ("http://[::1]:9/v1", "http", "[::1]", 9, "/v1", "http://[::1]:9/v1"),
        ];
        for (text, scheme, host, port, prefix, shown) in rows {
            let upstream = Upstream::parse(text).unwrap();
            assert_eq!(
                (
                    upstream.scheme(),
                    upstream.host(),
                    upstream.port(),
                    upstream.prefix(),
                    upstream.to_string()
                ),
                (scheme, host, port, prefix, shown.to_owned()),
                "{text}"
            );
        }
        assert_eq!(Upstream::parse(Upstream::DEFAULT).unwrap(), Upstream::default());
    }

    #[test]
    fn an_address_that_two_readers_could_take_apart_differently_is_refused() {
        let rows = [
            "",
            "api.lever.co/v1",
            "ftp://api.lever.co/v1",
            "HTTPS://api.lever.co/v1",
            "http://api.lever.co/v1",
            "https://key@api.lever.co/v1",
            "https://api.lever.co@evil.example/v1",
            "https://api.lever.co/v1?x=1",
            "https://api.lever.co/v1#x",
            "https://api.lever.co:/v1",
            "https://api.lever.co:0/v1",
            "https://api.lever.co:0443/v1",
            "https://api.lever.co:65536/v1",
            "https://api.lever.co:+443/v1",
            "https://api.lever.co./v1",
            "https://.lever.co/v1",
            "https://-a.co/v1",
            "https://api lever.co/v1",
            "https://api.lever.co\\evil/v1",
            "https://lévèr.co/v1",
            "https:///v1",
            "https://[::1/v1",
            "https://[::1]x/v1",
            "http://2130706433/v1",
            "http://0x7f.1/v1",
            "http://127.1/v1",
            "https://api.lever.co//v1",
            "https://api.lever.co/v1/../v2",
            "https://api.lever.co/%76%31",
            "https://api.lever.co/v1//",
        ];
        for text in rows {
            assert!(Upstream::parse(text).is_err(), "{text:?} was accepted");
        }
    }

    #[test]
    fn http_is_read_for_other_hosts_where_ranges_are_open() {
        let ranges = ["172.17.0.0/16".parse().unwrap()];
        let upstream = Upstream::parse_within("http://mock-lever:8111/v1", &ranges).unwrap();
        assert_eq!(upstream.to_string(), "http://mock-lever:8111/v1");
        let error = Upstream::parse("http://mock-lever:8111/v1").unwrap_err().to_string();
        assert!(error.contains("--allow-address"), "{error}");
        assert!(Upstream::parse_within("ftp://mock-lever/v1", &ranges).is_err());
    }

    #[test]
    fn the_error_shows_no_user_information() {
        let error = Upstream::parse("https://s3cret@api.lever.co/v1").unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
    }
}
