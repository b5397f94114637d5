//! The bodies that are read on their way out, since what they say decides who acts and whose
//! protected data moves.
//!
//! Every other body passes unread. A body that cannot be judged is refused, and so is one that two
//! readers could take for different things: it goes out as it came, so Lever must read in it what
//! was read here.

use std::collections::HashSet;
use std::fmt;

use http::{HeaderMap, header};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use super::form::{Fault, Form};
use super::{Agent, Refusal};
use crate::catalog::Route;

/// The largest JSON that is read; the records in question have a few kilobytes.
pub const LARGEST: usize = 1 << 20;

/// The keys that name who acts, without what lenient readers overlook.
const USERS: [&str; 3] = ["user", "userid", "performas"];

/// What a request's body must be before it may go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// Nothing: Lever reads no body of such a request, and something on the way could.
    Nothing {
        /// The method, for the message.
        method: String,
    },
    /// Something whose content has to be judged.
    Content(Content),
}

/// What a body must not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// EEO answers and a diversity survey, for this agent.
    pub no_eeo: Option<String>,
    /// Another user than this one of the agent's `perform-as`.
    pub only_user: Option<String>,
}

/// How a body is to be read, by what its request says.
#[derive(Debug)]
pub enum Kind {
    /// As one JSON object, as a whole.
    Json,
    /// As a form with files, piece by piece.
    Form(Form),
    /// Not at all: there is nothing in it, or it is refused.
    Other,
}

impl Agent {
    /// What of a request's body has to be judged, if anything.
    pub fn guard(&self, route: &Route) -> Option<Guard> {
        if !route.takes_body() {
            return Some(Guard::Nothing { method: route.method.to_string() });
        }
        let is_application = route.template == "/postings/{posting}/apply";
        let content = Content {
            no_eeo: (is_application && !self.eeo).then(|| self.name.clone()),
            // Whoever gives out tokens attributes nothing to anyone.
            only_user: self.perform_as.clone().filter(|_| route.scope.resource != "oauth"),
        };
        let is_needed = content.no_eeo.is_some() || content.only_user.is_some();
        is_needed.then_some(Guard::Content(content))
    }
}

impl Guard {
    /// The refusal of a body where there must be none.
    pub fn refuse_body(method: &str) -> Refusal {
        Refusal::request(
            "body where none belongs",
            format!(
                "a request was refused: a {method} carries no body, and this one had one; leave it out"
            ),
        )
    }

    /// The refusal of a body that cannot be read.
    pub fn unreadable() -> Refusal {
        Refusal::request(
            "body that cannot be read",
            format!(
                "a request was refused: its body must be one JSON object of at most {} KiB in UTF-8, with no key \
                 twice, or a form with files whose parts have one plain name each, and be named as such by its \
                 content type",
                LARGEST >> 10
            ),
        )
    }
}

impl Content {
    /// How a body with these headers is read.
    pub fn kind(&self, headers: &HeaderMap) -> Kind {
        match Form::of(headers) {
            _ if is_json(headers) => Kind::Json,
            // Lever takes an application as JSON alone.
            Some(form) if self.no_eeo.is_none() => Kind::Form(form),
            _ => Kind::Other,
        }
    }

    /// Whether this JSON may go out; `None` stands for a body that is too large to be read, or is
    /// no JSON by its type.
    ///
    /// # Errors
    ///
    /// With the refusal, which shows nothing of the body.
    pub fn judge(&self, body: Option<&[u8]>) -> Result<(), Refusal> {
        let object: Option<Object> = body.and_then(|body| serde_json::from_slice(body).ok());
        let object = object.ok_or_else(Guard::unreadable)?;
        if let Some(agent) = &self.no_eeo
            && object.given(&["eeoresponses", "diversitysurvey"]).next().is_some()
        {
            return Err(Refusal::request(
                "eeo = false",
                format!(
                    "the application holds EEO answers or a diversity survey, and agent `{agent}` may not hand them \
                     in; leave them out, or set `eeo = true` under [agents.{agent}] in the policy"
                ),
            ));
        }
        match &self.only_user {
            Some(user) if !object.given(&USERS).all(|given| given == user) => Err(other_user()),
            // Further in, `user` may be anything's name.
            Some(_) if object.0.iter().any(|(_, value)| performs_as(value)) => Err(other_user()),
            _ => Ok(()),
        }
    }

