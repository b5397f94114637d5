//! Lever's JSON: the envelope, the rules that records follow, and where
//! decoding failed.
//!
//! A decode error names the place and what was expected there, never the value
//! that was found: that may be personal data.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::path;
use crate::bindings::exports::ats::lever::types::Skipped;
use crate::core::error::{Error, ErrorKind, Outcome, shown};
use crate::core::http::body::Body;
use crate::core::http::request::Effect;
use crate::core::http::response::Response;
use crate::core::json::record::lenient::{self, Odd};
use crate::core::json::record::{self, List, Read, Record, Slot, Target, Write};

/// What every response is wrapped in: one record, or a list and where it goes on.
struct Envelope<'a> {
    data: Data<'a>,
    has_next: Option<bool>,
    next: Option<String>,
}

enum Data<'a> {
    One(&'a mut dyn Target),
    Many(&'a mut dyn List),
}

impl<'a> Envelope<'a> {
    fn new(data: Data<'a>) -> Self {
        Envelope { data, has_next: None, next: None }
    }
}

impl Record for Envelope<'_> {
    fn names(&self) -> &'static [&'static str] {
        &["data", "hasNext", "next"]
    }

    fn field(&mut self, place: usize) -> Option<Slot<'_>> {
        match (place, &mut self.data) {
            (0, Data::One(target)) => Some(target.slot()),
            (0, Data::Many(list)) => Some(Slot::List(*list)),
            (1, _) => Some(Read::slot(&mut self.has_next)),
            (2, _) => Some(Read::slot(&mut self.next)),
            _ => None,
        }
    }

    fn expecting(&self) -> &'static str {
        "an object with data"
    }
}

/// What a page says besides its records.
#[derive(Debug, Default)]
pub struct PageInfo {
    /// Whether there is a next page; absent where Lever does not say.
    pub has_next: Option<bool>,
    /// The cursor of the next page.
    pub next: Option<String>,
    /// What of the list could not be read; no key of Lever's.
    pub skipped: Vec<Skipped>,
}

/// Reads the body of a response as it stands.
///
/// # Errors
///
/// `malformed-answer` with the JSON path; the outcome is `applied` for a write,
/// since the response was a success.
pub fn decode<T: Read>(response: &Response, effect: Effect) -> Result<T, Error> {
    let mut value = T::default();
    decode_into(&mut value, response, effect)?;
    Ok(value)
}

/// The same into what is there.
///
/// # Errors
///
/// As for [`decode`].
pub fn decode_into(
    target: &mut dyn Target,
    response: &Response,
    effect: Effect,
) -> Result<(), Error> {
    match record::fill(target.slot(), &response.body) {
        Ok(()) => Ok(()),
        Err(_) => recover(target.slot(), response, effect),
    }
}

/// Reads the record, or whatever it is, that the envelope holds.
///
/// # Errors
///
/// As for [`decode`].
pub fn data<T: Read>(response: &Response, effect: Effect) -> Result<T, Error> {
    let mut value = T::default();
    data_into(&mut value, response, effect)?;
    Ok(value)
}

/// The same into what is there.
///
/// # Errors
///
/// As for [`decode`].
pub fn data_into(
    target: &mut dyn Target,
    response: &Response,
    effect: Effect,
) -> Result<(), Error> {
    let mut envelope = Envelope::new(Data::One(target));
    match record::fill(Slot::Object(&mut envelope), &response.body) {
        Ok(()) => Ok(()),
        Err(_) => recover(Slot::Object(&mut envelope), response, effect),
    }
}

/// The same for what is not as documented, in one piece of code for all records.
fn recover(slot: Slot<'_>, response: &Response, effect: Effect) -> Result<(), Error> {
    let text = text(&response.body);
    sound(&text)
        .and_then(|()| lenient::fill(slot, &text).map_err(expected))
        .map_err(|place| malformed(response.status, effect, &text, &place))
}

/// Reads a page of a list, its records into `rows`. A record that cannot be read is
/// named, and the others are returned.
///
/// # Errors
///
/// As for [`decode`], where it is not a list, or it is not to be told where it goes
/// on.
pub fn page_into(rows: &mut dyn List, response: &Response) -> Result<PageInfo, Error> {
    let mut page = Envelope::new(Data::Many(rows));
    let skipped = match record::fill(Slot::Object(&mut page), &response.body) {
        Ok(()) => Vec::new(),
        Err(_) => recover_rows(&mut page, response)?,
    };
    Ok(PageInfo { has_next: page.has_next, next: page.next, skipped })
}

fn recover_rows(page: &mut dyn Record, response: &Response) -> Result<Vec<Skipped>, Error> {
    let text = text(&response.body);
    sound(&text)
        .and_then(|()| rows(page, &text).map_err(expected))
        .map_err(|place| malformed(response.status, Effect::Read, &text, &place))
}

