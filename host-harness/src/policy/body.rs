//! The two bodies that are read on their way out, since what they say decides who acts and whose protected data moves.
//!
//! Every other body passes unread. A body that cannot be judged is refused, and so is one that two readers could take
//! for different things: it goes out as it came, so Lever must read in it what was read here.

use std::collections::HashSet;
use std::fmt;

use http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

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
        let object: Option<Object> = body.and_then(|body| serde_json::from_slice(body).ok());
        let Some(object) = object else {
            return Err(Refusal::request(
                "body that cannot be read",
                format!(
                    "a request was refused: its body must be one JSON object of at most {} KiB in UTF-8, with no key \
                     twice, and be named as such by its content type",
                    LARGEST >> 10
                ),
            ));
        };
        match self {
            Guard::NoEeo { agent } => {
                match object.given(&["eeoresponses", "diversitysurvey"]).next() {
                    None => Ok(()),
                    Some(_) => Err(Refusal::request(
                        "eeo = false",
                        format!(
                            "the application holds EEO answers or a diversity survey, and agent `{agent}` may not \
                             hand them in; leave them out, or set `eeo = true` under [agents.{agent}] in the policy"
                        ),
                    )),
                }
            }
            Guard::OnlyUser { user } => {
                match object.given(&["user", "userid", "performas"]).all(|given| given == user) {
                    true => Ok(()),
                    false => Err(Refusal::request(
                        "perform-as",
                        "the note names another user than the one that the agent acts for; leave `user` out",
                    )),
                }
            }
        }
    }
}

/// The members of a JSON object, each key once.
struct Object(Vec<(String, Value)>);

impl Object {
    /// Each value of these keys that is one, whatever lenient readers overlook in the spelling of a key.
    fn given<'v>(&'v self, names: &'v [&str]) -> impl Iterator<Item = &'v Value> {
        let reduced = |key: &str| -> String {
            key.chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect()
        };
        let is_empty = |value: &Value| match value {
            Value::Null => true,
            Value::Object(object) => object.is_empty(),
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        self.0
            .iter()
            .filter(move |(key, value)| names.contains(&reduced(key).as_str()) && !is_empty(value))
            .map(|(_, value)| value)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    /// Of a key that is there twice, some readers take the first value and some the last.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut members = Vec::new();
        let mut keys = HashSet::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom("a key twice"));
            }
            members.push((key, value));
        }
        Ok(Object(members))
    }
}

/// Whether a body is JSON in UTF-8 by its one content type, to whoever reads that.
pub fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (types.next(), types.next()) else { return false };
    let mut parts = kind.to_str().unwrap_or_default().split(';').map(str::trim);
    let is_json = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"));
    let is_utf8 = |part: &str| {
        let (name, value) = part.split_once('=').unwrap_or_default();
        name.eq_ignore_ascii_case("charset")
            && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    is_json && parts.next().is_none_or(is_utf8) && parts.next().is_none()
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
            r#"{"eeoResponses":{"gender":"secret"},"eeoResponses":null}"#,
            r#"{"eeoResponses":null,"eeo\u0052esponses":{"gender":"secret"}}"#,
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
            (r#"{"user":"v","user":"u"}"#, false),
            (r#"{"User":"u","user":"v"}"#, false),
            (r#"{"user":"u","userId":"v"}"#, false),
            (r#"{"user":"u","userId":"u"}"#, true),
        ] {
            assert_eq!(guard.judge(Some(body.as_bytes())).is_ok(), good, "{body}");
        }
    }

    #[test]
    fn a_body_is_json_by_one_content_type_that_says_so() {
        let rows: [(&[&str], bool); 13] = [
            (&["application/json"], true),
            (&["Application/JSON; Charset=UTF-8"], true),
            (&["application/json;charset=\"utf-8\""], true),
            (&[], false),
            (&[""], false),
            (&["text/json"], false),
            (&["application/jsonp"], false),
            (&["application/json; charset=utf-16"], false),
            (&["application/json; boundary=x"], false),
            (&["application/json; charset=utf-8; charset=utf-7"], false),
            (&["application/json, text/plain"], false),
            (&["application/json", "text/plain"], false),
            (&["application/json", "application/json"], false),
        ];
        for (types, expected) in rows {
            let mut headers = HeaderMap::new();
            for kind in types {
                headers.append(header::CONTENT_TYPE, kind.parse().unwrap());
            }
            assert_eq!(is_json(&headers), expected, "{types:?}");
        }
    }
}
