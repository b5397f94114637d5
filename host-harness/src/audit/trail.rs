//! One call's records: its requests as they end, those that may change
//! something before they leave as well, and the call itself.
//!
//! Knows when to write and what went before; what a record says and how is the
//! audit module's part. A record that could not be written is remembered, so
//! that the call fails.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use http::{Method, StatusCode};

use crate::audit::{Audit, AuditError, Decision, Kind, Record, call_id};
use crate::catalog::{Route, Segment};
use crate::policy::{Refusal, Rule};

/// Parameters of a route with the first digits of the ids they had.
pub type Ids = BTreeMap<String, String>;

/// The records of one call.
pub struct Trail {
    audit: Audit,
    /// What every record of the call says.
    common: Record,
    host: String,
    start: Instant,
    /// Requests that were to be sent so far.
    requests: AtomicU32,
    lost: Mutex<Option<AuditError>>,
}

/// How a call ended, for its record.
#[derive(Debug, Default)]
pub struct End {
    /// Requests that were sent.
    pub attempts: u32,
    /// Records handed back.
    pub records: Option<u64>,
    /// The kind of error it ended with.
    pub error: Option<String>,
    /// Whether the change may have happened, where that is a question.
    pub outcome: Option<String>,
    /// The status of the last answer, where the component named it.
    pub status: Option<u16>,
    /// Changes that were sent and not turned down.
    pub changes: u32,
    /// What the requests of the function were about.
    pub ids: Ids,
}

impl Trail {
    /// A trail without records yet. `component` is the digest in hexadecimal.
    pub fn new(
        audit: Audit,
        agent: &str,
        component: &str,
        function: String,
        host: &str,
    ) -> Arc<Self> {
        Arc::new(Self {
            audit,
            common: Record {
                call: call_id(),
                agent: agent.to_owned(),
                component: component.chars().take(16).collect(),
                function: named(function),
                ..Record::default()
            },
            host: host.to_owned(),
            start: Instant::now(),
            requests: AtomicU32::new(0),
            lost: Mutex::default(),
        })
    }

    /// Whether a record could not be written.
    pub fn is_broken(&self) -> bool {
        self.lost().is_some()
    }

    /// The first record's error that could not be written.
    pub fn take_lost(&self) -> Option<AuditError> {
        self.lost().take()
    }

    /// Writes down a request that did not go out, with the host it was meant
    /// for.
    pub fn refused_request(&self, method: &Method, host: Option<&str>, refusal: &Refusal) {
        self.write(Record {
            decision: Decision::Refused,
            rule: refusal.rule.clone(),
            method: Some(shown(method)),
            host: host.map(str::to_owned),
            route: refusal.route.clone(),
            ..self.request()
        });
    }

    /// Writes down that records were taken out of an answer.
    pub fn withheld(&self, route: &Route, refusal: &Refusal) {
        self.write(Record {
            decision: Decision::Refused,
            rule: refusal.rule.clone(),
            method: Some(shown(&route.method)),
            route: Some(route.template.clone()),
            ..self.request()
        });
    }

    /// Begins the record of a request that may go out.
    pub fn exchange(
        self: &Arc<Self>,
        method: &Method,
        route: &str,
        ids: Ids,
        rule: &Rule,
    ) -> Exchange {
        Exchange {
            trail: Arc::clone(self),
            record: Some(Record {
                decision: Decision::Allowed,
                rule: rule.as_str().to_owned(),
                request: Some(self.requests.fetch_add(1, Ordering::Relaxed) + 1),
                method: Some(shown(method)),
                route: Some(route.to_owned()),
                ids,
                ..self.request()
            }),
            sent: None,
        }
    }

    /// Begins the record of a request to another server than the API.
    pub fn elsewhere(
        self: &Arc<Self>,
        method: &Method,
        host: &str,
        route: &str,
        rule: &Rule,
    ) -> Exchange {
        let mut exchange = self.exchange(method, route, Ids::new(), rule);
        if let Some(record) = &mut exchange.record {
            record.host = Some(host.to_owned());
        }
        exchange
    }

