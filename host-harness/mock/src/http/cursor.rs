//! Sort keys, the opaque tokens made from them, and the tokens issued.
//!
//! A token is accepted only for the query it was issued for, so a client that builds tokens itself,
//! or carries one over to another filter, is caught.

use std::cmp::Reverse;
use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What `encodeURIComponent` leaves alone, as tokens are encoded that way.
const TOKEN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// One part of a sort key; parts compare in the order rows are listed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// A stage rank in tenths, so that a rank such as 230.5 stays an integer here.
    Rank(u32),
    /// A time in milliseconds, latest first.
    Latest(Reverse<u64>),
    /// A time in milliseconds, earliest first.
    Earliest(u64),
    Text(String),
}

/// What a list is sorted by.
pub(crate) type Key = Vec<Part>;

fn part_value(part: &Part) -> Value {
    match part {
        Part::Rank(tenths) if tenths % 10 == 0 => json!(tenths / 10),
        Part::Rank(tenths) => json!(f64::from(*tenths) / 10.0),
        Part::Latest(Reverse(time)) | Part::Earliest(time) => json!(time),
        Part::Text(text) => json!(text),
    }
}

/// The token for a page that starts at this key: a JSON array, percent-encoded.
pub(crate) fn token(key: &[Part]) -> String {
    let array = Value::Array(key.iter().map(part_value).collect());
    encoded(&array.to_string())
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, TOKEN).to_string()
}

/// The token behind an `offset` already decoded once: a client that pasted the token raw into the
/// URL leaves the bare array, one that encoded it again leaves the token.
pub(crate) fn canonical(offset: &str) -> String {
    if offset.starts_with('[') { encoded(offset) } else { offset.to_owned() }
}

/// Tokens issued, with the query each belongs to.
#[derive(Debug, Default)]
pub(crate) struct Cursors(HashMap<(String, String), Key>);

impl Cursors {
    /// Remembers the token of `key` for this query and returns it.
    pub fn issue(&mut self, fingerprint: String, key: Key) -> String {
        let token = token(&key);
        self.0.insert((fingerprint, token.clone()), key);
        token
    }

    /// The key that the page of this token starts at, if the token belongs to this query.
    pub fn find(&self, fingerprint: String, offset: &str) -> Option<&Key> {
        self.0.get(&(fingerprint, canonical(offset)))
    }

    /// Expires every token issued so far; returns how many there were.
    pub fn expire(&mut self) -> usize {
        std::mem::take(&mut self.0).len()
    }
}

/// The path and filters of a request: what a token is bound to.
pub(crate) fn fingerprint(path: &str, query: &[(String, String)]) -> String {
    const FREE: [&str; 4] = ["offset", "limit", "include", "expand"];
    let mut filters: Vec<_> =
        query.iter().filter(|(key, _)| !FREE.contains(&key.as_str())).collect();
    filters.sort();
    json!([path, filters]).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::call::tests::pairs;

    fn key(rank: u32, time: u64, id: &str) -> Key {
        vec![Part::Rank(rank), Part::Latest(Reverse(time)), Part::Text(id.to_owned())]
    }

    #[test]
    fn a_token_is_the_encoded_array_of_the_sort_key() {
        let rows = [
            (key(2305, 1_576_800_000_000, "ab-c"), "%5B230.5%2C1576800000000%2C%22ab-c%22%5D"),
            (key(50, 1_576_800_000_000, "9c"), "%5B5%2C1576800000000%2C%229c%22%5D"),
            (vec![Part::Text("Zoë / B".to_owned())], "%5B%22Zo%C3%AB%20%2F%20B%22%5D"),
        ];
        for (key, expected) in rows {
            assert_eq!(token(&key), expected);
        }
    }

    #[test]
    fn both_ways_of_sending_a_token_mean_the_same() {
        let token = token(&key(2305, 15, "a"));
        let doubly = form_urlencoded::byte_serialize(token.as_bytes()).collect::<String>();
        for sent in [token.as_str(), doubly.as_str()] {
            let pairs = pairs(&format!("offset={sent}"));
            assert_eq!(canonical(&pairs[0].1), token);
        }
    }

    #[test]
    fn keys_come_by_rank_then_latest_then_id() {
        let mut keys = [key(20, 5, "a"), key(10, 5, "b"), key(10, 9, "c"), key(10, 5, "a")];
        keys.sort();
        assert_eq!(keys, [key(10, 9, "c"), key(10, 5, "a"), key(10, 5, "b"), key(20, 5, "a")]);
    }
}
