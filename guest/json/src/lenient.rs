//! Reading JSON that is not what Lever documents, as far as it has a plain
//! meaning.
//!
//! Where `fill` fails, which costs nothing before. A number is read as a text and
//! a text as a number, 0 and 1 as booleans, a time without its fraction, an empty
//! object or text as an empty list; null rows are left out. What has no plain
//! meaning is absent where it may be, and kept with the unknown keys of the record
//! it belongs to. Nothing else is guessed: a negative time is not a time.

use std::borrow::Cow;

use crate::fill::add;
use crate::reader::{Malformed, Reader};
use crate::slot::{List, Optional, Read, Record, Slot};

/// Where a text could not be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Odd {
    /// The rest of the path from there, such as `[3].createdAt`.
    pub path: String,
    /// What was expected.
    pub expected: &'static str,
}

/// What is left unread of a value, which is then kept as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rest {
    Nothing,
    Something,
}

type Taken = Result<Rest, Odd>;

fn odd(expected: &'static str) -> Odd {
    Odd { path: String::new(), expected }
}

impl Odd {
    fn below(self, step: &str) -> Self {
        Odd { path: format!("{step}{}", self.path), ..self }
    }
}

/// Reads a JSON text.
///
/// # Errors
///
/// Something that must be there and has no plain meaning.
pub fn read<T: Read>(text: &str) -> Result<T, Odd> {
    let mut value = T::default();
    fill(Read::slot(&mut value), text)?;
    Ok(value)
}

/// Reads a JSON text into a slot, over what was read of the same text before.
///
/// # Errors
///
/// As for [`read`].
pub fn fill(slot: Slot<'_>, text: &str) -> Result<(), Odd> {
    take(slot, text.trim_ascii()).map(drop)
}

/// Reads the value of a key into the record; whether all of it was read.
///
/// # Errors
///
/// As for [`read`], with the key in front of the path.
pub fn field(record: &mut dyn Record, key: &str, value: &str) -> Result<bool, Odd> {
    let place = record.names().iter().position(|name| *name == key);
    let Some(slot) = place.and_then(|place| record.field(place)) else {
        return Ok(false);
    };
    let taken = take(slot, value).map_err(|odd| odd.below(&format!(".{key}")))?;
    Ok(taken == Rest::Nothing)
}

