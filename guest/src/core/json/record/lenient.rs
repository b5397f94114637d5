//! Reading JSON that is not what Lever documents, as far as it has a plain
//! meaning.
//!
//! Where `fill` fails, which costs nothing before. A number is read as a text and
//! a text as a number, 0 and 1 as booleans, a time without its fraction, an empty
//! object or text as an empty list; null rows are left out. What has no plain
//! meaning is absent where it may be, and kept with the unknown keys of the record
//! it belongs to. Nothing else is guessed: a negative time is no time.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{List, Optional, Read, Record, Slot, add};

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
pub fn field(record: &mut dyn Record, key: &str, value: &RawValue) -> Result<bool, Odd> {
    let place = record.names().iter().position(|name| *name == key);
    let Some(slot) = place.and_then(|place| record.field(place)) else {
        return Ok(false);
    };
    let taken = take(slot, value.get()).map_err(|odd| odd.below(&format!(".{key}")))?;
    Ok(taken == Rest::Nothing)
}

/// A text and what it is.
enum Json<'a> {
    Null,
    Flag(bool),
    Number(&'a str),
    Text(String),
    List(Vec<&'a RawValue>),
    Object(Vec<(String, &'a RawValue)>),
}

fn seen(text: &str) -> Json<'_> {
    let text = text.trim_ascii();
    match text.as_bytes().first() {
        Some(b't') => Json::Flag(true),
        Some(b'f') => Json::Flag(false),
        Some(b'"') => Json::Text(serde_json::from_str(text).unwrap_or_default()),
        Some(b'[') => Json::List(parts(text).into_iter().map(|(_, value)| value).collect()),
        Some(b'{') => Json::Object(parts(text)),
        Some(b'-' | b'0'..=b'9') => Json::Number(text),
        _ => Json::Null,
    }
}

/// The items of a list, or the keys and values of an object.
pub fn parts(text: &str) -> Vec<(String, &RawValue)> {
    serde_json::from_str::<Parts<'_>>(text).map(|parts| parts.0).unwrap_or_default()
}

struct Parts<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Parts(Vec::new()))
    }
}

impl<'de> Visitor<'de> for Parts<'de> {
    type Value = Self;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list or an object")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<Self, A::Error> {
        while let Some(value) = seq.next_element()? {
            self.0.push((String::new(), value));
        }
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self, A::Error> {
        while let Some(pair) = map.next_entry()? {
            self.0.push(pair);
        }
        Ok(self)
    }
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
                let values: Vec<&RawValue> = members.into_iter().map(|(_, value)| value).collect();
                return Ok(rows(list, &values));
            }
            Json::List(items) => return Ok(rows(list, &items)),
            _ => {
                list.clear();
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

fn fields(record: &mut dyn Record, members: Vec<(String, &RawValue)>) -> Taken {
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
            list.clear();
            let lone = match value {
                Json::Number(number) => number.to_owned(),
                Json::Text(text) => serde_json::to_string(&text).unwrap_or_default(),
                _ => String::new(),
            };
            let taken = take(list.push(), &lone);
            if taken.is_err() {
                list.clear();
            }
            taken.map_err(|_| odd("a list"))
        }
        _ => Err(odd("a list")),
    }
}

/// The rows that can be read; those that hold nothing are no loss.
fn rows(list: &mut dyn List, values: &[&RawValue]) -> Rest {
    let mut left = Rest::Nothing;
    list.clear();
    for value in values.iter().filter(|value| value.get() != "null") {
        match take(list.push(), value.get()) {
            Ok(Rest::Nothing) => {}
            Ok(Rest::Something) => left = Rest::Something,
            Err(_) => {
                list.pop();
                if !is_blank(value) {
                    left = Rest::Something;
                }
            }
        }
    }
    left
}

