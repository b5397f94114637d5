//! Lever's JSON: the envelope, the rules that records follow, and where
//! decoding failed.
//!
//! A decode error names the place and what was expected there, never the value
//! that was found: that may be personal data.

use std::marker::PhantomData;

use serde::de::{DeserializeOwned, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::error::{Error, ErrorKind, Outcome};
use super::place;
use super::record::{Key, Object};
use super::request::Effect;
use super::response::Response;

/// What every answer is wrapped in: one record, or a list and where it goes on.
#[derive(Debug)]
pub struct Envelope<T> {
    /// The record or records.
    pub data: T,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Envelope<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object::<Self>(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Object<Envelope<T>> {
    type Value = Envelope<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object with data")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope<T>, A::Error> {
        let (mut data, mut next) = (None, None);
        while let Some(place) = map.next_key_seed(Key { names: &["data", "next"], hint: 0 })? {
            match place {
                0 => data = Some(map.next_value()?),
                1 => next = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let data = data.ok_or_else(|| serde::de::Error::missing_field("data"))?;
        Ok(Envelope { data, next })
    }
}

/// Reads the body of an answer.
///
/// # Errors
///
/// `malformed-answer` with the JSON path; the outcome is `applied` for a write,
/// since the answer was a success.
pub fn decode<T: DeserializeOwned>(response: &Response, effect: Effect) -> Result<T, Error> {
    serde_json::from_slice(&response.body).map_err(|error| {
        let place = describe(&error, &response.body);
        let outcome = match effect {
            Effect::Read => Outcome::NotApplied,
            Effect::Absolute | Effect::Create => Outcome::Applied,
        };
        let message = format!("Lever's answer is not what it documents: {place}.");
        Error {
            status: Some(response.status),
            outcome,
            ..Error::new(ErrorKind::MalformedAnswer, message)
        }
    })
}

fn describe(error: &serde_json::Error, body: &[u8]) -> String {
    use serde_json::error::Category;
    let text = error.to_string();
    let fault = match error.classify() {
        Category::Io | Category::Eof => "the JSON ends too early".into(),
        Category::Syntax => "that is not JSON".into(),
        // "invalid type: string \"...\", expected u64 at line 1 column 2": the
        // value stands before the last "expected".
        Category::Data => {
            match (text.strip_prefix("missing field "), text.rsplit_once(", expected ")) {
                (Some(field), _) => format!("missing field {}", before_line(field)),
                (None, Some((_, expected))) => format!("expected {}", before_line(expected)),
                (None, None) => "unexpected value".into(),
            }
        }
    };
    format!("at `{}` {fault}", place::path(body, error.line(), error.column()))
}

fn before_line(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(before, _)| before)
}

/// A request body.
///
/// # Errors
///
/// Only for records that are no JSON, which this world has none of.
pub fn encode(body: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|_| Error::invalid("the record cannot be written as JSON."))
}

/// A record as a JSON object with one more field.
pub fn with(record: &impl Serialize, field: &str, value: Value) -> Value {
    let mut object = serde_json::to_value(record).unwrap_or_default();
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
    object
}

/// Writes JSON that is carried as text as the value it holds.
///
/// # Errors
///
/// Text that is not JSON.
pub fn open<S: Serializer>(json: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let value = json.clone().map(RawValue::from_string).transpose();
    value.map_err(serde::ser::Error::custom)?.serialize(serializer)
}

/// Makes a record of an id and an optional object read both of Lever's forms:
/// the id alone, or the whole object in its place.
macro_rules! reference {
    ($reference:path, $object:ident) => {
        impl<'de> serde::Deserialize<'de> for $reference {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::core::json::id_or_object(
                    deserializer,
                    |id, $object| Self { id, $object },
                    |object| object.id.clone(),
                )
            }
        }

        impl serde::Serialize for $reference {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match &self.$object {
                    Some(object) => object.serialize(serializer),
                    None => self.id.serialize(serializer),
                }
            }
        }
    };
}
pub(crate) use reference;

