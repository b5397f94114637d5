//! One record of the audit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::escape::escape;
use super::sentence::sentence;

/// What a record is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One call of a function, written when it ends or is refused.
    #[default]
    Call,
    /// One request on the wire, written when it has ended.
    Request,
    /// A request that may change something, written before it leaves. Where no record of the
    /// request with the same `call` and `request` follows, nobody knows whether it was made.
    Intent,
}

/// Whether it was let through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// A grant allowed it.
    Allowed,
    /// Nothing allowed it, or it broke a rule.
    #[default]
    Refused,
    /// There was nothing to decide on: the component has no such function, or the arguments do not
    /// fit.
    Invalid,
}

/// One record; fields that do not apply stay empty and are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Record {
    /// RFC 3339 in UTC with milliseconds; filled in by the writer.
    pub time: String,
    /// Call or request.
    pub kind: Kind,
    /// What joins requests to their call.
    pub call: String,
    /// The agent's name.
    pub agent: String,
    /// The first 16 hexadecimal digits of the component's SHA-256.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub component: String,
    /// The function, such as `opportunities.list-all`.
    pub function: String,
    /// The number of a request within its call, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<u32>,
    /// A request's method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A request's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A request's path as a template; ids blanked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// The route's parameters, each with the first 8 digits of its id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ids: BTreeMap<String, String>,
    /// Allowed, refused or invalid.
    pub decision: Decision,
    /// The grant that allowed it, or what refused it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// The HTTP status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How many requests the call sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// How many changes the call sent that were not turned down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changes: Option<u32>,
    /// How long it took, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
    /// How many records the call handed back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// The error's kind when it failed, such as `rate-limited` or `trap`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// With a failed call: whether the change may have happened, such as `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// All that as one sentence; made from the other fields when empty.
    pub text: String,
}

/// Enough for any name of ours; names from a component may be longer and are cut.
const LONGEST_FIELD: usize = 200;
const LONGEST_TEXT: usize = 1000;

impl Record {
    /// The record as it is stored: time and text filled in, every text escaped and bounded.
    pub(super) fn completed(mut self) -> Record {
        if self.time.is_empty() {
            self.time = now();
        }
        let required = [
            &mut self.time,
            &mut self.call,
            &mut self.agent,
            &mut self.component,
            &mut self.function,
            &mut self.rule,
        ];
        let optional =
            [&mut self.method, &mut self.host, &mut self.route, &mut self.error, &mut self.outcome];
        for field in required.into_iter().chain(optional.into_iter().flatten()) {
            tidy(field, LONGEST_FIELD);
        }
        for id in self.ids.values_mut() {
            tidy(id, LONGEST_FIELD);
        }
        if self.text.is_empty() {
            self.text = sentence(&self);
        }
        tidy(&mut self.text, LONGEST_TEXT);
        self
    }
}

fn tidy(text: &mut String, longest: usize) {
    if let std::borrow::Cow::Owned(escaped) = escape(text) {
        *text = escaped;
    }
    if let Some((at, _)) = text.char_indices().nth(longest) {
        text.truncate(at);
        text.push('…');
    }
}

fn now() -> String {
    format!("{:.3}", jiff::Timestamp::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Record {
        Record {
            agent: "sourcer".into(),
            function: "opportunities.list-all".into(),
            decision: Decision::Allowed,
            rule: "opportunities=read".into(),
            ..Record::default()
        }
    }

    #[test]
    fn every_text_field_is_escaped_and_bounded() {
        let hostile = || format!("\u{1b}[2J\u{202e}\n{}", "x".repeat(5000));
        let record = Record {
            time: hostile(),
            kind: Kind::Request,
            call: hostile(),
            agent: hostile(),
            component: hostile(),
            function: hostile(),
            method: Some(hostile()),
            host: Some(hostile()),
            route: Some(hostile()),
            rule: hostile(),
            error: Some(hostile()),
            outcome: Some(hostile()),
            text: hostile(),
            ..Record::default()
        };
        let line = serde_json::to_string(&record.completed()).unwrap();
        assert!(!line.contains(['\u{1b}', '\u{202e}', '\n']), "{line}");
        assert!(!line.contains("\\u001b") && line.len() < 5000, "{line}");
    }

    #[test]
    fn what_does_not_apply_is_left_out() {
        let line = serde_json::to_string(&call()).unwrap();
        for key in [
            "method",
            "host",
            "route",
            "status",
            "attempts",
            "ms",
            "records",
            "error",
            "outcome",
            "component",
            "request",
            "ids",
            "changes",
        ] {
            assert!(!line.contains(&format!("\"{key}\"")), "{line}");
        }
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), call());
    }
}
