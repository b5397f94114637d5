//! The query of an outgoing request, read strictly and written again in one form.
//!
//! What is sent is what was read here, so no server can read another parameter into it. Only the
//! parameters that decide who acts and what is shown are judged; all others pass.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::path::Oddity;

/// Everything but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The parameters the policy judges: without what lenient readers overlook, and as Lever spells
/// them.
const GUARDED: [(&str, &str); 4] = [
    ("expand", "expand"),
    ("performas", "perform_as"),
    ("performaspostingowner", "perform_as_posting_owner"),
    ("confidentiality", "confidentiality"),
];

/// A query as its parameters in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(super) fn parse(raw: &str) -> Result<Query, Oddity> {
        let mut pairs = Vec::new();
        if raw.is_empty() {
            return Ok(Query { pairs });
        }
        if !raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?[]%".contains(&b))
        {
            return Err("the query has a character that must be escaped");
        }
        for part in raw.split('&') {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let key = decode(key)?;
            check_key(&key)?;
            pairs.push((key, decode(value)?));
        }
        for (at, (key, _)) in pairs.iter().enumerate() {
            let reduced = reduced(key);
            if let Some((_, guarded)) = GUARDED.iter().find(|(guarded, _)| *guarded == reduced) {
                if key != guarded {
                    return Err(
                        "the query has another spelling of `perform_as`, `confidentiality` or `expand`",
                    );
                }
                let is_list = key == "expand";
                if !is_list && pairs.iter().take(at).any(|(earlier, _)| earlier == key) {
                    return Err("the query has `perform_as` or `confidentiality` twice");
                }
            }
            // A credential of the component's own would take data to an account the policy knows
            // nothing about.
            if matches!(reduced.as_str(), "accesstoken" | "apikey" | "key" | "token") {
                return Err("the query has a credential");
            }
        }
        Ok(Query { pairs })
    }

    /// The value of a parameter that occurs at most once.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The values of a parameter that may occur several times.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Sets a parameter that is not there yet.
    pub(super) fn push(&mut self, name: &str, value: &str) {
        self.pairs.push((name.to_owned(), value.to_owned()));
    }

    /// Appends `?a=b&c=d`, or nothing when there are no parameters.
    pub(super) fn write_to(&self, path: &mut String) {
        for (at, (key, value)) in self.pairs.iter().enumerate() {
            path.push(if at == 0 { '?' } else { '&' });
            let (key, value) =
                (utf8_percent_encode(key, ESCAPED), utf8_percent_encode(value, ESCAPED));
            // Writing to a string does not fail.
            let _ = write!(path, "{key}={value}");
        }
    }
}

fn decode(text: &str) -> Result<String, Oddity> {
    let is_escape = |(at, _): (usize, &str)| {
        text.as_bytes()[at + 1..].iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2
    };
    if !text.match_indices('%').all(is_escape) {
        return Err("the query has a `%` that does not start an escape");
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| "the query has escapes that are not UTF-8")?;
    // A tag may hold a tab, which is sent escaped; no key does, being a word.
    if decoded.chars().any(|c| c.is_control() && c != '\t') {
        return Err("the query has a control character other than a tab");
    }
    Ok(decoded.into_owned())
}

/// Keys are words, a list's may end in `[]`; servers read more into other brackets (`[perform_as]`,
/// `a[b]`).
fn check_key(key: &str) -> Result<(), Oddity> {
    let word = key.strip_suffix("[]").unwrap_or(key);
    let is_word = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_word { Ok(()) } else { Err("the query has a parameter whose name is not a plain word") }
}

/// A key without what lenient readers overlook.
fn reduced(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(raw: &str) -> Result<String, Oddity> {
        let mut text = String::new();
        Query::parse(raw)?.write_to(&mut text);
        Ok(text)
    }

    #[test]
    fn a_query_keeps_its_meaning_in_one_form() {
        let rows = [
            ("", ""),
            ("limit=100", "?limit=100"),
            ("tag=a&tag=b", "?tag=a&tag=b"),
            ("expand=stage&expand=owner", "?expand=stage&expand=owner"),
            ("tag=a+b&email=x%2by@z.co", "?tag=a%20b&email=x%2By%40z.co"),
            ("accessRole[]=admin", "?accessRole%5B%5D=admin"),
            ("archived", "?archived="),
            // A cursor of Lever's is escaped text already, and is escaped again.
            ("offset=%255B5%252C1%255D", "?offset=%255B5%252C1%255D"),
            ("tag=a;b=c", "?tag=a%3Bb%3Dc"),
            ("tag=%C3%A9", "?tag=%C3%A9"),
            ("tag=a%09b&tag=%09", "?tag=a%09b&tag=%09"),
        ];
        for (raw, expected) in rows {
            let once = rewritten(raw).unwrap();
            assert_eq!(once, expected, "{raw}");
            assert_eq!(rewritten(once.trim_start_matches('?')).unwrap(), once, "{raw}");
        }
    }

    #[test]
    fn a_query_that_could_be_read_differently_is_refused() {
        let rows = [
            "a=b&",
            "=b",
            "&&",
            "a b=c",
            "a=b#c",
            "a=b\\c",
            "a=%",
            "a=%4",
            "a=%zz",
            "a=%00",
            "a=%0d%0aX:y",
            "a%09=b",
            "perform_as%09=a",
            "a=%7f",
            "a=%c2%85",
            "a=%ff",
            "a=\u{e9}",
            "a[b]=c",
            "[perform_as]=x",
            "_method=DELETE",
            "__proto__=x",
            "a.b=c",
            "perform_as=a&perform_as=b",
            "perform_as=a&perform%5fas=b",
            "perform_as[]=a",
            "performAs=a",
            "Perform_As=a",
            "performAsPostingOwner=true",
            "CONFIDENTIALITY=all",
            "confidentiality[]=all",
            "expand[]=contact",
            "Expand=contact",
            "ex_pand=contact",
            "confidentiality=non-confidential&confidentiality=all",
            "access_token=x",
            "api_key=x",
            "key=x",
        ];
        for raw in rows {
            assert!(Query::parse(raw).is_err(), "{raw:?} was accepted");
        }
    }
}
