//! What a resource is made of: the rows of its endpoints, its records, its seed.

use serde_json::{Value, json};

use crate::account::seed::Seeding;
use crate::account::state::State;
use crate::http::call::Call;
use crate::http::payload::Takes;
use crate::http::reply::{Failure, Reply};

/// A resource of Lever's API, or a part of one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource {
    /// The plural its paths have.
    pub kind: &'static str,
    pub rows: &'static [Row],
    /// All its records as GET would show them, nothing expanded; None where there is no record of
    /// its own.
    pub records: Option<fn(&State) -> Vec<Value>>,
    /// Adds its records to a new account, which has those of the resources before it.
    pub seed: Option<fn(&mut State, &Seeding)>,
}

impl Resource {
    /// Nothing, to be filled in.
    pub const EMPTY: Self = Self { kind: "", rows: &[], records: None, seed: None };
}

/// A record with the opportunity it belongs to, which its own JSON does not name.
pub(crate) fn below(mut record: Value, opportunity: &str) -> Value {
    if let Some(map) = record.as_object_mut() {
        map.insert("$opportunity".to_owned(), json!(opportunity));
    }
    record
}

/// Whether a row takes the user a write is attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A read: the parameter is not known.
    None,
    /// A write that accepts and ignores it.
    Unused,
    Optional,
    Required,
}

pub(crate) type Handler = fn(&mut State, &Call) -> Result<Reply, Failure>;

/// One endpoint.
#[derive(Debug)]
pub(crate) struct Row {
    pub method: &'static str,
    /// Below `/v1`; a `:name` segment captures.
    pub path: &'static str,
    /// Resources of which a token needs the scope of one.
    pub scope: &'static [&'static str],
    pub actor: Actor,
    /// Query parameters beside `perform_as` and `expand`.
    pub query: &'static [&'static str],
    /// Values `expand` takes.
    pub expand: &'static [&'static str],
    pub takes: Takes,
    pub handler: Handler,
}

pub(crate) type Names = &'static [&'static str];

/// The query of a usual list.
pub(crate) const PAGE: Names = &["limit", "offset", "include"];

/// The query of a single record.
pub(crate) const ONE: Names = &["include"];

/// A row that reads.
pub(crate) const fn read(
    scope: Names,
    path: &'static str,
    query: Names,
    expand: Names,
    handler: Handler,
) -> Row {
    let (method, actor, takes) = ("GET", Actor::None, Takes::Nothing);
    Row { method, path, scope, actor, query, expand, takes, handler }
}

/// A row that writes.
pub(crate) const fn write(
    method: &'static str,
    scope: Names,
    path: &'static str,
    actor: Actor,
    query: Names,
    takes: Takes,
    handler: Handler,
) -> Row {
    Row { method, path, scope, actor, query, expand: &[], takes, handler }
}

impl Row {
    /// Query parameters this endpoint does not have; a value `expand` does not take counts as one.
    pub fn unknown<'q>(&self, query: &'q [(String, String)]) -> Vec<&'q (String, String)> {
        let known = |(key, value): &&(String, String)| match key.as_str() {
            "expand" if !self.expand.is_empty() => self.expand.contains(&value.as_str()),
            "perform_as" => self.actor != Actor::None,
            key => self.query.contains(&key),
        };
        query.iter().filter(|pair| !known(pair)).collect()
    }

    /// Whether it is the one that sends in an application, which has a limit of its own.
    pub fn is_application(&self) -> bool {
        self.method == "POST" && self.path == "/postings/:posting/apply"
    }
}