/// The record in an answer, to be written back: exactly as it came, with nothing
/// mended.
///
/// # Errors
///
/// `malformed-answer` where it is not an object, or something in it would change on
/// the way back.
pub fn original(response: &Response) -> Result<Map<String, Value>, Error> {
    let body = response.body.strip_prefix(record::BYTE_ORDER_MARK).unwrap_or(&response.body);
    let odd = |end: usize| {
        let place = path::path(body.get(..end).unwrap_or_default(), 1, end);
        format!(
            "at `{place}` stands what cannot be written back as it is, such as half a character. Correct it in Lever; nothing was changed"
        )
    };
    let fault = match std::str::from_utf8(body) {
        Err(fault) => odd(fault.valid_up_to()),
        Ok(text) => match serde_json::from_str::<Value>(text) {
            Ok(mut answer) => match answer.get_mut("data").map(Value::take) {
                Some(Value::Object(record)) => return Ok(record),
                _ => "at `data` expected an object".to_owned(),
            },
            Err(fault) => sound(&record::mended(text)).err().unwrap_or_else(|| {
                let before = text.split_inclusive('\n').take(fault.line().saturating_sub(1));
                let before: usize = before.map(str::len).sum();
                odd(before.saturating_add(fault.column()))
            }),
        },
    };
    Err(malformed(response.status, Effect::Read, "", &fault))
}

/// The text of a body that is not as documented, as far as it is text.
pub fn text(body: &[u8]) -> String {
    let body = body.strip_prefix(record::BYTE_ORDER_MARK).unwrap_or(body);
    record::mended(&String::from_utf8_lossy(body))
}

/// Whether it is JSON at all; where not, what is wrong with it.
fn sound(text: &str) -> Result<(), String> {
    let Err(fault) = serde_json::from_str::<IgnoredAny>(text) else { return Ok(()) };
    let words = if fault.is_syntax() { "that is not JSON" } else { "the JSON ends too early" };
    Err(format!("at `{}` {words}", path::path(text.as_bytes(), fault.line(), fault.column())))
}

fn rows(page: &mut dyn Record, text: &str) -> Result<Vec<Skipped>, Odd> {
    let odd = |path: &str, expected| Odd { path: path.to_owned(), expected };
    if !text.trim_start().starts_with('{') {
        return Err(odd("", "an object with data"));
    }
    let (mut skipped, mut is_list) = (Vec::new(), false);
    for (key, value) in lenient::parts(text) {
        if key != "data" {
            let is_known = page.names().contains(&key.as_str());
            // A page too few would look like the end of the list.
            if is_known && !lenient::field(page, &key, value)? {
                return Err(odd(&format!(".{key}"), "what says how the list goes on"));
            }
            continue;
        }
        let text = value;
        is_list = text.starts_with('[') || lenient::is_nothing(text) && text != "null";
        let Some(Slot::List(list)) = page.field(0) else { continue };
        list.truncate(0);
        for (position, (_, row)) in lenient::parts(text).into_iter().enumerate() {
            if row == "null" {
                continue;
            }
            if let Err(odd) = lenient::fill(list.push(), row) {
                list.truncate(list.count().saturating_sub(1));
                skipped.push(skip(position, row, &odd));
            }
        }
    }
    if is_list { Ok(skipped) } else { Err(odd(".data", "a list")) }
}

fn skip(position: usize, row: &str, odd: &Odd) -> Skipped {
    let mut parts = if row.starts_with('{') { lenient::parts(row) } else { Vec::new() };
    parts.retain(|(key, _)| key == "id");
    let mut id = String::new();
    let last = parts.pop().map(|(_, value)| lenient::fill(Slot::Text(&mut id), value));
    let id = matches!(last, Some(Ok(()))).then_some(id);
    Skipped {
        position: u32::try_from(position).unwrap_or(u32::MAX),
        path: format!("data[{position}]{}", odd.path),
        id: id.filter(|id| is_id(id)),
        reason: format!("expected {}", odd.expected),
    }
}

/// Whether it looks like an id, rather than like something of a person's.
fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=128).contains(&text.len()) && text.bytes().all(is_plain)
}

fn expected(odd: Odd) -> String {
    let path = match odd.path.trim_start_matches('.') {
        "" => "the top",
        path => path,
    };
    format!("at `{path}` expected {}", odd.expected)
}

fn malformed(status: u16, effect: Effect, text: &str, place: &str) -> Error {
    let outcome = match effect {
        Effect::Read => Outcome::NotApplied,
        Effect::Absolute | Effect::Create => Outcome::Applied,
    };
    let message = format!("Lever's answer is not what it documents: {place}.");
    let error =
        Error { status: Some(status), outcome, ..Error::new(ErrorKind::MalformedAnswer, message) };
    let id = lenient::parts(text).into_iter().find(|(key, _)| key == "data");
    let id = id.and_then(|(_, data)| skip(0, data, &Odd::default()).id);
    match id {
        Some(id) if effect != Effect::Read => {
            error.adding(&format!("The id in it is {}.", shown(&id)))
        }
        _ => error,
    }
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
mod tests;
