//! One record of the audit, and the sentence that says it in English.
//!
//! The sentence is made from the fields, so it cannot claim more than they do.

use serde::{Deserialize, Serialize};

use super::escape::escape;

/// What a record is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// One call of a function, written when it ends or is refused.
    #[default]
    Call,
    /// One request on the wire.
    Request,
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
    /// A request's method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A request's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// A request's path as a template; ids blanked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub route: Option<String>,
    /// Allowed or refused.
    pub decision: Decision,
    /// The grant that allowed it, or what refused it.
    pub rule: String,
    /// The HTTP status of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// How many requests the call sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
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
        if self.text.is_empty() {
            self.text = self.sentence();
        }
        tidy(&mut self.text, LONGEST_TEXT);
        self
    }

    fn sentence(&self) -> String {
        let Record { agent, function, rule, .. } = self;
        let what = match (self.kind, self.decision) {
            (Kind::Call, Decision::Refused) => {
                return format!("{agent} was refused {function}: {rule}");
            }
            (Kind::Request, Decision::Refused) => {
                return format!("{agent} was refused {} for {function}: {rule}", self.request());
            }
            (Kind::Request, Decision::Allowed) => {
                format!("{agent} sent {} for {function}", self.request())
            }
            (Kind::Call, Decision::Allowed) => match (function.split_once('.'), self.records) {
                (Some((things, verb)), Some(count)) if verb.starts_with("list") => {
                    format!("{agent} read {count} {}", things.replace('-', " "))
                }
                (_, Some(count)) if count != 1 => {
                    format!("{agent} called {function} and got {count} records")
                }
                _ => format!("{agent} called {function}"),
            },
        };
        let mut text = what;
        if let Some(error) = &self.error {
            text.push_str(", which failed with ");
            text.push_str(error);
            if let Some(outcome) = &self.outcome {
                text.push_str(match outcome.as_str() {
                    "not-sent" => " (nothing was sent)",
                    "not-applied" => " (nothing was changed)",
                    "applied" => " (the change was made)",
                    _ => " (the change may have been made)",
                });
            }
        } else if let (Kind::Request, Some(status)) = (self.kind, self.status) {
            text.push_str(&format!(", answered {status}"));
        }
        format!("{text}: allowed by {rule}")
    }

    fn request(&self) -> String {
        let method = self.method.as_deref().unwrap_or("a request");
        match (&self.route, &self.host) {
            (Some(route), _) => format!("{method} {route}"),
            (None, Some(host)) => format!("{method} to {host}"),
            (None, None) => method.to_owned(),
        }
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

    fn request() -> Record {
        Record {
            kind: Kind::Request,
            method: Some("GET".into()),
            host: Some("api.lever.co".into()),
            route: Some("/opportunities".into()),
            ..call()
        }
    }

    #[test]
    fn the_sentence_says_what_the_fields_say() {
        let rows = [
            (
                Record { records: Some(100), ..call() },
                "sourcer read 100 opportunities: allowed by opportunities=read",
            ),
            (
                Record { function: "opportunities.archive".into(), ..call() },
                "sourcer called opportunities.archive: allowed by opportunities=read",
            ),
            (
                Record {
                    error: Some("rate-limited".into()),
                    outcome: Some("not-applied".into()),
                    ..call()
                },
                "sourcer called opportunities.list-all, which failed with rate-limited (nothing was changed): allowed \
                 by opportunities=read",
            ),
            (
                Record {
                    decision: Decision::Refused,
                    rule: "no grant for opportunities".into(),
                    ..call()
                },
                "sourcer was refused opportunities.list-all: no grant for opportunities",
            ),
            (
                Record { status: Some(200), ..request() },
                "sourcer sent GET /opportunities for opportunities.list-all, answered 200: allowed by \
                 opportunities=read",
            ),
            (
                Record { decision: Decision::Refused, rule: "perform-as".into(), ..request() },
                "sourcer was refused GET /opportunities for opportunities.list-all: perform-as",
            ),
            (
                Record {
                    decision: Decision::Refused,
                    route: None,
                    host: Some("evil.example".into()),
                    rule: "not the API's address".into(),
                    ..request()
                },
                "sourcer was refused GET to evil.example for opportunities.list-all: not the API's address",
            ),
        ];
        for (record, expected) in rows {
            assert_eq!(record.completed().text, expected);
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
        ] {
            assert!(!line.contains(&format!("\"{key}\"")), "{line}");
        }
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), call());
    }
}
