//! Handing events on to a URL: once each, to that server and no other, over the
//! same connector that the component's own requests take.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request};
use http_body_util::{BodyExt, Full, Limited};

use super::WebhookError;
use crate::egress::{Client, ConnectError, Connector, Network, Timeouts};
use crate::upstream::{AddressRange, Upstream};

/// Lever's own patience is not published; each step stays below common limits.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    first_byte: Duration::from_secs(20),
    between_bytes: Duration::from_secs(5),
};

/// Bytes of an answer's body that are read; only the status counts.
const LARGEST_ANSWER: usize = 64 << 10;

/// Where events are sent.
#[derive(Clone, Debug)]
pub struct Forward {
    upstream: Upstream,
    path: PathAndQuery,
    authorization: Option<HeaderValue>,
    network: Network,
}

/// Why a URL cannot be forwarded to; never with the URL in it, which may hold a
/// key.
#[derive(Debug, thiserror::Error)]
pub enum ForwardError {
    /// The URL is none that events may be sent to.
    #[error("the forward URL {0}; write it like https://events.example.com/lever")]
    Url(&'static str),
    /// The header cannot be one.
    #[error("the authorization of the forward URL has a character that is not allowed in a header")]
    Authorization,
}

impl Forward {
    /// Reads a URL: https, or http to this machine.
    ///
    /// # Errors
    ///
    /// When it is neither, has user information or a fragment, or no plain host.
    pub fn parse(url: &str) -> Result<Self, ForwardError> {
        Self::parse_within(url, &[])
    }

    /// The same, and http to any host where there are ranges of addresses: events are then sent to
    /// those alone.
    ///
    /// # Errors
    ///
    /// As [`Forward::parse`].
    pub fn parse_within(url: &str, ranges: &[AddressRange]) -> Result<Self, ForwardError> {
        let (scheme, rest) = url.split_once("://").ok_or(ForwardError::Url("has no scheme"))?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let upstream = Upstream::parse_within(&format!("{scheme}://{authority}"), ranges);
        let upstream = upstream.map_err(|_| {
            ForwardError::Url(
                "is not https, or http to this machine or what --allow-address opens, with a plain host",
            )
        })?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        let is_step = |segment: &str| segment == "." || segment == "..";
        let plain = path.parse::<PathAndQuery>().ok();
        let plain = plain
            .filter(|plain| !path.contains('#') && !plain.path().split('/').any(is_step))
            .ok_or(ForwardError::Url("has a path that is not in its plain form"))?;
        Ok(Self {
            upstream,
            path: plain,
            authorization: None,
            network: Network { allow_addresses: ranges.to_vec(), ..Network::default() },
        })
    }

    /// The same with an `Authorization` header.
    ///
    /// # Errors
    ///
    /// When the text cannot be one.
    pub fn authorized(mut self, authorization: &str) -> Result<Self, ForwardError> {
        let mut value =
            HeaderValue::from_str(authorization).map_err(|_| ForwardError::Authorization)?;
        value.set_sensitive(true);
        self.authorization = Some(value);
        Ok(self)
    }

    /// The same with connections to this machine allowed.
    #[must_use]
    pub fn allowing_loopback(mut self, allow: bool) -> Self {
        self.network.allow_loopback = allow;
        self
    }

    /// The same over this network.
    #[must_use]
    pub fn over(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// The same with authorities trusted besides Mozilla's, in PEM files.
    #[must_use]
    pub fn trusting(mut self, extra_ca: Vec<PathBuf>) -> Self {
        self.network.extra_ca = extra_ca;
        self
    }
}

/// An open way to the forward URL.
pub struct Sender {
    client: Client,
    connector: Connector,
    uri: http::Uri,
    authorization: Option<HeaderValue>,
}

impl Sender {
    pub fn new(forward: Forward) -> Result<Self, WebhookError> {
        let Forward { upstream, path, authorization, network } = forward;
        let connector = Connector::new(&upstream, &network)?;
        let client = Client::new(connector.clone());
        let uri = http::Uri::builder()
            .scheme(upstream.scheme())
            .authority(upstream.authority())
            .path_and_query(path)
            .build();
        // Its parts were read before.
        Ok(Self { client, connector, uri: uri.unwrap_or_default(), authorization })
    }

    /// Says why nothing can ever be sent, where that can be said now; sends nothing.
    pub async fn check(&self) -> Result<(), ConnectError> {
        self.connector.check().await
    }

    /// The status that an event was answered with; none where there was no
    /// answer.
    pub async fn post(&self, event: Bytes) -> Option<u16> {
        let body = Full::new(event).map_err(|never: std::convert::Infallible| match never {});
        let mut request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("lever-host/", env!("CARGO_PKG_VERSION")))
            .body(body.boxed_unsync())
            .ok()?;
        if let Some(authorization) = &self.authorization {
            request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        }
        let response = self.client.exchange(request, TIMEOUTS).await.ok()?;
        let status = response.status().as_u16();
        // Read to its end, so that the connection can be used again.
        let rest = Limited::new(response.into_body(), LARGEST_ANSWER).collect();
        let _ = tokio::time::timeout(TIMEOUTS.between_bytes, rest).await;
        Some(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forward_url_is_https_or_of_this_machine() {
        let rows = [
            ("https://events.example.com/lever?code=1", Some("/lever?code=1")),
            ("https://events.example.com", Some("/")),
            ("https://events.example.com?x", Some("/?x")),
            ("http://127.0.0.1:80/x/", Some("/x/")),
            ("http://events.example.com/", None),
            ("https://user:key@events.example.com/", None),
            ("https://events.example.com/#x", None),
            ("https://events.example.com/../x", None),
            ("https://events.example.com/a b", None),
            ("https:///x", None),
            ("events.example.com", None),
        ];
        for (url, expected) in rows {
            let forward = Forward::parse(url);
            let path = forward.as_ref().ok().map(|forward| forward.path.as_str());
            assert_eq!(path, expected, "{url}");
            if let Err(error) = forward {
                assert!(!error.to_string().contains("key"), "{error}");
            }
        }
    }

    #[test]
    fn the_authorization_is_not_printed() {
        let forward = Forward::parse("https://a.example").unwrap();
        let printed = format!("{:?}", forward.clone().authorized("Bearer s3cret").unwrap());
        assert!(!printed.contains("s3cret"), "{printed}");
        assert!(forward.authorized("a\nb").is_err());
    }
}
