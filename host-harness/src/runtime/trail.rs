//! One call's records: its requests as they end, and the call itself.
//!
//! Knows when to write and what went before; what a record says and how is the
//! audit module's part. A record that could not be written is remembered, so
//! that the call fails.

use crate::audit::{Audit, AuditError, Decision, Kind, Record, call_id};
use crate::catalog::Route;
use crate::policy::{Refusal, Rule};
use http::{Method, StatusCode};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The records of one call.
pub struct Trail {
    audit: Audit,
    /// What every record of the call says.
    common: Record,
    host: String,
    start: Instant,
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
                function,
                ..Record::default()
            },
            host: host.to_owned(),
            start: Instant::now(),
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
    pub fn exchange(self: &Arc<Self>, method: &Method, route: &str, rule: &Rule) -> Exchange {
        Exchange {
            trail: Arc::clone(self),
            record: Some(Record {
                decision: Decision::Allowed,
                rule: rule.as_str().to_owned(),
                method: Some(shown(method)),
                route: Some(route.to_owned()),
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
        let mut exchange = self.exchange(method, route, rule);
        if let Some(record) = &mut exchange.record {
            record.host = Some(host.to_owned());
        }
        exchange
    }

    /// Writes down the call that was refused.
    pub fn refused_call(&self, rule: &str, end: End) {
        self.call(Decision::Refused, rule, end);
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

    /// The path's template.
    pub fn route(&self) -> Option<String> {
        self.record.as_ref().and_then(|record| record.route.clone())
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
        self.write(|record| {
            record.error = Some(error.to_owned());
            record.outcome = Some(outcome.to_owned());
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
        self.write(|record| {
            record.error = Some("abandoned".to_owned());
            record.outcome = Some(outcome.to_owned());
        });
    }
}

/// A method of the guest's making may be anything that is a token.
fn shown(method: &Method) -> String {
    method.as_str().chars().take(16).collect()
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
