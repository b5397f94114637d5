//! The two bodies that are read on their way out, since what they say decides who acts and whose protected data moves.
//!
//! Every other body passes unread. A body that cannot be judged is refused.

use serde_json::{Map, Value};

use super::{Agent, Refusal};
use crate::catalog::Route;

/// The largest body that is read; the records in question have a few kilobytes.
pub const LARGEST: usize = 1 << 20;

/// A body that must be read before it may go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// An application, which must hold no EEO answers and no diversity survey.
    NoEeo {
        /// The agent's name, for the message.
        agent: String,
    },
    /// A note, which must name no other user than this one.
    OnlyUser {
        /// The user of the agent's `perform-as`.
        user: String,
    },
}

impl Agent {
    /// What of a request's body has to be judged, if anything.
    pub fn guard(&self, route: &Route) -> Option<Guard> {
        match (route.method.as_str(), route.template.as_str()) {
            ("POST", "/postings/{posting}/apply") if !self.eeo => {
                Some(Guard::NoEeo { agent: self.name.clone() })
            }
            ("PUT", "/opportunities/{opportunity}/notes/{note}") => {
                self.perform_as.clone().map(|user| Guard::OnlyUser { user })
            }
            _ => None,
        }
    }
}

impl Guard {
    /// Whether this body may go out; `None` stands for one that is too large to be read, or is no JSON by its type.
    ///
    /// # Errors
    ///
    /// With the refusal, which shows nothing of the body.
    pub fn judge(&self, body: Option<&[u8]>) -> Result<(), Refusal> {
        let object: Option<Map<String, Value>> =
            body.and_then(|body| serde_json::from_slice(body).ok());
        let Some(object) = object else {
            return Err(Refusal::request(
                "body that cannot be read",
                format!(
                    "a request was refused: its body must be one JSON object of at most {} KiB",
                    LARGEST >> 10
                ),
            ));
        };
        match self {
            Guard::NoEeo { agent } => match given(&object, &["eeoresponses", "diversitysurvey"]) {
                None => Ok(()),
                Some(_) => Err(Refusal::request(
                    "eeo = false",
                    format!(
                        "the application holds EEO answers or a diversity survey, and agent `{agent}` may not hand \
                         them in; leave them out, or set `eeo = true` under [agents.{agent}] in the policy"
                    ),
                )),
            },
            Guard::OnlyUser { user } => match given(&object, &["user", "userid", "performas"]) {
                Some(given) if given != user.as_str() => Err(Refusal::request(
                    "perform-as",
                    "the note names another user than the one that the agent acts for; leave `user` out",
                )),
                _ => Ok(()),
            },
        }
    }
}

/// The first of these keys that has a value, whatever lenient readers overlook in its spelling.
fn given<'v>(object: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    let reduced = |key: &str| -> String {
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let is_empty = |value: &Value| match value {
        Value::Null => true,
        Value::Object(object) => object.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let mut found = object
        .iter()
        .filter(|(key, value)| names.contains(&reduced(key).as_str()) && !is_empty(value));
    found.next().map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use http::Method;

    fn guard(agent: &Agent, method: Method, segments: &[&str]) -> Option<Guard> {
        agent.guard(Catalog::embedded().route(&method, segments).unwrap())
    }

    #[test]
    fn two_bodies_are_read_and_only_where_it_matters() {
        let mut agent = Agent::denied("a");
        let apply = ["postings", "p", "apply"];
        let note = ["opportunities", "o", "notes", "n"];
        assert!(matches!(guard(&agent, Method::POST, &apply), Some(Guard::NoEeo { .. })));
        assert_eq!(guard(&agent, Method::PUT, &note), None);
        agent.eeo = true;
        agent.perform_as = Some("u".to_owned());
        assert_eq!(guard(&agent, Method::POST, &apply), None);
        assert_eq!(guard(&agent, Method::PUT, &note), Some(Guard::OnlyUser { user: "u".into() }));
        assert_eq!(guard(&agent, Method::GET, &note), None);
        assert_eq!(guard(&agent, Method::POST, &["opportunities", "o", "notes"]), None);
    }

    #[test]
    fn eeo_answers_need_a_grant_of_their_own() {
        let guard = Guard::NoEeo { agent: "a".into() };
        for good in [
            r#"{"personalInformation":[]}"#,
            r#"{"eeoResponses":null,"diversitySurvey":{}}"#,
            r#"{"source":"eeoResponses"}"#,
        ] {
            assert!(guard.judge(Some(good.as_bytes())).is_ok(), "{good}");
        }
        for bad in [
            r#"{"eeoResponses":{"gender":"secret"}}"#,
            r#"{"eeo\u0052esponses":{"gender":"secret"}}"#,
            r#"{"EEO_Responses":{"gender":"secret"}}"#,
            r#"{"eeoResponses":{},"eeo_responses":{"gender":"secret"}}"#,
            r#"{"diversitySurvey":{"surveyId":"secret"}}"#,
            r#"[{"eeoResponses":1}]"#,
            "eeoResponses=secret",
            "",
        ] {
            let refusal = guard.judge(Some(bad.as_bytes())).unwrap_err();
            assert!(!refusal.message.contains("secret"), "{}", refusal.message);
        }
        assert!(guard.judge(None).is_err());
    }

    #[test]
    fn a_note_names_the_agents_user_or_none() {
        let guard = Guard::OnlyUser { user: "u".into() };
        for (body, good) in [
            (r#"{"values":[]}"#, true),
            (r#"{"values":[],"user":"u"}"#, true),
            (r#"{"values":[],"user":null}"#, true),
            (r#"{"values":[],"user":"v"}"#, false),
            (r#"{"values":[],"User":"v"}"#, false),
            (r#"{"values":[],"user":"v","user":"v"}"#, false),
        ] {
            assert_eq!(guard.judge(Some(body.as_bytes())).is_ok(), good, "{body}");
        }
    }
}
