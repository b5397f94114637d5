//! The body of a request, parsed as the kind its endpoint takes, and the keys the endpoint does not
//! have.
//!
//! Knows no endpoint: a row names the kinds and keys it takes.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::http::body::escaped;
use crate::http::form::{self, Form};
use crate::http::reply::Failure;

/// What an endpoint takes; the keys are paths such as `phones/*/value`, and nothing below a key's
/// end is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Takes {
    /// No body.
    Nothing,
    /// A JSON object with these keys.
    Json(&'static [&'static str]),
    /// multipart/form-data with these parts.
    Form(&'static [&'static str]),
    /// Either of the two.
    Either(&'static [&'static str]),
}

/// A parsed body.
#[derive(Debug, Default)]
pub(crate) enum Payload {
    #[default]
    Nothing,
    Json(Map<String, Value>),
    Form(Form),
}

impl Takes {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Nothing => &[],
            Self::Json(keys) | Self::Form(keys) | Self::Either(keys) => keys,
        }
    }

    /// Whether files may come with it.
    pub fn is_form(self) -> bool {
        matches!(self, Self::Form(_) | Self::Either(_))
    }

    fn is_json(self) -> bool {
        matches!(self, Self::Json(_) | Self::Either(_))
    }

    /// Parses a body of this content type; `is_sized` is whether it came with its length.
    ///
    /// # Errors
    /// Another kind of body, or one that is not well formed.
    pub fn read(
        self,
        content_type: Option<&str>,
        body: &Bytes,
        is_sized: bool,
    ) -> Result<Payload, Failure> {
        let given = content_type.unwrap_or_default();
        let kind = given.split(';').next().unwrap_or_default().trim();
        if let Self::Nothing = self {
            return Ok(Payload::Nothing);
        }
        if self.is_form() && kind.eq_ignore_ascii_case("multipart/form-data") {
            if !is_sized {
                return Err(Failure::LengthRequired);
            }
            return Ok(Payload::Form(form::read(given, body)?));
        }
        if !self.is_json() {
            return Err(Failure::MediaType("multipart/form-data"));
        }
        if !body.is_empty() && !kind.eq_ignore_ascii_case("application/json") {
            return Err(Failure::MediaType("application/json"));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(map)) => Ok(Payload::Json(map)),
            Ok(_) => Err(Failure::Query("The request body must be a JSON object.".to_owned())),
            Err(error) => Err(Failure::Query(format!("Invalid JSON: {error}"))),
        }
    }

    /// JSON pointers of the keys in it that the endpoint does not have.
    pub fn unknown(self, payload: &Payload) -> Vec<String> {
        let map = match payload {
            Payload::Nothing => return Vec::new(),
            Payload::Json(map) => map,
            Payload::Form(form) => &form.fields,
        };
        let mut unknown = Vec::new();
        unknown_keys(map, "", self.keys(), &mut unknown);
        if let Payload::Form(form) = payload {
            let names = form.files.iter().map(|file| file.field.as_str());
            let unknown_files = names.filter(|name| !self.keys().contains(name));
            unknown.extend(unknown_files.map(|name| format!("/{}", escaped(name))));
        }
        unknown
    }
}

/// The first segment of a key path and what follows it.
fn parted(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

/// The rests of the paths that start with this segment; None where there is none.
fn below<'p>(paths: &[&'p str], segment: &str) -> Option<Vec<&'p str>> {
    let fitting = paths.iter().map(|path| parted(path)).filter(|(first, _)| *first == segment);
    let rest: Vec<_> = fitting.map(|(_, rest)| rest).collect();
    (!rest.is_empty()).then_some(rest)
}

fn unknown_keys(map: &Map<String, Value>, at: &str, paths: &[&str], found: &mut Vec<String>) {
    for (key, value) in map {
        let pointer = format!("{at}/{}", escaped(key));
        match below(paths, key) {
            None => found.push(pointer),
            Some(rest) => unknown_below(value, &pointer, &rest, found),
        }
    }
}

fn unknown_below(value: &Value, at: &str, paths: &[&str], found: &mut Vec<String>) {
    if paths.contains(&"") {
        return;
    }
    match value {
        Value::Object(map) => unknown_keys(map, at, paths, found),
        Value::Array(items) => {
            let rest = below(paths, "*").unwrap_or_default();
            for (n, item) in items.iter().enumerate() {
                unknown_below(item, &format!("{at}/{n}"), &rest, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_an_endpoint_does_not_have_are_reported_at_any_depth() {
        let takes = Takes::Json(&["name", "phones/*/value", "archived/reason", "free"]);
        let rows = [
            (json!({"name": "a", "free": {"any": [{"thing": 1}]}}), vec![]),
            (json!({"nom": "a", "phones": [{"value": "1"}, {"valeur": 1}]}), {
                vec!["/nom", "/phones/1/valeur"]
            }),
            (json!({"archived": {"reason": null, "a/b~c": 1}}), vec!["/archived/a~1b~0c"]),
            (json!({"phones": "of another type", "archived": null}), vec![]),
        ];
        for (body, expected) in rows {
            let Value::Object(map) = body.clone() else { panic!("{body}") };
            assert_eq!(takes.unknown(&Payload::Json(map)), expected, "{body}");
        }
    }

    #[test]
    fn a_body_of_another_kind_is_refused() {
        let body = Bytes::from_static(b"{}");
        let rows: [(Takes, Option<&str>, bool); 7] = [
            (Takes::Json(&[]), Some("application/json; charset=utf-8"), true),
            (Takes::Json(&[]), Some("text/plain"), false),
            (Takes::Json(&[]), None, false),
            (Takes::Json(&[]), Some("multipart/form-data; boundary=x"), false),
            (Takes::Form(&[]), Some("application/json"), false),
            (Takes::Either(&[]), Some("application/json"), true),
            (Takes::Nothing, Some("text/plain"), true),
        ];
        for (takes, kind, fits) in rows {
            assert_eq!(takes.read(kind, &body, true).is_ok(), fits, "{takes:?} {kind:?}");
        }
    }
}
