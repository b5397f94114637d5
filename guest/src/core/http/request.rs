//! Requests as data: the route of a function, with its ids filled in.
//!
//! No id can leave its path segment: what could is refused here, before
//! anything is sent.

use crate::core::error::{Error, shown};
use crate::core::http::base_url::Base;
use crate::core::http::body::Body;

/// The HTTP methods Lever uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or adds to a set.
    Post,
    /// Sets a state.
    Put,
    /// Removes.
    Delete,
}

/// What a repetition of the request would do, if the first was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Read,
    /// Nothing new: the state it names is there already.
    Absolute,
    /// The same change a second time.
    Create,
}

impl Method {
    /// What repeating a request of this method would do.
    pub fn effect(self) -> Effect {
        match self {
            Method::Get => Effect::Read,
            Method::Put | Method::Delete => Effect::Absolute,
            Method::Post => Effect::Create,
        }
    }
}

/// One part of a route between slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Fixed text.
    Word(&'static str),
    /// The name of an id to fill in.
    Id(&'static str),
}

/// What a function sends: made from the route line in the WIT.
#[derive(Debug)]
pub struct Route {
    /// `interface.function`.
    pub name: &'static str,
    /// How.
    pub method: Method,
    /// Where.
    pub segments: &'static [Segment],
    /// The permission it takes, as in `notes:write`.
    pub scope: &'static str,
    /// What can stand as objects in place of ids.
    pub expand: &'static [&'static str],
    /// Whether the size of a page can be asked for.
    pub limit: bool,
}

/// Which rate limit a request counts against, besides the general one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestClass {
    /// None.
    General,
    /// Applications: 2 a second.
    Apply,
}

/// The server a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The API, wherever the host says it is.
    Api,
    /// The authorization server.
    Auth,
    /// Where a response of the API sent us; it gets no credential.
    Elsewhere(Base),
}

/// One request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// To whom.
    pub target: Target,
    /// How.
    pub method: Method,
    /// What a repetition would do.
    pub effect: Effect,
    /// Encoded, from the base URL on, as in `/stages/offer`.
    pub path: String,
    /// Names and values, not encoded.
    pub query: Vec<(String, String)>,
    /// What is sent besides.
    pub body: Option<Body>,
    /// What kind of answer is wanted.
    pub accept: &'static str,
    /// Which limit it counts against.
    pub class: RequestClass,
    /// False when a 2xx says all there is to know, whatever the body.
    pub needs_answer: bool,
    /// Whether a redirection is a response rather than a failure.
    pub takes_redirection: bool,
    /// The permission it takes, for messages.
    pub scope: &'static str,
    /// Whether ids are part of the path.
    pub names_ids: bool,
}

impl Route {
    /// The request for these ids, which fill the route from left to right.
    ///
    /// # Errors
    ///
    /// An id that is empty or could be read as anything but one path segment.
    pub fn request(&self, ids: &[&str]) -> Result<Request, Error> {
        let mut ids = ids.iter();
        let mut path = String::new();
        for segment in self.segments {
            path.push('/');
            match segment {
                Segment::Word(word) => path.push_str(word),
                Segment::Id(name) => {
                    let id = ids.next().copied().unwrap_or_default();
                    check_id(name, id)?;
                    path.push_str(&encode(id));
                }
            }
        }
        let names_ids = self.segments.iter().any(|segment| matches!(segment, Segment::Id(_)));
        Ok(Request { names_ids, ..Request::to(self.method, path, self.scope) })
    }
}

impl Request {
    /// A request to an encoded path, with neither query nor body.
    pub fn to(method: Method, path: String, scope: &'static str) -> Self {
        let class = match path.strip_suffix("/apply") {
            Some(_) if method == Method::Post => RequestClass::Apply,
            _ => RequestClass::General,
        };
        Request {
            target: Target::Api,
            method,
            effect: method.effect(),
            path,
            query: Vec::new(),
            body: None,
            accept: "application/json",
            class,
            needs_answer: true,
            takes_redirection: false,
            scope,
            names_ids: false,
        }
    }

    /// The path and the encoded query.
    pub fn path_and_query(&self) -> String {
        match self.query.as_slice() {
            [] => self.path.clone(),
            query => format!("{}?{}", self.path, encoded(query)),
        }
    }
}

