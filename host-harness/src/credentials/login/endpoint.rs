//! Which authorization server belongs to which API, and for whom its tokens are.
//!
//! It knows Lever's three places and the mock's; it asks nobody.

use serde::{Deserialize, Serialize};

use crate::upstream::{Upstream, UpstreamError};

/// An authorization server and the audience of its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// The server's address, such as `https://auth.lever.co`; `/authorize` and `/oauth/token` are
    /// below it.
    pub url: String,
    /// The `audience` of Lever's documentation.
    pub audience: String,
}

/// Why it is not known where to log in.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// The API is none of Lever's.
    #[error(
        "the authorization server for {api} is not known; name it with --auth-url, and its audience with --audience"
    )]
    Unknown {
        /// The API's address.
        api: String,
    },
    /// The address given cannot be one.
    #[error("the authorization server: {0}")]
    Url(#[from] UpstreamError),
}

/// The audience of production; EU accounts log in with it too, and are told apart by the account.
const AUDIENCE: &str = "https://api.lever.co/v1/";

/// Host of the API, authorization server and audience, from Lever's documentation.
const KNOWN: [(&str, &str, &str); 3] = [
    ("api.lever.co", "https://auth.lever.co", AUDIENCE),
    ("api.eu.lever.co", "https://auth.lever.co", AUDIENCE),
    ("api.sandbox.lever.co", "https://sandbox-lever.auth0.com", "https://api.sandbox.lever.co/v1/"),
];

impl Endpoint {
    /// The authorization server of this API, with what is given in place of what is known.
    ///
    /// An API on this machine is a mock, whose authorization server has the same address.
    ///
    /// # Errors
    ///
    /// When the API is none of Lever's and nothing is given, or what is given is not an address.
    pub fn of(
        api: &Upstream,
        url: Option<&str>,
        audience: Option<&str>,
    ) -> Result<Endpoint, EndpointError> {
        let known = KNOWN.iter().find(|(host, ..)| *host == api.host());
        let unknown = || EndpointError::Unknown { api: api.to_string() };
        let url = match (url, known) {
            (Some(url), _) => url.to_owned(),
            (None, Some((_, url, _))) => (*url).to_owned(),
            (None, None) if api.is_loopback() => {
                format!("{}://{}", api.scheme(), api.authority())
            }
            (None, None) => return Err(unknown()),
        };
        let audience = match (audience, known) {
            (Some(audience), _) => audience,
            (None, Some((_, _, audience))) => audience,
            (None, None) if api.is_loopback() => AUDIENCE,
            (None, None) => return Err(unknown()),
        };
        let url = Upstream::parse(&url)?.to_string();
        Ok(Endpoint { url, audience: audience.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_api_has_its_authorization_server() {
        let sandbox = "https://api.sandbox.lever.co/v1/";
        let rows = [
            ("https://api.lever.co/v1", None, None, "https://auth.lever.co", AUDIENCE),
            ("https://api.eu.lever.co/v1", None, None, "https://auth.lever.co", AUDIENCE),
            (
                "https://api.sandbox.lever.co/v1",
                None,
                None,
                "https://sandbox-lever.auth0.com",
                sandbox,
            ),
            ("http://127.0.0.1:8123/v1", None, None, "http://127.0.0.1:8123", AUDIENCE),
            ("http://localhost:8123/v1", None, Some("mine"), "http://localhost:8123", "mine"),
            (
                "https://api.lever.co/v1",
                Some("https://proxy.example/"),
                None,
                "https://proxy.example",
                AUDIENCE,
            ),
            (
                "https://proxy.example/v1",
                Some("https://auth.lever.co"),
                Some(sandbox),
                "https://auth.lever.co",
                sandbox,
            ),
        ];
        for (api, url, audience, expected_url, expected_audience) in rows {
            let place = Endpoint::of(&api.parse().unwrap(), url, audience).unwrap();
            assert_eq!(
                (place.url.as_str(), place.audience.as_str()),
                (expected_url, expected_audience)
            );
        }
    }

    #[test]
    fn another_api_needs_both_and_no_address_is_taken_that_is_none() {
        let other = "https://proxy.example/v1".parse().unwrap();
        for (url, audience) in [(None, None), (Some("https://a.example"), None), (None, Some("x"))]
        {
            let error = Endpoint::of(&other, url, audience).unwrap_err();
            assert!(error.to_string().contains("--auth-url"), "{error}");
        }
        for url in ["http://auth.lever.co", "auth.lever.co", "https://a@b.example"] {
            let error = Endpoint::of(&Upstream::default(), Some(url), None).unwrap_err();
            assert!(matches!(error, EndpointError::Url(_)), "{url}: {error}");
        }
    }
}
