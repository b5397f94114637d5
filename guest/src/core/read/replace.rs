//! Changing part of a record that Lever only replaces whole: what is there is
//! read, what the caller gave is laid over it, and all of it is written.
//!
//! What is neither given nor emptied goes back as it was read; what is emptied
//! is left out, which is how Lever empties it. What is there in a form that cannot
//! be written back ends the change before anything is written: left out, it would
//! be lost.

use serde_json::{Map, Value};

use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind, Outcome, shown};
use crate::core::http::query::Pairs;
use crate::core::http::request::{Effect, Request, Route};
use crate::core::json;
use crate::core::json::record::{self, Read, Target, Write};
use crate::core::send::scheduler::{Clock, Transport};

/// A JSON object.
pub type Object = Map<String, Value>;

/// One field that a replacement carries.
pub struct Field {
    /// Lever's name, the same in both directions.
    pub name: &'static str,
    /// Whether it can be emptied.
    pub clears: bool,
    /// From what is read to what is written; `None` where that cannot be told.
    pub back: fn(&Value) -> Option<Value>,
}

fn as_it_is(read: &Value) -> Option<Value> {
    Some(read.clone())
}

impl Field {
    /// One that must stay.
    pub const fn kept(name: &'static str) -> Self {
        Field { name, clears: false, back: as_it_is }
    }

    /// One that can be emptied.
    pub const fn clears(name: &'static str) -> Self {
        Field { name, clears: true, back: as_it_is }
    }

    /// The same, read in another form than it is written.
    pub const fn read_as(self, back: fn(&Value) -> Option<Value>) -> Self {
        Field { back, ..self }
    }
}

/// How a record is replaced.
pub struct Replacement<'a> {
    /// Where it is read.
    pub read: &'a Route,
    /// Where it is written.
    pub write: &'a Route,
    /// What it is.
    pub ids: &'a [&'a str],
    /// Who it is attributed to.
    pub query: Pairs,
}

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// Reads a record, makes its replacement, and writes that.
    ///
    /// `make` also says what writing it twice would do.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being read, made or written.
    pub fn replace<R: Read>(
        &mut self,
        how: Replacement<'_>,
        mut make: impl FnMut(Object) -> Result<(Object, Effect), Error>,
    ) -> Result<R, Error> {
        let mut replaced = R::default();
        self.replace_into(&mut replaced, how, &mut make)?;
        Ok(replaced)
    }

    fn replace_into(
        &mut self,
        replaced: &mut dyn Target,
        how: Replacement<'_>,
        make: &mut dyn FnMut(Object) -> Result<(Object, Effect), Error>,
    ) -> Result<(), Error> {
        let request = how.write.request(how.ids)?;
        let current = self.object(how.read, how.ids)?;
        let (body, effect) = make(current)?;
        let body = Some(json::body(&body));
        self.send_into(replaced, Request { query: how.query, body, effect, ..request })
    }

    /// A record as it came.
    ///
    /// # Errors
    ///
    /// Whatever kept it from being read.
    pub fn object(&mut self, route: &Route, ids: &[&str]) -> Result<Object, Error> {
        let response = self.send(route.request(ids)?)?;
        json::original(&response)
    }
}

/// A change as JSON, before anything is read for it.
///
/// # Errors
///
/// One that mentions nothing, or a field to empty that cannot be emptied or is
/// given as well.
pub fn mentioned(change: &dyn Write, table: &[Field]) -> Result<Object, Error> {
    let change = object_of(change);
    if change.is_empty() {
        return Err(Error::invalid(
            "change mentions nothing, so nothing would change. Give at least one field.",
        ));
    }
    for name in texts(change.get("clear").cloned()) {
        check_clear(&name, &change, table)?;
    }
    Ok(change)
}

/// The record with the change laid over it; nothing but the fields of the
/// table.
///
/// # Errors
///
/// A field to empty that cannot be emptied, or that is given as well.
pub fn merged(current: &Object, change: &dyn Write, table: &[Field]) -> Result<Object, Error> {
    let mut change = object_of(change);
    let clear = texts(change.remove("clear"));
    for name in &clear {
        check_clear(name, &change, table)?;
    }
    let mut merged = Object::new();
    for field in table {
        let given = change.remove(field.name);
        let there = current.get(field.name).filter(|value| !value.is_null());
        let value = match (given, there) {
            (Some(given), _) => given,
            (None, Some(there)) if !clear.iter().any(|name| name == field.name) => {
                (field.back)(there).ok_or_else(|| unwritable(field.name))?
            }
            _ => continue,
        };
        merged.insert(field.name.to_owned(), value);
    }
    Ok(merged)
}