    /// Writes down the call that was refused.
    pub fn refused_call(&self, rule: &str, end: End) {
        self.call(Decision::Refused, rule, end);
    }

    /// Writes down a call that no rule decides on: there is no such function,
    /// or its arguments do not fit.
    pub fn invalid_call(&self, error: &str) {
        let end = End { error: Some(error.to_owned()), ..End::default() };
        self.call(Decision::Invalid, "", end);
    }

    /// Writes down the call that was allowed, however it ended.
    pub fn ended_call(&self, rule: &str, end: End) {
        self.call(Decision::Allowed, rule, end);
    }

    fn call(&self, decision: Decision, rule: &str, end: End) {
        self.write(Record {
            kind: Kind::Call,
            decision,
            rule: rule.to_owned(),
            attempts: Some(end.attempts),
            changes: (end.changes > 0).then_some(end.changes),
            ids: end.ids,
            records: end.records,
            error: end.error,
            outcome: end.outcome,
            status: end.status,
            ms: Some(millis(self.start)),
            ..self.common.clone()
        });
    }

    fn request(&self) -> Record {
        Record { kind: Kind::Request, host: Some(self.host.clone()), ..self.common.clone() }
    }

    fn write(&self, record: Record) {
        if let Err(error) = self.audit.write(record) {
            self.lost().get_or_insert(error);
        }
    }

    fn lost(&self) -> MutexGuard<'_, Option<AuditError>> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The record of one request under way; written when dropped, if not before.
pub struct Exchange {
    trail: Arc<Trail>,
    record: Option<Record>,
    sent: Option<Instant>,
}

impl Exchange {
    /// Whether it is an application to a posting, which has a lane of its own.
    pub fn is_application(&self) -> bool {
        self.record.as_ref().is_some_and(|record| {
            record.method.as_deref() == Some("POST")
                && record.route.as_deref() == Some("/postings/{posting}/apply")
        })
    }

    /// What it is about.
    pub fn ids(&self) -> &Ids {
        static NONE: Ids = Ids::new();
        self.record.as_ref().map_or(&NONE, |record| &record.ids)
    }

    /// The path's template.
    pub fn route(&self) -> Option<String> {
        self.record.as_ref().and_then(|record| record.route.clone())
    }

    /// Writes down that it is about to leave, and returns when that will
    /// survive the machine; says whether it will.
    #[must_use]
    pub async fn announced(&self) -> bool {
        let Some(record) = &self.record else { return false };
        let intent = Record { kind: Kind::Intent, ..record.clone() };
        match self.trail.audit.write_synced(intent).await {
            Ok(()) => true,
            Err(error) => {
                self.trail.lost().get_or_insert(error);
                false
            }
        }
    }

    /// Says that it may be on its way from now on.
    pub fn sending(&mut self) {
        self.sent = Some(Instant::now());
    }

    /// Writes down the answer.
    pub fn answered(mut self, status: StatusCode) {
        self.write(|record| record.status = Some(status.as_u16()));
    }

    /// Writes down an answer that the component does not get to see.
    pub fn withheld(mut self, status: StatusCode, refusal: &Refusal) {
        self.write(|record| {
            record.decision = Decision::Refused;
            record.rule.clone_from(&refusal.rule);
            record.status = Some(status.as_u16());
        });
    }

    /// Writes down that no answer came.
    pub fn failed(mut self, error: &str, outcome: &str) {
        self.fail(error, outcome);
    }

    /// Only what may change something has an outcome beyond whether it was sent.
    fn fail(&mut self, error: &str, outcome: &str) {
        self.write(|record| {
            let is_read = matches!(record.method.as_deref(), Some("GET" | "HEAD"));
            record.error = Some(error.to_owned());
            record.outcome =
                Some(outcome.to_owned()).filter(|outcome| !is_read || outcome == "not-sent");
        });
    }

