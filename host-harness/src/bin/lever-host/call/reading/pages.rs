//! A list, page by page.
//!
//! Records may move while a list is read, from pages that are still to come to
//! pages that are done. Where the list can be asked for what changed, it is
//! asked at its end for what changed since its begin, until that brings nothing
//! new, twice at most. Records are told apart by their ids, of which sixteen
//! bytes each are kept.

use std::collections::HashSet;

use anyhow::bail;
use lever_host::catalog::Function;
use lever_host::value::Shown;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::{Line, Sink, Stop, less};

/// The records on a page unless the query says another number, as the WIT has it.
const PAGE: u64 = 100;

/// How far the clocks of this machine and of Lever may differ.
const SKEW: u64 = 10 * 60 * 1000;

/// How often what changed is asked for.
const ROUNDS: u8 = 2;

const CHANGED: &str = "updated-at-start";

/// A list being read.
pub struct Pages<'a> {
    function: &'a str,
    arguments: Map<String, Value>,
    /// How many records are still wanted, where not all are.
    left: Option<u64>,
    /// How many to ask for at once, where that can be said.
    size: Option<u64>,
    cursor: Option<String>,
    cursors: Seen,
    ids: Seen,
    /// From when on changes matter, where they can be asked for.
    since: Option<u64>,
    /// The times that what changed was asked for; 0 while the list is read.
    round: u8,
    round_began: u64,
    /// Whether this round brought anything new.
    is_fresh: bool,
    /// One page needs no other.
    is_long: bool,
    is_done: bool,
}

impl<'a> Pages<'a> {
    pub fn new(
        page: &'a Function,
        mut arguments: Map<String, Value>,
        cursor: Option<&str>,
        now: u64,
    ) -> anyhow::Result<Self> {
        let left = match arguments.remove("max-items") {
            None | Some(Value::Null) => None,
            Some(most) => match most.as_u64().filter(|most| *most > 0) {
                None => bail!("max-items: expected a whole number from 1 up"),
                most => most,
            },
        };
        let takes = |key: &str| {
            page.params
                .iter()
                .any(|param| param.name == "query" && !param.schema["properties"][key].is_null())
        };
        let limit = &arguments.get("query").map_or(Value::Null, |query| query["limit"].clone());
        let size = if limit.is_null() { Some(PAGE) } else { limit.as_u64() };
        let mut since = takes(CHANGED).then(|| now.saturating_sub(SKEW));
        let (mut cursor, mut round) = (cursor, 0);
        if let Some((began, rest)) = cursor.and_then(|cursor| began(cursor)) {
            since = since.map(|_| began);
            round = u8::from(rest.is_empty());
            cursor = Some(rest).filter(|rest| !rest.is_empty());
        }
        Ok(Pages {
            function: &page.name,
            arguments,
            left,
            size: size.filter(|_| takes("limit")),
            cursor: cursor.map(str::to_owned),
            cursors: Seen::default(),
            ids: Seen::default(),
            since,
            round,
            round_began: now,
            is_fresh: false,
            is_long: cursor.is_some() || round > 0,
            is_done: false,
        })
    }

    pub fn next(&self) -> Option<(&'a str, Map<String, Value>)> {
        if self.is_done {
            return None;
        }
        let mut arguments = self.arguments.clone();
        if let Some(size) = self.size {
            let limit = self.left.map_or(size, |left| left.min(size));
            in_query(&mut arguments, "limit", limit);
        }
        if self.round > 0 {
            let own = self.bound(CHANGED).unwrap_or_default();
            in_query(&mut arguments, CHANGED, self.since.unwrap_or_default().max(own));
        }
        if let Some(cursor) = &self.cursor {
            arguments.insert("cursor".to_owned(), cursor.clone().into());
        }
        Some((self.function, arguments))
    }

    pub fn take(&mut self, page: Shown<'_>, now: u64, sink: Sink<'_>) -> Result<(), Stop> {
        let list =
            |name: &str| page.field(name).and_then(|list| list.items()).into_iter().flatten();
        for item in list("items") {
            let id = item.field("id").and_then(|id| id.text());
            if id.is_none_or(|id| self.ids.is_new(id)) {
                self.is_fresh = true;
                self.left = self.left.map(|left| left.saturating_sub(1));
                sink(Line::Item(item))?;
            }
        }
        list("skipped").try_for_each(|skipped| sink(Line::Skipped(skipped)))?;
        self.cursor = page.field("next").and_then(|next| next.text()).map(str::to_owned);
        match &self.cursor {
            Some(cursor) if !self.cursors.is_new(cursor) => return Err(Stop::Circle),
            Some(_) => {
                self.is_long = true;
                self.is_done = self.left == Some(0);
            }
            None => self.end(now),
        }
        Ok(())
    }

    /// The list, or what changed of it, was read to its end.
    fn end(&mut self, now: u64) {
        let goes_on = match self.round {
            0 => self.is_long && self.left.is_none() && self.can_change(),
            round => self.is_fresh && round < ROUNDS,
        };
        self.is_done = !goes_on;
        if goes_on {
            if self.round > 0 {
                self.since = Some(self.round_began.saturating_sub(SKEW));
            }
            self.round += 1;
            self.round_began = now;
            self.is_fresh = false;
            self.cursors = Seen::default();
        }
    }

    /// Whether a record that changed since may still be one of the list.
    fn can_change(&self) -> bool {
        let until = self.bound("updated-at-end").unwrap_or(u64::MAX);
        self.since.is_some_and(|since| since <= until)
    }

    /// A bound that the caller's query sets.
    fn bound(&self, name: &str) -> Option<u64> {
        self.arguments.get("query")?.get(name)?.as_u64()
    }

    pub fn shrink(&mut self) -> bool {
        self.size = self.size.map(|size| self.left.map_or(size, |left| left.min(size)));
        let smaller = self.size.and_then(less);
        smaller.inspect(|size| self.size = Some(*size)).is_some()
    }

    /// The cursor of the next page behind the time from which on changes matter.
    pub fn cursor(&self) -> Option<String> {
        match (self.since, &self.cursor) {
            (Some(since), _) if self.round > 0 && !self.is_done => Some(format!("{since}@")),
            (Some(since), Some(cursor)) => Some(format!("{since}@{cursor}")),
            (None, cursor) => cursor.clone(),
            (Some(_), None) => None,
        }
    }
}

/// The two parts of a cursor of ours; a page's own is none.
fn began(cursor: &str) -> Option<(u64, &str)> {
    let (began, rest) = cursor.split_once('@')?;
    Some((began.parse().ok()?, rest))
}

fn in_query(arguments: &mut Map<String, Value>, key: &str, value: u64) {
    let query = arguments.entry("query").or_insert(Value::Null);
    if query.is_null() {
        *query = Value::Object(Map::new());
    }
    // Any other query is refused by the call.
    if let Value::Object(query) = query {
        query.insert(key.to_owned(), value.into());
    }
}

/// Texts that were met before, by sixteen bytes of their hash.
#[derive(Default)]
struct Seen(HashSet<[u8; 16]>);

impl Seen {
    fn is_new(&mut self, text: &str) -> bool {
        let hash = Sha256::digest(text);
        let mut short = [0; 16];
        short.copy_from_slice(&hash[..16]);
        self.0.insert(short)
    }
}