    /// Reads on in a form.
    ///
    /// # Errors
    ///
    /// With the refusal, which shows nothing of the body.
    pub fn read(&self, form: &mut Form, piece: &[u8]) -> Result<(), Refusal> {
        form.read(piece).map_err(Fault::refusal)
    }

    /// Ends a form.
    ///
    /// # Errors
    ///
    /// When it is not whole.
    pub fn end(&self, form: &Form) -> Result<(), Refusal> {
        form.end().map_err(Fault::refusal)
    }
}

impl Fault {
    fn refusal(self) -> Refusal {
        match self {
            Fault::Unreadable => Guard::unreadable(),
            Fault::NamesUser => other_user(),
        }
    }
}

fn other_user() -> Refusal {
    Refusal::request(
        "perform-as",
        "the body names another user than the one that the agent acts for; leave `user` and `perform_as` out, the host \
         adds it. An update of a record that another user wrote names its author, so this agent cannot make it",
    )
}

/// Whether a key says who acts, to a reader who is lenient.
pub(super) fn names_user(key: &str) -> bool {
    USERS.contains(&reduced(key).as_str())
}

/// Whether `perform_as` stands anywhere in a value: nothing of Lever's has it there.
fn performs_as(value: &Value) -> bool {
    match value {
        Value::Object(object) => {
            object.iter().any(|(key, value)| reduced(key) == "performas" || performs_as(value))
        }
        Value::Array(items) => items.iter().any(performs_as),
        _ => false,
    }
}

/// A key without what lenient readers overlook.
fn reduced(key: &str) -> String {
    key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// The members of a JSON object, each key once.
struct Object(Vec<(String, Value)>);

impl Object {
    /// Each value of these keys that is one, whatever lenient readers overlook in the spelling of a
    /// key.
    fn given<'v>(&'v self, names: &'v [&str]) -> impl Iterator<Item = &'v Value> {
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
    fn bodies_are_read_where_it_matters_and_nowhere_else() {
        let content = |eeo: bool, user: bool| {
            Some(Guard::Content(Content {
                no_eeo: eeo.then(|| "a".to_owned()),
                only_user: user.then(|| "u".to_owned()),
            }))
        };
        let mut agent = Agent::denied("a");
        let apply = ["postings", "p", "apply"];
        let note = ["opportunities", "o", "notes", "n"];
        assert_eq!(guard(&agent, Method::POST, &apply), content(true, false));
        assert_eq!(guard(&agent, Method::PUT, &note), None);
        agent.perform_as = Some("u".to_owned());
        assert_eq!(guard(&agent, Method::POST, &apply), content(true, true));
        agent.eeo = true;
        for route in Catalog::embedded().routes() {
            let guard = agent.guard(route);
            match route.method.as_str() {
                "GET" | "DELETE" => {
                    let method = route.method.to_string();
                    assert_eq!(guard, Some(Guard::Nothing { method }), "{route}");
                }
                _ if route.template == "/oauth/token" => assert_eq!(guard, None, "{route}"),
                _ => assert_eq!(guard, content(false, true), "{route}"),
            }
        }
    }

    #[test]
    fn eeo_answers_need_a_grant_of_their_own() {
        let guard = Content { no_eeo: Some("a".into()), only_user: None };
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
    fn a_write_names_the_agents_user_or_none() {
        let guard = Content { no_eeo: None, only_user: Some("u".into()) };
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
            (r#"{"perform_as":"v"}"#, false),
            (r#"{"performAs":"v"}"#, false),
            (r#"{"perform_as":"u"}"#, true),
            (r#"{"values":[{"user":"v"}]}"#, true),
            (r#"{"values":[{"performAs":"u"}]}"#, false),
            (r#"{"panel":{"a":[{"perform_as":"v"}]}}"#, false),
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