/// Reads an id, or an object that has it; `build` makes the reference of both.
pub fn id_or_object<'de, D, T, R>(
    deserializer: D,
    build: fn(String, Option<T>) -> R,
    id: fn(&T) -> String,
) -> Result<R, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct Either<T, R> {
        build: fn(String, Option<T>) -> R,
        id: fn(&T) -> String,
    }

    impl<'de, T: Deserialize<'de>, R> serde::de::Visitor<'de> for Either<T, R> {
        type Value = R;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an id or an object")
        }

        fn visit_str<E: serde::de::Error>(self, id: &str) -> Result<R, E> {
            Ok((self.build)(id.to_owned(), None))
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<R, A::Error> {
            let object = T::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
            Ok((self.build)((self.id)(&object), Some(object)))
        }
    }

    deserializer.deserialize_any(Either { build, id })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::applications::FormField;
    use crate::bindings::exports::ats::lever::opportunities::Opportunity;

    fn fail(body: &str) -> Error {
        let response = Response { status: 200, body: body.into(), ..Response::default() };
        decode::<Envelope<Vec<Opportunity>>>(&response, Effect::Read).unwrap_err()
    }

    #[test]
    fn a_decode_error_names_the_place_and_not_the_value() {
        let rows = [
            (
                r#"{"data":[{"id":"a"},{"id":"b","createdAt":"ana@example.com, expected u64"}]}"#,
                "at `data[1].createdAt` expected u64",
            ),
            (r#"{"data":[{"name":"Ana"}]}"#, "at `data[0]` missing field `id`"),
            (r#"{"data":null}"#, "at `data` expected a sequence"),
            (
                r#"{"data":[{"id":"a","owner":7}]}"#,
                "at `data[0].owner` expected an id or an object",
            ),
            (
                r#"{"data":[{"id":"a","contact":{"id":3}}]}"#,
                "at `data[0].contact.id` expected a string",
            ),
            (r#"{"data":[{"#, "the JSON ends too early"),
            ("<html>", "that is not JSON"),
            (r#"{"data":[]} x"#, "that is not JSON"),
        ];
        for (body, expected) in rows {
            let error = fail(body);
            assert!(error.message.contains(expected), "{body}\n{}\n{expected}", error.message);
            assert!(!error.message.contains("ana@") && !error.message.contains("Ana"));
            assert_eq!(error.outcome, Outcome::NotApplied);
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let deep = format!("{{\"data\":[{{\"id\":\"a\",\"tags\":{}", "[".repeat(100_000));
        assert_eq!(fail(&deep).kind, ErrorKind::MalformedAnswer);
    }

    #[test]
    fn open_json_is_carried_as_it_came() {
        let text = r#"{"id":"q","value":{"id": "x" , "size":46},"options":null}"#;
        let field: FormField = serde_json::from_str(text).unwrap();
        assert_eq!(field.value.as_deref(), Some(r#"{"id": "x" , "size":46}"#));
        assert!(field.options.is_empty());
        let absent: FormField = serde_json::from_str(r#"{"value":null}"#).unwrap();
        assert_eq!(absent.value, None);
        let back = serde_json::to_string(&field).unwrap();
        assert_eq!(back, r#"{"id":"q","value":{"id": "x" , "size":46}}"#);
    }

    #[test]
    fn a_reference_is_an_id_or_an_object() {
        let text = r#"{"id":"o","stage":"offer","owner":{"id":"u","name":"Mira"},"followers":["a",{"id":"b"}]}"#;
        let record: Opportunity = serde_json::from_str(text).unwrap();
        assert_eq!(record.stage.unwrap().id, "offer");
        assert_eq!(record.owner.unwrap().user.unwrap().name.as_deref(), Some("Mira"));
        let ids: Vec<_> = record.followers.iter().map(|user| user.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
    }
}