/// A path of the caller's own, from the base URL on, as one encoded path.
///
/// # Errors
///
/// Anything in it that could be read as leaving the API or its own segments.
pub fn raw_path(path: &str) -> Result<String, Error> {
    let Some(rest) = path.strip_prefix('/') else {
        return Err(Error::invalid(format!(
            "path {} does not start with a slash. Give a path from the API's root on, such as \"/postings\".",
            shown(path)
        )));
    };
    let mut encoded = String::new();
    for segment in rest.split('/') {
        check_id("path", segment)?;
        encoded.push('/');
        encoded.push_str(&encode(segment));
    }
    Ok(encoded)
}

/// The longest id, in bytes. Lever's longest are upload ids: a UUID and a file
/// name, which most file systems bound at 255 bytes.
const ID_BYTES: usize = 512;

fn check_id(name: &str, id: &str) -> Result<(), Error> {
    let fault = if id.is_empty() {
        "is empty"
    } else if id.len() > ID_BYTES {
        "is longer than 512 bytes"
    } else if id == "." || id == ".." {
        "is a step in a path"
    } else if let Some(c) = id.chars().find(|c| c.is_control() || "/\\?#%".contains(*c)) {
        return Err(Error::invalid(format!(
            "{name} {} holds the character {:?}, which no id of Lever's has. Give the id exactly as Lever returned it.",
            shown(id),
            c
        )));
    } else {
        return Ok(());
    };
    Err(Error::invalid(format!(
        "{name} {} {fault}. Give the id exactly as Lever returned it.",
        shown(id)
    )))
}

/// Names and values as a query, or as the body of a form.
pub fn encoded(pairs: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", encode(name), encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub fn encode(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for nibble in [byte >> 4, byte & 15] {
                encoded.push(HEX.get(usize::from(nibble)).copied().map_or('0', char::from));
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::error::{ErrorKind, Outcome};
    use crate::routes::{notes, stages};
    use proptest::prelude::*;

    #[test]
    fn ids_fill_the_route_in_order() {
        let request = notes::GET.request(&["opp", "note"]).unwrap();
        assert_eq!(request.path, "/opportunities/opp/notes/note");
        assert_eq!(request.method.effect(), Effect::Read);
        assert_eq!(request.scope, "notes:read");
    }

    #[test]
    fn ids_that_are_no_uuids_are_fine() {
        for (id, path) in [
            ("lead-new", "/stages/lead-new"),
            ("c4b1-resume (1).pdf", "/stages/c4b1-resume%20%281%29.pdf"),
            ("naïve", "/stages/na%C3%AFve"),
            ("...", "/stages/..."),
        ] {
            assert_eq!(stages::GET.request(&[id]).unwrap().path, path);
        }
    }

    #[test]
    fn an_id_that_could_leave_its_segment_is_refused() {
        let long = "x".repeat(513);
        for id in [
            "",
            ".",
            "..",
            "../users",
            "a/b",
            "/",
            "a\\b",
            "%2e%2e",
            "%2f",
            "a?b",
            "a#b",
            "a\nb",
            "\0",
            "\u{7f}",
            "\u{85}",
            long.as_str(),
        ] {
            let error = stages::GET.request(&[id]).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidInput, "{id:?}");
            assert_eq!(error.outcome, Outcome::NotSent);
            assert!(error.message.starts_with("stage "), "{}", error.message);
        }
        assert!(stages::GET.request(&[]).is_err());
    }

    #[test]
    fn a_raw_path_is_held_to_the_same_rules() {
        assert_eq!(raw_path("/postings/a b").unwrap(), "/postings/a%20b");
        for path in ["postings", "", "/", "//x", "/a/../b", "/a?b=c", "/a%2fb", "https://x/"] {
            assert!(raw_path(path).is_err(), "{path}");
        }
    }

    #[test]
    fn a_cursor_that_is_encoded_already_is_encoded_again() {
        let mut request = stages::LIST_PAGE.request(&[]).unwrap();
        request.query =
            vec![("offset".into(), "%5B1%2C%22a%22%5D".into()), ("tag".into(), "a&b=c".into())];
        assert_eq!(
            request.path_and_query(),
            "/stages?offset=%255B1%252C%2522a%2522%255D&tag=a%26b%3Dc"
        );
    }

    proptest! {
        #[test]
        fn no_id_adds_a_segment_a_query_or_a_fragment(id in any::<String>()) {
            if let Ok(request) = notes::GET.request(&["opp", &id]) {
                let parts: Vec<&str> = request.path.split('/').collect();
                prop_assert_eq!(parts.len(), 5);
                let last = parts[4];
                prop_assert!(!last.is_empty() && last != "." && last != "..");
                prop_assert!(!request.path.contains(['?', '#', '\\']));
                prop_assert!(!last.to_ascii_lowercase().contains("%2f"));
            }
        }
    }
}
