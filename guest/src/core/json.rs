//! Lever's JSON: the envelope, the rules that records follow, and where
//! decoding failed.
//!
//! A decode error names the place and what was expected there, never the value
//! that was found: that may be personal data.

use serde_json::Value;

use super::body::Body;
use super::error::{Error, ErrorKind, Outcome};
use super::place;
use super::record::{self, Read, Record, Slot, Write};
use super::request::Effect;
use super::response::Response;

/// What every answer is wrapped in: one record, or a list and where it goes on.
#[derive(Debug, Default)]
pub struct Envelope<T> {
    /// The record or records.
    pub data: T,
    /// Whether there is a next page; absent where Lever does not say.
    pub has_next: Option<bool>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

impl<T: Read> Read for Envelope<T> {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Object(self)
    }
}

impl<T: Read> Record for Envelope<T> {
    fn names(&self) -> &'static [&'static str] {
        &["data", "hasNext", "next"]
    }

    fn field(&mut self, place: usize) -> Option<Slot<'_>> {
        match place {
            0 => Some(self.data.slot()),
            1 => Some(self.has_next.slot()),
            2 => Some(self.next.slot()),
            _ => None,
        }
    }

    fn expecting(&self) -> &'static str {
        "an object with data"
    }
}

/// Reads the body of an answer.
///
/// # Errors
///
/// `malformed-answer` with the JSON path; the outcome is `applied` for a write,
/// since the answer was a success.
pub fn decode<T: Read>(response: &Response, effect: Effect) -> Result<T, Error> {
    let mut value = T::default();
    filled(value.slot(), response, effect)?;
    Ok(value)
}

fn filled(slot: Slot<'_>, response: &Response, effect: Effect) -> Result<(), Error> {
    record::fill(slot, &response.body).map_err(|error| {
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
                (None, None) if text.starts_with(record::NOT_UTF8) => "that is not UTF-8".into(),
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
pub fn body(record: &dyn Write) -> Body {
    Body::json(record::value(record).to_string().into_bytes())
}

/// A record as a JSON object with one more field.
pub fn with(record: &dyn Write, field: &str, value: Value) -> Value {
    let mut object = record::value(record);
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::form_fields::FormField;
    use crate::bindings::exports::ats::lever::opportunities::Opportunity;

    fn fail(body: impl Into<Vec<u8>>) -> Error {
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
    fn text_that_is_not_utf_8_is_an_error_with_its_place() {
        let rows: [(&[u8], &str); 3] = [
            (
                b"{\"data\":[{\"id\":\"a\"},{\"id\":\"b\",\"name\":\"An\xffa\"}]}",
                "at `data[1].name` that is not UTF-8",
            ),
            (b"{\"data\":[]}\xff", "that is not UTF-8"),
            // What is wrong before is said before.
            (b"{\"data\":7,\"next\":\"\xff\"}", "at `data` expected a sequence"),
        ];
        for (body, expected) in rows {
            let error = fail(body);
            assert!(error.message.contains(expected), "{}\n{expected}", error.message);
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_no_overflow() {
        let deep = format!("{{\"data\":[{{\"id\":\"a\",\"tags\":{}", "[".repeat(100_000));
        assert_eq!(fail(deep).kind, ErrorKind::MalformedAnswer);
    }

    #[test]
    fn open_json_is_carried_as_it_came() {
        let text = r#"{"id":"q","value":{"id": "x" , "size":46},"options":null}"#;
        let field: FormField = record::read(text.as_bytes()).unwrap();
        assert_eq!(field.value.as_deref(), Some(r#"{"id": "x" , "size":46}"#));
        assert!(field.options.is_empty());
        let absent: FormField = record::read(br#"{"value":null}"#).unwrap();
        assert_eq!(absent.value, None);
        let back = record::value(&field);
        assert_eq!(back, serde_json::json!({"id": "q", "value": {"id": "x", "size": 46}}));
    }

    #[test]
    fn a_reference_is_an_id_or_an_object() {
        let text = r#"{"id":"o","stage":"offer","owner":{"id":"u","name":"Mira"},"followers":["a",{"id":"b"}]}"#;
        let record: Opportunity = record::read(text.as_bytes()).unwrap();
        assert_eq!(record.stage.unwrap().id, "offer");
        assert_eq!(record.owner.unwrap().user.unwrap().name.as_deref(), Some("Mira"));
        let ids: Vec<_> = record.followers.iter().map(|user| user.id.as_str()).collect();
        assert_eq!(ids, ["a", "b"]);
    }
}
