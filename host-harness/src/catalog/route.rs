//! Routes, their permissions, and the table that finds the route of a request.
//!
//! The table matches by segments, never by text prefixes, and refuses at construction any pair of
//! routes whose precedence would be a guess.

use std::collections::BTreeSet;
use std::fmt;

use http::Method;

use super::CatalogError;

/// How far a permission goes; `Write` includes `Read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Reading only.
    Read,
    /// Reading and changing.
    Write,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Access::Read => "read",
            Access::Write => "write",
        })
    }
}

/// One permission: a resource and how far it goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    /// The resource in kebab-case, such as `archive-reasons`.
    pub resource: String,
    /// What may be done with it.
    pub access: Access,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.resource, self.access)
    }
}

/// One segment of a route's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// A fixed word, compared exactly.
    Literal(String),
    /// Any one non-empty segment; the name is for people.
    Parameter(String),
}

/// One kind of request: a method and a path with parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The request's method.
    pub method: Method,
    /// The path below the API's root, such as `/opportunities/{opportunity}/stage`.
    pub template: String,
    /// The permission the request takes.
    pub scope: Scope,
    /// The permission that another of Lever's documents names in its place.
    pub also: Option<Scope>,
    pub(super) segments: Vec<Segment>,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.template)
    }
}

impl Route {
    /// The path cut at its slashes.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether the request changes something at Lever.
    pub fn is_write(&self) -> bool {
        self.method != Method::GET || self.scope.access == Access::Write
    }

    /// Whether the request may have a body; a `DELETE` of the catalog has none.
    pub fn takes_body(&self) -> bool {
        self.method != Method::GET && self.method != Method::DELETE
    }

    /// Whether this is the stand-in for "any path" in the line of `raw.get`, which is not a wire route
    /// itself.
    pub fn is_any_path(&self) -> bool {
        self.template == "/{path}"
    }

    /// Whether both match the same requests, whatever their parameters are called.
    pub fn is_same_as(&self, other: &Route) -> bool {
        self.method == other.method
            && self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|pair| match pair {
                (Segment::Literal(a), Segment::Literal(b)) => a == b,
                (Segment::Parameter(_), Segment::Parameter(_)) => true,
                _ => false,
            })
    }

    fn matches(&self, method: &Method, segments: &[&str], same: fn(&str, &str) -> bool) -> bool {
        self.method == *method
            && self.segments.len() == segments.len()
            && self.segments.iter().zip(segments).all(|(own, given)| match own {
                Segment::Literal(literal) => same(literal, given),
                Segment::Parameter(_) => !given.is_empty(),
            })
    }

    fn overlaps(&self, other: &Route) -> bool {
        self.method == other.method
            && self.segments.len() == other.segments.len()
            && self.segments.iter().zip(&other.segments).all(|pair| match pair {
                (Segment::Literal(a), Segment::Literal(b)) => a == b,
                _ => true,
            })
    }

    /// Whether each literal of `other` is one here too, so that this route is the narrower of two
    /// that overlap.
    fn is_narrower_than(&self, other: &Route) -> bool {
        self.segments
            .iter()
            .zip(&other.segments)
            .all(|pair| !matches!(pair, (Segment::Parameter(_), Segment::Literal(_))))
    }
}

/// Every wire route once, found by method and segments.
#[derive(Debug, Default)]
pub(super) struct Table {
    routes: Vec<Route>,
    by_length: Vec<Vec<usize>>,
    literals: BTreeSet<String>,
}

impl Table {
    /// Adds a route unless it is there already; `place` names the line in errors.
    pub(super) fn add(&mut self, route: &Route, place: &str) -> Result<(), CatalogError> {
        if route.is_any_path() {
            return Ok(());
        }
        for other in self.routes.iter().filter(|other| other.overlaps(route)) {
            if other.is_same_as(route) {
                if other.scope == route.scope && other.also == route.also {
                    return Ok(());
                }
                return Err(CatalogError::ScopeConflict {
                    function: place.to_owned(),
                    request: route.to_string(),
                    here: route.scope.clone(),
                    there: other.scope.clone(),
                });
            }
            if !other.is_narrower_than(route) && !route.is_narrower_than(other) {
                return Err(CatalogError::Ambiguous {
                    function: place.to_owned(),
                    request: route.to_string(),
                    other: other.to_string(),
                });
            }
        }
        let length = route.segments.len();
        if self.by_length.len() <= length {
            self.by_length.resize_with(length + 1, Vec::new);
        }
        self.by_length[length].push(self.routes.len());
        for segment in &route.segments {
            if let Segment::Literal(literal) = segment {
                self.literals.insert(literal.clone());
            }
        }
        self.routes.push(route.clone());
        Ok(())
    }

    pub(super) fn all(&self) -> &[Route] {
        &self.routes
    }

    pub(super) fn find(&self, method: &Method, segments: &[&str]) -> Option<&Route> {
        self.find_by(method, segments, |own, given| own == given)
    }

    /// As [`Table::find`], with another idea of when a fixed word and a segment are the same.
    pub(super) fn find_by(
        &self,
        method: &Method,
        segments: &[&str],
        same: fn(&str, &str) -> bool,
    ) -> Option<&Route> {
        self.by_length
            .get(segments.len())?
            .iter()
            .map(|at| &self.routes[*at])
            .filter(|route| route.matches(method, segments, same))
            .reduce(|best, route| if route.is_narrower_than(best) { route } else { best })
    }

    pub(super) fn blank(&self, segments: &[&str]) -> String {
        // The longest route has six segments; more is noise that would only let a caller inflate
        // the record.
        const SHOWN: usize = 8;
        let mut text = String::new();
        for segment in segments.iter().take(SHOWN) {
            text.push('/');
            text.push_str(if self.literals.contains(*segment) { segment } else { "{…}" });
        }
        if segments.len() > SHOWN {
            text.push_str("/…");
        }
        text
    }
}