/// A text and what it is.
enum Json<'a> {
    Null,
    Flag(bool),
    Number(&'a str),
    Text(String),
    List(Vec<&'a str>),
    Object(Vec<(String, &'a str)>),
}

fn seen(text: &str) -> Json<'_> {
    let text = text.trim_ascii();
    match text.as_bytes().first() {
        Some(b't') => Json::Flag(true),
        Some(b'f') => Json::Flag(false),
        Some(b'"') => Json::Text(string(text)),
        Some(b'[') => Json::List(parts(text).into_iter().map(|(_, value)| value).collect()),
        Some(b'{') => Json::Object(parts(text)),
        Some(b'-' | b'0'..=b'9') => Json::Number(text),
        _ => Json::Null,
    }
}

/// The items of a list, or the keys and values of an object; nothing of what is
/// neither.
pub fn parts(text: &str) -> Vec<(String, &str)> {
    let mut parts = Vec::new();
    match split(text, &mut parts) {
        Ok(()) => parts,
        Err(Malformed) => Vec::new(),
    }
}

fn split<'a>(text: &'a str, parts: &mut Vec<(String, &'a str)>) -> Result<(), Malformed> {
    let mut reader = Reader::new(text);
    let close = if reader.takes(b'[')? { b']' } else { b'}' };
    if close == b'}' {
        reader.expect(b'{')?;
    }
    if !reader.takes(close)? {
        loop {
            let mut key = String::new();
            if close == b'}' {
                key = reader.string()?.into_owned();
                reader.expect(b':')?;
            }
            parts.push((key, reader.value()?));
            if !reader.goes_on(close)? {
                break;
            }
        }
    }
    reader.end()
}

fn string(text: &str) -> String {
    Reader::new(text).string().map(Cow::into_owned).unwrap_or_default()
}

fn take(slot: Slot<'_>, text: &str) -> Taken {
    match slot {
        Slot::Json(kept) => text.clone_into(kept),
        Slot::Open(kept) => *kept = (text != "null").then(|| text.to_owned()),
        Slot::Text(kept) => *kept = plain_text(seen(text)).ok_or(odd("a string"))?,
        Slot::Flag(kept) => *kept = flag(seen(text)).ok_or(odd("a boolean"))?,
        Slot::Number(kept) => *kept = whole(seen(text)).ok_or(odd(WHOLE))?,
        Slot::Small(kept) => {
            let number = whole(seen(text)).and_then(|number| u32::try_from(number).ok());
            *kept = number.ok_or(odd(WHOLE))?;
        }
        Slot::Real(kept) => *kept = real(seen(text)).ok_or(odd("a number"))?,
        Slot::OptionalText(kept) => {
            let value = seen(text);
            let is_null = matches!(value, Json::Null);
            *kept = plain_text(value);
            return Ok(rest(kept.is_some() || is_null));
        }
        Slot::Optional(kept) => return Ok(optional(kept, text)),
        Slot::Object(record) => match seen(text) {
            Json::Object(members) => return fields(record, members),
            _ => return Err(odd(record.expecting())),
        },
        Slot::Reference(reference) => match seen(text) {
            Json::Object(members) => {
                let taken = fields(reference.object(), members)?;
                reference.settle();
                return Ok(taken);
            }
            other => reference.set(&plain_text(other).ok_or(odd("an id or an object"))?),
        },
        Slot::List(list) => return items(list, seen(text)),
        Slot::Keyed(list) => match seen(text) {
            Json::Object(members) => {
                let values: Vec<&str> = members.into_iter().map(|(_, value)| value).collect();
                return Ok(rows(list, &values));
            }
            Json::List(items) => return Ok(rows(list, &items)),
            _ => {
                list.truncate(0);
                return Ok(rest(is_nothing(text)));
            }
        },
    }
    Ok(Rest::Nothing)
}

const WHOLE: &str = "a whole number from 0 up";

fn rest(is_whole: bool) -> Rest {
    if is_whole { Rest::Nothing } else { Rest::Something }
}

/// A value that may be absent, and is where it has no plain meaning. An empty
/// text is none where it cannot be one.
fn optional(kept: &mut dyn Optional, text: &str) -> Rest {
    if text != "null" {
        match take(kept.some(), text) {
            Ok(taken) => return taken,
            Err(_) => kept.none(),
        }
    }
    kept.none();
    rest(is_nothing(text))
}

/// A value that says nothing.
pub fn is_nothing(text: &str) -> bool {
    let text: String = text.split_ascii_whitespace().collect();
    matches!(text.as_str(), "null" | "\"\"" | "[]" | "{}")
}

fn fields(record: &mut dyn Record, members: Vec<(String, &str)>) -> Taken {
    let mut left = Rest::Nothing;
    if let Some(other) = record.other() {
        *other = None;
    }
    for (key, value) in &members {
        let is_known = record.names().contains(&key.as_str());
        if field(record, key, value)? {
            continue;
        }
        match record.other() {
            Some(other) => add(other, key, value),
            None if is_known => left = Rest::Something,
            None => {}
        }
    }
    for (place, name) in record.names().iter().enumerate() {
        let is_there = members.iter().any(|(key, _)| key == name);
        if !is_there && !record.field(place).is_some_and(|slot| slot.may_be_absent()) {
            return Err(odd("a value").below(&format!(".{name}")));
        }
    }
    Ok(left)
}

/// A list; a lone text or number is one of one item.
fn items(list: &mut dyn List, value: Json<'_>) -> Taken {
    match value {
        Json::List(items) => Ok(rows(list, &items)),
        Json::Object(members) if members.is_empty() => Ok(rows(list, &[])),
        Json::Text(text) if text.is_empty() => Ok(rows(list, &[])),
        Json::Text(_) | Json::Number(_) => {
            list.truncate(0);
            let lone = match value {
                Json::Number(number) => number.to_owned(),
                Json::Text(text) => serde_json::to_string(&text).unwrap_or_default(),
                _ => String::new(),
            };
            let taken = take(list.push(), &lone);
            if taken.is_err() {
                list.truncate(0);
            }
            taken.map_err(|_| odd("a list"))
        }
        _ => Err(odd("a list")),
    }
}

/// The rows that can be read; those that hold nothing are no loss.
fn rows(list: &mut dyn List, values: &[&str]) -> Rest {
    let mut left = Rest::Nothing;
    list.truncate(0);
    for value in values.iter().filter(|value| **value != "null") {
        match take(list.push(), value) {
            Ok(Rest::Nothing) => {}
            Ok(Rest::Something) => left = Rest::Something,
            Err(_) => {
                list.truncate(list.count().saturating_sub(1));
                if !is_blank(value) {
                    left = Rest::Something;
                }
            }
        }
    }
    left
}

/// An object with nothing in any of its keys.
fn is_blank(value: &str) -> bool {
    match seen(value) {
        Json::Object(members) => members.iter().all(|(_, value)| is_nothing(value)),
        _ => is_nothing(value),
    }
}

fn plain_text(value: Json<'_>) -> Option<String> {
    match value {
        Json::Text(text) => Some(text),
        Json::Number(number) => Some(number.to_owned()),
        _ => None,
    }
}

fn flag(value: Json<'_>) -> Option<bool> {
    match value {
        Json::Flag(flag) => Some(flag),
        other => match plain_text(other)?.as_str() {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        },
    }
}

/// A number from 0 up, without its fraction.
fn whole(value: Json<'_>) -> Option<u64> {
    let text = plain_text(value)?;
    let number: serde_json::Number = text.trim().parse().ok()?;
    let real = || number.as_f64().filter(|real| (0.0..9_007_199_254_740_992.0).contains(real));
    number.as_u64().or_else(|| real().map(|real| real as u64))
}

fn real(value: Json<'_>) -> Option<f64> {
    let text = plain_text(value)?;
    text.trim().parse::<serde_json::Number>().ok()?.as_f64()
}
