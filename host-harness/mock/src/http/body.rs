//! The object a request carries, read with its types checked; every refusal names the field by its
//! JSON pointer.
//!
//! JSON and forms read alike, but for numbers and booleans, which a form can only spell. What a
//! value means is up to the handler.

use serde_json::{Map, Value};

use crate::http::reply::Failure;

/// A key as a JSON pointer spells it (RFC 6901).
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// An object of the request.
#[derive(Clone, Debug)]
pub(crate) struct Fields<'v> {
    at: String,
    map: &'v Map<String, Value>,
    is_form: bool,
}

impl<'v> Fields<'v> {
    /// The whole body; in a form every value is text.
    pub fn new(map: &'v Map<String, Value>, is_form: bool) -> Self {
        Self { at: String::new(), map, is_form }
    }

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

    /// The value as it is; null counts as absent, here and below.
    pub fn value(&self, name: &str) -> Option<&'v Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn read<T>(
        &self,
        name: &str,
        kind: &str,
        read: impl FnOnce(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        self.value(name)
            .map(|value| read(value).ok_or_else(|| self.refuse(name, &format!("Expected {kind}."))))
            .transpose()
    }

    /// A string.
    pub fn text(&self, name: &str) -> Result<Option<&'v str>, Failure> {
        self.read(name, "a string", Value::as_str)
    }

    /// A string that must be given.
    pub fn need_text(&self, name: &str) -> Result<&'v str, Failure> {
        self.text(name)?.ok_or_else(|| Failure::missing(self.pointer(name)))
    }

    /// A string that must be given and hold more than white space.
    pub fn need_filled(&self, name: &str) -> Result<&'v str, Failure> {
        match self.need_text(name)? {
            text if text.trim().is_empty() => Err(self.refuse(name, "Must not be empty.")),
            text => Ok(text),
        }
    }

    /// A string out of a closed set.
    pub fn one_of(&self, name: &str, known: &[&str]) -> Result<Option<&'v str>, Failure> {
        match self.text(name)? {
            Some(text) if !known.contains(&text) => {
                Err(self.refuse(name, &format!("Must be one of {}.", known.join(", "))))
            }
            text => Ok(text),
        }
    }

    /// The id of a record that must be there.
    pub fn id_of(
        &self,
        name: &str,
        noun: &str,
        is_there: impl FnOnce(&str) -> bool,
    ) -> Result<Option<String>, Failure> {
        match self.text(name)? {
            Some(id) if !is_there(id) => Err(self.refuse(name, &format!("{noun} was not found."))),
            id => Ok(id.map(str::to_owned)),
        }
    }

    /// A boolean.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        let is_form = self.is_form;
        self.read(name, "a boolean", |value| match value.as_str() {
            Some("true") if is_form => Some(true),
            Some("false") if is_form => Some(false),
            _ => value.as_bool(),
        })
    }

    /// A whole number, zero or more: a time in milliseconds or a score.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        let is_form = self.is_form;
        self.read(name, "a whole number", |value| match value.as_str() {
            Some(text) if is_form => text.parse().ok(),
            _ => value.as_u64(),
        })
    }

    /// A whole number that must be given.
    pub fn need_number(&self, name: &str) -> Result<u64, Failure> {
        self.number(name)?.ok_or_else(|| Failure::missing(self.pointer(name)))
    }

    /// Any number, as written.
    pub fn amount(&self, name: &str) -> Result<Option<&'v Value>, Failure> {
        self.read(name, "a number", |value| value.is_number().then_some(value))
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
    pub fn child(&self, name: &str) -> Result<Option<Fields<'v>>, Failure> {
        let map = self.read(name, "an object", Value::as_object)?;
        Ok(map.map(|map| Fields { at: self.pointer(name), map, is_form: self.is_form }))
    }

    /// A list of objects inside this one.
    pub fn children(&self, name: &str) -> Result<Option<Vec<Fields<'v>>>, Failure> {
        let items = self.read(name, "an array of objects", |value| {
            value.as_array()?.iter().map(Value::as_object).collect::<Option<Vec<_>>>()
        })?;
        let at = |n| format!("{}/{name}/{n}", self.at);
        Ok(items.map(|items| {
            let numbered = items.into_iter().enumerate();
            numbered.map(|(n, map)| Fields { at: at(n), map, is_form: self.is_form }).collect()
        }))
    }

    /// A list of objects that must be given and hold at least one.
    pub fn need_children(&self, name: &str) -> Result<Vec<Fields<'v>>, Failure> {
        match self.children(name)? {
            None => Err(Failure::missing(self.pointer(name))),
            Some(items) if items.is_empty() => Err(self.refuse(name, "Must not be empty.")),
            Some(items) => Ok(items),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_body_that_does_not_fit_is_refused_by_its_pointer() {
        type Read = fn(&Fields) -> Result<(), Failure>;
        let rows: [(Value, Read, &str); 8] = [
            (json!({}), |f| f.need_text("stage").map(drop), "/stage"),
            (json!({"stage": 3}), |f| f.text("stage").map(drop), "/stage"),
            (json!({"stage": " "}), |f| f.need_filled("stage").map(drop), "/stage"),
            (json!({"tags": ["a", 1]}), |f| f.texts("tags").map(drop), "/tags"),
            (json!({"at": -1}), |f| f.number("at").map(drop), "/at"),
            (json!({"at": "5"}), |f| f.number("at").map(drop), "/at"),
            (
                json!({"at": 1_900_000_000_000_u64}),
                |f| f.past("at", 1_800_000_000_000).map(drop),
                "/at",
            ),
            (
                json!({"values": [{"value": "a"}, {}]}),
                |f| {
                    let values = f.children("values")?.unwrap_or_default();
                    values.iter().try_for_each(|value| value.need_text("value").map(drop))
                },
                "/values/1/value",
            ),
        ];
        for (body, read, pointer) in rows {
            match read(&Fields::new(body.as_object().unwrap(), false)) {
                Err(Failure::Field(_, at)) => assert_eq!(at, pointer, "{body}"),
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn only_a_form_may_spell_numbers_and_booleans() {
        let body = json!({"at": "15", "is": "true"});
        let read = |is_form| {
            let fields = Fields::new(body.as_object().unwrap(), is_form);
            (fields.number("at").ok(), fields.flag("is").ok())
        };
        assert_eq!(read(true), (Some(Some(15)), Some(Some(true))));
        assert_eq!(read(false), (None, None));
    }
}
