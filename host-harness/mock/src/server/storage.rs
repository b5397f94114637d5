//! The object storage that downloads are redirected to: signed URLs that live for a while, on a
//! port of its own.
//!
//! Knows no account and takes no credential: one that arrives here leaked out of a redirect, is
//! recorded, and the request refused.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use http::request::Parts;

use crate::http::response::{Download, Response, segment};
use crate::random::Random;

/// How many signed URLs are remembered; the oldest go first.
const MAX_GRANTS: usize = 1000;

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
    file: Download,
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

fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code>\
         <Message>{message}</Message></Error>"
    );
    Response::new(status, "application/xml", body)
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

    /// A URL that serves the file for a while from this time since start on.
    pub fn sign(&mut self, file: Download, at: Duration) -> String {
        let path = format!("/storage/{}/{}", self.random.uuid(), segment(&file.name));
        let signature = format!("{:016x}{:016x}", self.random.bits(), self.random.bits());
        let url = format!(
            "{}{path}?expires={}&signature={signature}",
            self.base,
            self.lifetime.as_secs()
        );
        let until = at.saturating_add(self.lifetime);
        self.order.push_back(signature.clone());
        self.grants.insert(signature, Grant { path, file, until });
        if self.order.len() > MAX_GRANTS
            && let Some(oldest) = self.order.pop_front()
        {
            self.grants.remove(&oldest);
        }
        url
    }

    fn respond(&mut self, head: &Parts, at: Duration) -> Response {
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
        let file = grant.file.clone();
        match self.hops.pop_front() {
            None => Response::download(&file),
            Some(Hop::To(url)) => Response::redirect(&url),
            Some(Hop::Again) => Response::redirect(&self.sign(file, at)),
        }
    }

    /// Responds to a request and records it.
    pub fn fetch(&mut self, head: &Parts, at: Duration) -> Response {
        let response = self.respond(head, at);
        let headers = head.headers.iter().map(|(name, value)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        });
        self.seen.push(Fetched {
            at,
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            headers: headers.collect(),
            status: response.status,
        });
        response
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const BASE: &str = "http://127.0.0.1:9";

    fn storage() -> (Storage, String) {
        let mut storage = Storage::new(BASE.to_owned(), Duration::from_secs(60), 1);
        let bytes = Bytes::from_static(b"%PDF");
        let name = "a b.pdf".to_owned();
        let document = Download { name, media_type: "application/pdf", bytes };
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
        let location = |answer: &Response| {
            let mut headers = answer.headers.iter();
            headers.find(|(name, _)| name == "location").map(|(_, value)| value.clone())
        };
        let first = storage.fetch(&head("GET", &url, None), Duration::ZERO);
        let again = location(&first).unwrap();
        assert!(again != url && again.starts_with(BASE));
        let second = storage.fetch(&head("GET", &again, None), Duration::ZERO);
        assert_eq!(location(&second).as_deref(), Some("http://other.example/"));
        assert_eq!(storage.fetch(&head("GET", &again, None), Duration::ZERO).status, 200);
    }

    #[test]
    fn old_urls_make_room() {
        let (mut storage, url) = storage();
        let document = storage.grants.values().next().unwrap().file.clone();
        for _ in 0..MAX_GRANTS {
            storage.sign(document.clone(), Duration::ZERO);
        }
        assert_eq!(storage.grants.len(), MAX_GRANTS);
        assert_eq!(storage.fetch(&head("GET", &url, None), Duration::ZERO).status, 403);
    }
}