/// An object with nothing in any of its keys.
fn is_blank(value: &RawValue) -> bool {
    match seen(value.get()) {
        Json::Object(members) => members.iter().all(|(_, value)| is_nothing(value.get())),
        _ => is_nothing(value.get()),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::files::File;
    use crate::bindings::exports::ats::lever::offers::Offer;
    use crate::bindings::exports::ats::lever::opportunities::Opportunity;
    use crate::core::json::record::value;
    use serde_json::{Value, json};

    /// An opportunity of these members, as JSON but for its id, and its other.
    fn opportunity(members: &str) -> (Value, Option<Value>) {
        let text = format!(r#"{{"id":"o",{members}}}"#);
        let read: Opportunity = read(&text).unwrap_or_else(|odd| panic!("{text} {odd:?}"));
        let mut object = value(&read);
        object.as_object_mut().unwrap().remove("id");
        (object, read.other.map(|other| serde_json::from_str(&other).unwrap()))
    }

    #[test]
    fn what_has_a_plain_meaning_is_read() {
        let rows = [
            (r#""name":123"#, json!({"name": "123"})),
            (r#""name":1.50"#, json!({"name": "1.50"})),
            (r#""tags":[2024,"a",null]"#, json!({"tags": ["2024", "a"]})),
            (r#""tags":"a""#, json!({"tags": ["a"]})),
            (r#""tags":7"#, json!({"tags": ["7"]})),
            (r#""tags":{}"#, json!({})),
            (r#""tags":"""#, json!({})),
            (r#""emails":[null]"#, json!({})),
            (r#""emails":[null,"a"]"#, json!({"emails": ["a"]})),
            (r#""phones":[{"type":null,"value":null}]"#, json!({})),
            (r#""phones":[{},{"type":"","value":[]},null]"#, json!({})),
            (
                r#""phones":[{"type":null,"value":5551234}]"#,
                json!({"phones": [{"value": "5551234"}]}),
            ),
            (r#""phones":{}"#, json!({})),
            (r#""isAnonymized":0"#, json!({"isAnonymized": false})),
            (r#""isAnonymized":1"#, json!({"isAnonymized": true})),
            (r#""isAnonymized":"true""#, json!({"isAnonymized": true})),
            (r#""isAnonymized":"""#, json!({})),
            (r#""createdAt":1767225600000.75"#, json!({"createdAt": 1_767_225_600_000_u64})),
            (r#""createdAt":"1767225600000""#, json!({"createdAt": 1_767_225_600_000_u64})),
            (r#""createdAt":1.7672256e12"#, json!({"createdAt": 1_767_225_600_000_u64})),
            (r#""createdAt":0"#, json!({"createdAt": 0})),
            (r#""createdAt":"""#, json!({})),
            (
                r#""archived":{"reason":null,"archivedAt":5}"#,
                json!({"archived": {"archivedAt": 5}}),
            ),
            (r#""archived":[]"#, json!({})),
            (r#""archived":"""#, json!({})),
            (r#""urls":[ ]"#, json!({})),
            (r#""owner":[]"#, json!({})),
            (r#""owner":{ }"#, json!({})),
            (r#""owner":7"#, json!({"owner": "7"})),
            (r#""owner":{"id":7,"name":"M"}"#, json!({"owner": {"id": "7", "name": "M"}})),
            (
                r#""followers":["a",{"id":"b"},null,7]"#,
                json!({"followers": ["a", {"id": "b"}, "7"]}),
            ),
            (r#""followers":"a""#, json!({"followers": ["a"]})),
            (
                r#""stageChanges":[{"toStageId":9,"toStageIndex":"2","updatedAt":1.5,"userId":null}]"#,
                json!({"stageChanges": [{"toStageId": "9", "toStageIndex": 2, "updatedAt": 1}]}),
            ),
        ];
        for (members, expected) in rows {
            assert_eq!(opportunity(members), (expected, None), "{members}");
        }
    }

    #[test]
    fn what_has_none_is_absent_and_kept_beside() {
        let rows = [
            (r#""createdAt":-5"#, json!({})),
            (r#""createdAt":1e300"#, json!({})),
            (r#""createdAt":"soon""#, json!({})),
            (r#""createdAt":true"#, json!({})),
            (r#""createdAt":{"$date":5}"#, json!({})),
            (r#""name":{"first":"A"}"#, json!({})),
            (r#""name":true"#, json!({})),
            (r#""isAnonymized":2"#, json!({})),
            (r#""archived":true"#, json!({})),
            (
                r#""archived":{"reason":["r"],"archivedAt":5}"#,
                json!({"archived": {"archivedAt": 5}}),
            ),
            (r#""tags":true"#, json!({})),
            (r#""tags":{"0":"a"}"#, json!({})),
            (r#""emails":["a",{"value":"b"}]"#, json!({"emails": ["a"]})),
            (r#""phones":[{"type":"home"},{"value":"1"}]"#, json!({"phones": [{"value": "1"}]})),
            (r#""phones":["5551234"]"#, json!({})),
            (r#""owner":{"name":"M"}"#, json!({})),
            (r#""urls":"https://x""#, json!({})),
            (r#""dataProtection":{"store":{"allowed":null}}"#, json!({"dataProtection": {}})),
        ];
        for (members, expected) in rows {
            let kept: Value = serde_json::from_str(&format!("{{{members}}}")).unwrap();
            assert_eq!(opportunity(members), (expected, Some(kept)), "{members}");
        }
    }

    #[test]
    fn an_expanded_record_keeps_what_is_its_own() {
        let text = r#"{"id":"o","owner":{"id":"u","createdAt":-1,"new":[1]},"newer":{"a":"b"}}"#;
        let read: Opportunity = read(text).unwrap();
        let owner = read.owner.unwrap().user.unwrap();
        assert_eq!(owner.other.as_deref(), Some(r#"{"createdAt":-1,"new":[1]}"#));
        assert_eq!(read.other.as_deref(), Some(r#"{"newer":{"a":"b"}}"#));
    }

    #[test]
    fn a_record_that_cannot_be_read_says_where() {
        let rows = [
            (r#"{"name":"A"}"#, ".id", "a value"),
            (r#"{"id":null}"#, ".id", "a string"),
            (r#"{"id":{"a":1}}"#, ".id", "a string"),
            ("7", "", "an object"),
            ("[]", "", "an object"),
            (r#""o""#, "", "an object"),
        ];
        for (text, path, expected) in rows {
            let odd = read::<Opportunity>(text).unwrap_err();
            assert_eq!((odd.path.as_str(), odd.expected), (path, expected), "{text}");
        }
    }

    #[test]
    fn sizes_and_keyed_lists_are_read_as_well() {
        let file: File = read(r#"{"id":"f","size":"12.0","uploadedAt":null,"name":5}"#).unwrap();
        assert_eq!((file.size, file.name.as_deref()), (Some(12), Some("5")));
        for (signatures, count, is_kept) in [
            (r#"{"a":{"name":"A"},"b":null,"c":{}}"#, 2, false),
            ("[]", 0, false),
            (r#"[{"name":"A"}]"#, 1, false),
            ("7", 0, true),
        ] {
            let text = format!(r#"{{"id":"f","signatures":{signatures}}}"#);
            let offer: Offer = read(&text).unwrap();
            assert_eq!(offer.signatures.len(), count, "{signatures}");
            assert_eq!(offer.other.is_some(), is_kept, "{signatures}");
        }
    }
}
