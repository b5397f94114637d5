//! Every request, as it was received, and its outcome.
//!
//! Records only.

use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use bytes::Bytes;

use crate::http::request::Head;

/// One request.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Counts from 0 over the life of the mock.
    pub number: u64,
    /// When its head was received, since the mock's start.
    pub at: Duration,
    /// The method.
    pub method: String,
    /// The raw path, as received.
    pub path: String,
    /// The raw query, as received; None without a question mark.
    pub query: Option<String>,
    /// The decoded query pairs, in order.
    pub pairs: Vec<(String, String)>,
    /// Query pairs the endpoint does not have.
    pub unknown_query: Vec<(String, String)>,
    /// JSON pointers of the body's keys that the endpoint does not have.
    pub unknown_body: Vec<String>,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
    /// The status of the response; None while in flight, and where the connection was cut without
    /// one.
    pub status: Option<u16>,
    /// Whether it changed the account.
    pub is_applied: bool,
    /// The fault that hit it, as written in Rust.
    pub fault: Option<String>,
}

/// The bytes of a body; copies share them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(Bytes);

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<const N: usize> PartialEq<&[u8; N]> for Body {
    fn eq(&self, other: &&[u8; N]) -> bool {
        **self == other[..]
    }
}

impl PartialEq<[u8]> for Body {
    fn eq(&self, other: &[u8]) -> bool {
        **self == *other
    }
}

impl Seen {
    /// Its head, for endpoints that no row serves.
    pub(crate) fn head(&self) -> Head<'_> {
        let Self { method, path, pairs, headers, .. } = self;
        Head { method, path, query: pairs, headers }
    }

    /// Whether its response is not decided on yet.
    #[must_use]
    pub fn is_in_flight(&self) -> bool {
        self.status.is_none() && self.fault.is_none()
    }

    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head().header(name)
    }

    /// Every value of a query parameter, decoded.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.head().values(name)
    }
}

impl fmt::Display for Seen {
    /// One line; no header and no body, so that it can go into a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{} +{} ms {} {}", self.number, self.at.as_millis(), self.method, self.path)?;
        if let Some(query) = &self.query {
            write!(f, "?{query}")?;
        }
        match self.status {
            Some(status) => write!(f, " -> {status}")?,
            None => write!(f, " -> no response")?,
        }
        if self.is_applied {
            write!(f, ", applied")?;
        }
        if let Some(fault) = &self.fault {
            write!(f, ", {fault}")?;
        }
        Ok(())
    }
}