    /// Writes down that the address was one that is not connected to.
    pub fn prohibited(mut self, refusal: &Refusal) {
        self.write(|record| {
            record.decision = Decision::Refused;
            record.rule.clone_from(&refusal.rule);
        });
    }

    fn write(&mut self, fill: impl FnOnce(&mut Record)) {
        if let Some(mut record) = self.record.take() {
            record.ms = self.sent.map(millis);
            fill(&mut record);
            self.trail.write(record);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let outcome = match self.sent {
            Some(_) => "unknown",
            None => "not-sent",
        };
        self.fail("abandoned", outcome);
    }
}

/// The ids in a path that belongs to this route, each cut to its first 8 digits.
/// What has not the form of Lever's ids is left out: it could say anything.
pub fn ids(route: &Route, path: &str) -> Ids {
    let given: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    let own = route.segments();
    let first = given.len().saturating_sub(own.len());
    let pairs = own.iter().zip(&given[first..]);
    let short = pairs.filter_map(|(segment, given)| match segment {
        Segment::Parameter(name) if is_id(given) => Some((name.clone(), given[..8].to_owned())),
        _ => None,
    });
    short.collect()
}

/// Whether it is a UUID, as Lever's ids are.
fn is_id(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// `interface.function` as the WIT could name it. Any other text is of a caller's
/// making and may say anything, so it is left out.
fn named(function: String) -> String {
    let is_label = |label: &str| {
        let words = label.split('-');
        label.len() <= 64
            && words.into_iter().all(|word| {
                word.starts_with(|c: char| c.is_ascii_alphabetic())
                    && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
            })
    };
    let is_interface =
        |text: &str| text.split([':', '/', '@']).all(|part| is_label(part) || is_version(part));
    let is_named = function
        .rsplit_once('.')
        .is_some_and(|(interface, name)| is_interface(interface) && is_label(name));
    if is_named { function } else { "(not a function's name)".to_owned() }
}

fn is_version(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

/// A method of the guest's making may be anything that is a token.
fn shown(method: &Method) -> String {
    method.as_str().chars().take(16).collect()
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn a_name_that_the_wit_could_not_hold_is_left_out() {
        let rows = [
            ("notes.create", true),
            ("wasi:http/types@0.2.6.run-it", true),
            ("probe.read-2025", false),
            ("notes.delete all of Anna", false),
            ("notes.anna@example.com", false),
            ("Anna Meier.get", false),
            ("notes", false),
        ];
        for (name, is_kept) in rows {
            assert_eq!(named(name.to_owned()) == name, is_kept, "{name}");
        }
    }

    #[test]
    fn ids_are_cut_and_anything_else_is_left_out() {
        let catalog = Catalog::embedded();
        let route = |id: &str| &catalog.function_by_id(id).unwrap().routes[0];
        let id = "2ce5439e-5a9c-4ac9-a5a5-3d5bcf6b3f9b";
        let rows = [
            ("notes.update", format!("/v1/opportunities/{id}/notes/{id}"), "note opportunity"),
            ("notes.update", format!("/v1/opportunities/{id}/notes/Jane%20Doe"), "opportunity"),
            ("notes.update", format!("/v1/opportunities/jane@example.com/notes/{id}x"), ""),
            ("opportunities.get", format!("/opportunities/{id}"), "opportunity"),
            ("webhooks.update", "/v1/webhooks/".to_owned(), ""),
        ];
        for (function, path, names) in rows {
            let ids = ids(route(function), &path);
            let found: Vec<&str> = ids.keys().map(String::as_str).collect();
            assert_eq!(found.join(" "), names, "{path}");
            assert!(ids.values().all(|short| short == "2ce5439e"), "{ids:?}");
        }
    }
}
