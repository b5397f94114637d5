//! Pages of a list: sort keys, the opaque tokens made from them, and where a page starts and ends.
//!
//! A token is accepted only for the query it was handed out for, so a client that builds tokens
//! itself, or carries one over to another filter, is caught.

use std::cmp::Reverse;
use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::account::state::text;
use crate::http::call::Call;
use crate::http::reply::Failure;

/// Largest and default page, in rows.
const MAX_LIMIT: usize = 100;

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

/// The sort key of records that come oldest first.
pub(crate) fn by_creation(row: &Value) -> Key {
    let created = row.get("createdAt").and_then(Value::as_u64).unwrap_or(0);
    vec![Part::Earliest(created), Part::Text(text(row, "id").to_owned())]
}

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

/// Tokens handed out, with the query each belongs to.
#[derive(Debug, Default)]
pub(crate) struct Issued(HashMap<(String, String), Key>);

impl Issued {
    /// Remembers the token of `key` for this query and returns it.
    pub fn hand_out(&mut self, fingerprint: String, key: Key) -> String {
        let token = token(&key);
        self.0.insert((fingerprint, token.clone()), key);
        token
    }

    /// Ends every token handed out so far; says how many there were.
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

/// The rows of one page and where the next one starts.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub rows: Vec<T>,
    pub next: Option<Key>,
}

/// Sorts the rows and cuts the page the request asks for.
pub(crate) fn cut<T>(
    issued: &Issued,
    call: &Call,
    mut rows: Vec<(Key, T)>,
) -> Result<Page<T>, Failure> {
    let limit = match call.one("limit")?.map(str::parse::<usize>) {
        None => MAX_LIMIT,
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
        Some(_) => return Err(Failure::Query("limit must be between 1 and 100".to_owned())),
    };
    if let Some(offset) = call.one("offset")? {
        let bound = (fingerprint(call.path, call.query), canonical(offset));
        let Some(start) = issued.0.get(&bound) else {
            return Err(Failure::Query("Invalid offset token".to_owned()));
        };
        rows.retain(|(key, _)| key >= start);
    }
    if rows.len() > limit {
        // Of a large account only the page is sorted. No two keys are the same.
        rows.select_nth_unstable_by(limit, |(left, _), (right, _)| left.cmp(right));
        rows.truncate(limit + 1);
    }
    rows.sort_by(|(left, _), (right, _)| left.cmp(right));
    let next = rows.get(limit).map(|(key, _)| key.clone());
    rows.truncate(limit);
    Ok(Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::call::tests::{call, pairs};

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

    #[test]
    fn a_page_is_cut_by_limit_and_token() {
        let rows = || (1..=5).map(|n| (vec![Part::Earliest(n)], n)).collect::<Vec<_>>();
        let mut issued = Issued::default();
        let start = vec![Part::Earliest(3)];
        let token = issued.hand_out(fingerprint("/v1/test", &pairs("tag=a")), start);
        type Cut = Option<(&'static [u64], Option<u64>)>;
        let table: [(&str, Cut); 9] = [
            ("", Some((&[1, 2, 3, 4, 5], None))),
            ("limit=2", Some((&[1, 2], Some(3)))),
            ("limit=5", Some((&[1, 2, 3, 4, 5], None))),
            ("limit=0", None),
            ("limit=101", None),
            ("limit=x", None),
            (&format!("tag=a&limit=2&offset={token}"), Some((&[3, 4], Some(5)))),
            (&format!("tag=b&offset={token}"), None),
            ("offset=made-up", None),
        ];
        for (query, expected) in table {
            let pairs = pairs(query);
            let page = cut(&issued, &call(&pairs), rows()).ok();
            let found = page.map(|page| (page.rows, page.next));
            let expected = expected
                .map(|(rows, next)| (rows.to_vec(), next.map(|time| vec![Part::Earliest(time)])));
            assert_eq!(found, expected, "{query}");
        }
    }
}
