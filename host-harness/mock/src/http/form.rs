//! The parts of a form as one object and its files: `emails[]`, `archived[reason]`,
//! `phones[0][value]`.
//!
//! Every value stays text. Names that contradict each other are refused.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::http::body::escaped;
use crate::http::multipart;
use crate::http::reply::Failure;

pub(crate) use crate::http::multipart::Part;

/// A form.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub fields: Map<String, Value>,
    /// Parts with a file name, in order.
    pub files: Vec<Part>,
}

#[derive(Debug)]
enum Step<'n> {
    Key(&'n str),
    Push,
    Index(usize),
}

/// The steps of a name: its first word, then what stands in brackets.
fn steps(name: &str) -> Option<(&str, Vec<Step<'_>>)> {
    let (first, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (inner, tail) = rest.strip_prefix('[')?.split_once(']')?;
        steps.push(match inner.parse() {
            _ if inner.is_empty() => Step::Push,
            Ok(index) => Step::Index(index),
            Err(_) => Step::Key(inner),
        });
        rest = tail;
    }
    let is_sound = !first.is_empty() && !first.contains(']');
    is_sound.then_some((first, steps))
}

/// Inserts the text where the steps lead; None where something else is, or a list would have a
/// hole.
fn insert(slot: &mut Value, steps: &[Step], text: &str) -> Option<()> {
    let Some((step, rest)) = steps.split_first() else {
        return slot.is_null().then(|| *slot = Value::from(text));
    };
    if slot.is_null() {
        *slot = match step {
            Step::Key(_) => Value::Object(Map::new()),
            Step::Push | Step::Index(_) => Value::Array(Vec::new()),
        };
    }
    match (step, slot) {
        (Step::Key(key), Value::Object(map)) => {
            insert(map.entry((*key).to_owned()).or_insert(Value::Null), rest, text)
        }
        // What follows an unnumbered item could belong to it or to the next.
        (Step::Push, Value::Array(items)) if rest.is_empty() => {
            items.push(Value::from(text));
            Some(())
        }
        (Step::Index(index), Value::Array(items)) if *index <= items.len() => {
            if *index == items.len() {
                items.push(Value::Null);
            }
            insert(items.get_mut(*index)?, rest, text)
        }
        _ => None,
    }
}

/// Reads a body of this content type.
pub(crate) fn read(content_type: &str, body: &Bytes) -> Result<Form, Failure> {
    let mut form = Form::default();
    for part in multipart::parts(content_type, body)? {
        if part.file_name.is_some() {
            form.files.push(part);
            continue;
        }
        let refuse = |message: &str| {
            Failure::Field(message.to_owned(), format!("/{}", escaped(&part.field)))
        };
        let text = std::str::from_utf8(&part.bytes).map_err(|_| refuse("Expected UTF-8."))?;
        let (first, steps) = steps(&part.field).ok_or_else(|| refuse("Malformed name."))?;
        insert(form.fields.entry(first.to_owned()).or_insert(Value::Null), &steps, text)
            .ok_or_else(|| refuse("Given more than once, or out of order."))?;
    }
    Ok(form)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Result<Value, Failure> {
        let mut body = String::new();
        for (name, value) in pairs {
            body.push_str(&format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            ));
        }
        body.push_str("--b--\r\n");
        read("multipart/form-data; boundary=b", &Bytes::from(body))
            .map(|form| Value::Object(form.fields))
    }

    #[test]
    fn names_build_the_object_they_spell() {
        let found = fields(&[
            ("name", "Zoë"),
            ("emails[]", "a@x.example"),
            ("emails[]", "b@x.example"),
            ("archived[reason]", "r"),
            ("archived[archivedAt]", "5"),
            ("phones[0][value]", "1"),
            ("phones[0][type]", "home"),
            ("phones[1][value]", "2"),
        ]);
        let expected = json!({
            "name": "Zoë",
            "emails": ["a@x.example", "b@x.example"],
            "archived": {"reason": "r", "archivedAt": "5"},
            "phones": [{"value": "1", "type": "home"}, {"value": "2"}],
        });
        assert_eq!(found.unwrap(), expected);
    }

    #[test]
    fn names_that_contradict_each_other_are_refused() {
        let rows: [&[&str]; 8] = [
            &["name", "name"],
            &["emails", "emails[]"],
            &["phones[1][value]"],
            &["phones[][value]"],
            &["archived[reason]", "archived[]"],
            &["phones[0", "x"],
            &["phones]0["],
            &["[]"],
        ];
        for names in rows {
            let pairs: Vec<_> = names.iter().map(|name| (*name, "x")).collect();
            assert!(matches!(fields(&pairs), Err(Failure::Field(..))), "{names:?}");
        }
    }
}
