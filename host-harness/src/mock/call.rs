//! A request as handlers see it: captured ids, decoded query, typed access to query and JSON body.
//!
//! Reads and checks shapes only; what a value means is the handler's business.

use serde_json::{Map, Value};

use super::answer::Failure;

/// One authenticated request that matched a route.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// Raw path, as received.
    pub path: &'a str,
    /// Values of the `:name` segments, in order, percent-decoded.
    pub ids: Vec<String>,
    /// Decoded query pairs, in order.
    pub query: &'a [(String, String)],
    pub body: &'a [u8],
    /// The user the write is attributed to, already known to exist in strict mode.
    pub actor: Option<String>,
    /// Wall clock in milliseconds since 1970 UTC.
    pub now: u64,
    /// Whether the credential may see confidential records.
    pub confidential_access: bool,
}

impl Call<'_> {
    /// The n-th captured id; empty when the route captures fewer.
    pub fn id(&self, n: usize) -> &str {
        self.ids.get(n).map_or("", String::as_str)
    }

    /// Every value of a repeatable parameter; `name[]` counts as `name`.
    pub fn all(&self, name: &str) -> Vec<&str> {
        self.query
            .iter()
            .filter(|(key, _)| key.strip_suffix("[]").unwrap_or(key) == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The value of a parameter that may be given once.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Failure> {
        match self.all(name).as_slice() {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Failure::Query(format!("Parameter given more than once: {name}"))),
        }
    }

    /// A `true` or `false` parameter.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        match self.one(name)? {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Failure::Query(format!("Invalid parameter: {name}"))),
        }
    }

    /// A time parameter, in milliseconds since 1970 UTC.
    pub fn time(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.one(name)?
            .map(|text| {
                text.parse().map_err(|_| Failure::Query(format!("Invalid parameter: {name}")))
            })
            .transpose()
    }

    /// The JSON object in the body.
    pub fn json(&self) -> Result<Fields, Failure> {
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(map)) => Ok(Fields { at: String::new(), map }),
            Ok(_) => Err(Failure::Query("The request body must be a JSON object.".to_owned())),
            Err(error) => Err(Failure::Query(format!("Invalid JSON: {error}"))),
        }
    }
}

/// A JSON object of the request; every refusal names the field by its JSON pointer.
#[derive(Debug)]
pub(super) struct Fields {
    at: String,
    map: Map<String, Value>,
}

impl Fields {
    /// The JSON pointer of a field.
    pub fn pointer(&self, name: &str) -> String {
        format!("{}/{name}", self.at)
    }

    /// A refusal of this field.
    pub fn refuse(&self, name: &str, message: &str) -> Failure {
        Failure::Field(message.to_owned(), self.pointer(name))
    }

    /// Whether the key is there, null included.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    fn given(&self, name: &str) -> Option<&Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn read<'v, T>(
        &'v self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        self.given(name)
            .map(|value| read(value).ok_or_else(|| self.refuse(name, &format!("Expected {kind}."))))
            .transpose()
    }

    /// A string; null counts as absent, here and below.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Failure> {
        self.read(name, "a string", Value::as_str)
    }

    /// A string that must be given.
    pub fn need_text(&self, name: &str) -> Result<&str, Failure> {
        self.text(name)?.ok_or_else(|| Failure::missing(self.pointer(name)))
    }

    /// A boolean.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        self.read(name, "a boolean", Value::as_bool)
    }

    /// A whole number, zero or more: a time in milliseconds or a score.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.read(name, "a whole number", Value::as_u64)
    }

    /// A time that must not lie in the future, in milliseconds since 1970 UTC.
    pub fn past(&self, name: &str, now: u64) -> Result<Option<u64>, Failure> {
        match self.number(name)? {
            Some(time) if time > now => Err(self.refuse(name, "Must be in the past.")),
            time => Ok(time),
        }
    }

    /// A list of strings.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        self.read(name, "an array of strings", |value| {
            let texts = value.as_array()?.iter();
            texts.map(|item| item.as_str().map(str::to_owned)).collect()
        })
    }

    /// A list of strings that must be given.
    pub fn need_texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        self.texts(name)?.ok_or_else(|| Failure::missing(self.pointer(name)))
    }

    /// An object inside this one.
    pub fn child(&self, name: &str) -> Result<Option<Fields>, Failure> {
        let map = self.read(name, "an object", |value| value.as_object().cloned())?;
        Ok(map.map(|map| Fields { at: self.pointer(name), map }))
    }

    /// A list of objects inside this one.
    pub fn children(&self, name: &str) -> Result<Option<Vec<Fields>>, Failure> {
        let items = self.read(name, "an array of objects", |value| {
            let items = value.as_array()?.iter();
            items.map(|item| item.as_object().cloned()).collect::<Option<Vec<_>>>()
        })?;
        Ok(items.map(|items| {
            let numbered = items.into_iter().enumerate();
            numbered.map(|(n, map)| Fields { at: format!("{}/{name}/{n}", self.at), map }).collect()
        }))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A read of `/v1/test` with this query, by a credential with access to everything.
    pub fn call<'a>(query: &'a [(String, String)], body: &'a [u8]) -> Call<'a> {
        Call {
            path: "/v1/test",
            ids: Vec::new(),
            query,
            body,
            actor: None,
            now: 1_800_000_000_000,
            confidential_access: true,
        }
    }

    /// A query string as decoded pairs.
    pub fn pairs(query: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    #[test]
    fn a_body_that_does_not_fit_is_refused_by_its_pointer() {
        type Read = fn(&Fields) -> Result<(), Failure>;
        let rows: [(&str, Read, &str); 6] = [
            ("{}", |f| f.need_text("stage").map(drop), "/stage"),
            (r#"{"stage": 3}"#, |f| f.text("stage").map(drop), "/stage"),
            (r#"{"tags": ["a", 1]}"#, |f| f.texts("tags").map(drop), "/tags"),
            (r#"{"at": -1}"#, |f| f.number("at").map(drop), "/at"),
            (r#"{"at": 1900000000000}"#, |f| f.past("at", 1_800_000_000_000).map(drop), "/at"),
            (
                r#"{"values": [{"value": "a"}, {}]}"#,
                |f| {
                    let values = f.children("values")?.unwrap_or_default();
                    values.iter().try_for_each(|value| value.need_text("value").map(drop))
                },
                "/values/1/value",
            ),
        ];
        for (body, read, pointer) in rows {
            let fields = call(&[], body.as_bytes()).json().unwrap();
            match read(&fields) {
                Err(Failure::Field(_, at)) => assert_eq!(at, pointer, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_parameter_that_does_not_fit_is_refused() {
        let rows = [
            ("archived=true", true),
            ("archived=yes", false),
            ("archived=true&archived=false", false),
            ("", true),
        ];
        for (query, fits) in rows {
            let pairs = pairs(query);
            assert_eq!(call(&pairs, b"").flag("archived").is_ok(), fits, "{query}");
        }
        for (query, expected) in [("at=12", Ok(Some(12))), ("at=-1", Err(())), ("at=1.5", Err(()))]
        {
            let pairs = pairs(query);
            assert_eq!(call(&pairs, b"").time("at").map_err(drop), expected, "{query}");
        }
    }
}
