//! The object storage that downloads are redirected to: signed URLs that live for a while, on a port of its own.
//!
//! Knows no account and takes no credential: one that arrives here leaked out of a redirect, is recorded, and the
//! request refused.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::account::documents::Document;
use crate::random::Random;
use crate::server::wire::Whole;

/// How many signed URLs are remembered; the oldest go first.
const MAX_GRANTS: usize = 1000;

/// Everything but the unreserved characters (RFC 3986 section 2.3).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One request to the storage.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// When its head was there, since the mock's start.
    pub at: Duration,
    /// The method.
    pub method: String,
    /// The raw path, as received.
    pub path: String,
    /// The raw query, as received; None without a question mark.
    pub query: Option<String>,
    /// Header names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The status decided on, before any fault.
    pub status: u16,
}

impl Fetched {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Debug)]
struct Grant {
    path: String,
    document: Document,
    until: Duration,
}

/// Where a redirect from the storage leads.
#[derive(Clone, Debug)]
pub(crate) enum Hop {
    /// To another signed URL of the same document.
    Again,
    /// Anywhere.
    To(String),
}

/// The storage.
#[derive(Debug)]
pub(crate) struct Storage {
    base: String,
    lifetime: Duration,
    random: Random,
    grants: HashMap<String, Grant>,
    order: VecDeque<String>,
    pub hops: VecDeque<Hop>,
    pub seen: Vec<Fetched>,
}

fn refusal(status: u16, code: &str, message: &str) -> Whole {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message></Error>"
    );
    Whole::bare(status, "application/xml", Bytes::from(body))
}

/// A name as a segment of a path.
pub(crate) fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}

impl Storage {
    /// An empty storage at this base URL.
    pub fn new(base: String, lifetime: Duration, seed: u64) -> Self {
        Self {
            base,
            lifetime,
            // Another run of numbers than the account's.
            random: Random::new(!seed),
            grants: HashMap::new(),
            order: VecDeque::new(),
            hops: VecDeque::new(),
            seen: Vec::new(),
        }
    }

    /// A URL that serves the document for a while from this time since start on.
    pub fn sign(&mut self, document: Document, at: Duration) -> String {
        let path = format!("/storage/{}/{}", self.random.uuid(), segment(&document.name));
        let signature = format!("{:016x}{:016x}", self.random.bits(), self.random.bits());
        let url = format!(
            "{}{path}?expires={}&signature={signature}",
            self.base,
            self.lifetime.as_secs()
        );
        let until = at.saturating_add(self.lifetime);
        self.order.push_back(signature.clone());
        self.grants.insert(signature, Grant { path, document, until });
        if self.order.len() > MAX_GRANTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.grants.remove(&oldest);
        }
        url
    }

    fn answered(&mut self, head: &Parts, at: Duration) -> Whole {
        if head.headers.contains_key(http::header::AUTHORIZATION) {
            return refusal(400, "InvalidArgument", "Only one auth mechanism allowed.");
        }
        if head.method != http::Method::GET {
            return refusal(405, "MethodNotAllowed", "Only GET is allowed.");
        }
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let signature = query.into_iter().find(|(key, _)| key == "signature");
        let grant = signature.and_then(|(_, signature)| self.grants.get(signature.as_ref()));
        let Some(grant) = grant.filter(|grant| grant.path == head.uri.path()) else {
            return refusal(403, "SignatureDoesNotMatch", "The signature does not match.");
        };
        if at >= grant.until {
            return refusal(403, "AccessDenied", "Request has expired.");
        }
        let document = grant.document.clone();
        match self.hops.pop_front() {
            None => Whole::document(&document),
            Some(Hop::To(url)) => Whole::redirect(&url),
            Some(Hop::Again) => Whole::redirect(&self.sign(document, at)),
        }
    }

    /// Answers a request and records it.
    pub fn fetch(&mut self, head: &Parts, at: Duration) -> Whole {
        let answer = self.answered(head, at);
        let headers = head.headers.iter().map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        self.seen.push(Fetched {
            at,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: headers.collect(),
            status: answer.status,
        });
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::documents::Shelf;

    const BASE: &str = "http://127.0.0.1:9";

    fn storage() -> (Storage, String) {
        let mut storage = Storage::new(BASE.to_owned(), Duration::from_secs(60), 1);
        let bytes = Bytes::from_static(b"%PDF");
        let document = Document { shelf: Shelf::Resume, name: "a b.pdf".to_owned(), bytes };
        let url = storage.sign(document, Duration::ZERO);
        (storage, url)
    }

    fn head(method: &str, url: &str, authorization: Option<&str>) -> Parts {
        let target = url.strip_prefix(BASE).unwrap();
        let mut request = http::Request::builder().method(method).uri(target);
        if let Some(value) = authorization {
            request = request.header("authorization", value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_signed_url_serves_its_document_for_its_time() {
        let (mut storage, url) = storage();
        assert!(url.contains("/a%20b.pdf?"), "{url}");
        let other = url.replace("a%20b", "b");
        let forged = format!("{url}0");
        let late = Duration::from_secs(60);
        let rows = [
            ("GET", &url, None, Duration::ZERO, 200),
            ("GET", &url, None, late, 403),
            ("GET", &other, None, Duration::ZERO, 403),
            ("GET", &forged, None, Duration::ZERO, 403),
            ("POST", &url, None, Duration::ZERO, 405),
            ("GET", &url, Some("Basic eDo="), Duration::ZERO, 400),
        ];
        for (method, url, authorization, at, status) in rows {
            let answer = storage.fetch(&head(method, url, authorization), at);
            assert_eq!(answer.status, status, "{method} {url} {authorization:?}");
            assert_eq!(answer.body.as_ref() == b"%PDF", status == 200);
        }
        assert_eq!(storage.seen.last().unwrap().header("authorization"), Some("Basic eDo="));
    }

    #[test]
    fn a_redirect_from_here_happens_once() {
        let (mut storage, url) = storage();
        storage.hops.extend([Hop::Again, Hop::To("http://other.example/".to_owned())]);
        let place = |answer: &Whole| {
            let mut headers = answer.headers.iter();
            headers.find(|(name, _)| name == "location").map(|(_, value)| value.clone())
        };
        let first = storage.fetch(&head("GET", &url, None), Duration::ZERO);
        let again = place(&first).unwrap();
        assert!(again != url && again.starts_with(BASE));
        let second = storage.fetch(&head("GET", &again, None), Duration::ZERO);
        assert_eq!(place(&second).as_deref(), Some("http://other.example/"));
        assert_eq!(storage.fetch(&head("GET", &again, None), Duration::ZERO).status, 200);
    }

    #[test]
    fn old_urls_make_room() {
        let (mut storage, url) = storage();
        let document = storage.grants.values().next().unwrap().document.clone();
        for _ in 0..MAX_GRANTS {
            storage.sign(document.clone(), Duration::ZERO);
        }
        assert_eq!(storage.grants.len(), MAX_GRANTS);
        assert_eq!(storage.fetch(&head("GET", &url, None), Duration::ZERO).status, 403);
    }
}