/// The error for a field that would be lost.
pub fn unwritable(field: &str) -> Error {
    let message = format!(
        "Lever's record has {field} in a form that cannot be written back, and Lever replaces the whole. Give {field} where the change takes it, or correct it in Lever; nothing was changed."
    );
    Error::new(ErrorKind::MalformedAnswer, message).with_outcome(Outcome::NotApplied)
}

fn check_clear(name: &str, change: &Object, table: &[Field]) -> Result<(), Error> {
    let clears = table.iter().filter(|field| field.clears).map(|field| field.name);
    if !clears.clone().any(|known| known == name) {
        return Err(Error::invalid(format!(
            "clear holds {}; it may hold {}.",
            shown(name),
            clears.collect::<Vec<_>>().join(", ")
        )));
    }
    if change.contains_key(name) {
        return Err(Error::invalid(format!(
            "{name} is given and in clear as well. Keep one of the two."
        )));
    }
    Ok(())
}

/// The id of an object, where the object is read and the id written.
pub fn id_of(read: &Value) -> Option<Value> {
    let id = if read.is_object() { read.get("id")? } else { read };
    (id.is_string() || id.is_number()).then(|| id.clone())
}

/// A record as a JSON object.
pub fn object_of(record: &dyn Write) -> Object {
    match record::value(record) {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

/// A list of texts out of JSON.
pub fn texts(value: Option<Value>) -> Vec<String> {
    let Some(Value::Array(items)) = value else { return Vec::new() };
    items.into_iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TABLE: &[Field] =
        &[Field::kept("name"), Field::clears("title"), Field::clears("group").read_as(id_of)];

    fn merge(current: Value, change: Value) -> Result<Value, Error> {
        merged(current.as_object().unwrap(), &change, TABLE).map(Value::Object)
    }

    #[test]
    fn what_is_not_mentioned_goes_back_as_it_was() {
        let current =
            json!({"id": "x", "name": "a", "title": "b", "group": {"id": "g", "name": "G"}});
        let rows = [
            (json!({}), json!({"name": "a", "title": "b", "group": "g"})),
            (json!({"title": "c"}), json!({"name": "a", "title": "c", "group": "g"})),
            (json!({"clear": ["title", "group"]}), json!({"name": "a"})),
            (json!({"group": "h", "clear": ["title"]}), json!({"name": "a", "group": "h"})),
        ];
        for (change, expected) in rows {
            assert_eq!(merge(current.clone(), change.clone()).unwrap(), expected, "{change}");
        }
        assert_eq!(
            merge(json!({"name": "a", "title": null}), json!({})).unwrap(),
            json!({"name": "a"})
        );
    }

    #[test]
    fn what_cannot_be_written_back_is_never_left_out() {
        for group in [json!({}), json!({"id": null}), json!([{"id": "g"}]), json!(true)] {
            let current = json!({"name": "a", "group": group});
            let error = merge(current.clone(), json!({"title": "c"})).unwrap_err();
            assert_eq!(
                (error.kind, error.outcome),
                (ErrorKind::MalformedAnswer, Outcome::NotApplied)
            );
            assert!(error.message.contains("has group in a form"), "{}", error.message);
            let given = merge(current.clone(), json!({"group": "h"})).unwrap();
            assert_eq!(given, json!({"name": "a", "group": "h"}));
            assert_eq!(merge(current, json!({"clear": ["group"]})).unwrap(), json!({"name": "a"}));
        }
        // Whatever goes back as it is, is carried in any form.
        let odd = json!({"name": 7, "title": {}, "group": "g"});
        assert_eq!(merge(odd.clone(), json!({})).unwrap(), odd);
    }

    #[test]
    fn what_cannot_be_emptied_is_refused_by_its_name() {
        let error = mentioned(&json!({}), TABLE).unwrap_err();
        assert!(error.message.contains("mentions nothing"), "{}", error.message);
        assert!(mentioned(&json!({"clear": ["title"]}), TABLE).is_ok());
        for (change, named) in [
            (json!({"clear": ["name"]}), "title, group"),
            (json!({"clear": ["Title"]}), "title, group"),
            (json!({"title": "c", "clear": ["title"]}), "as well"),
        ] {
            let before = mentioned(&change, TABLE).unwrap_err();
            let error = merge(json!({"name": "a"}), change).unwrap_err();
            assert!(error.message.contains(named), "{}", error.message);
            assert_eq!(before.message, error.message);
        }
    }
}
