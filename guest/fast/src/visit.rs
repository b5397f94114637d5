//! Reading JSON into slots: one visitor for all records.

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::mend::{halves, mended};
use super::slot::{Read, Record, Slot};

/// Reads a whole text.
///
/// # Errors
///
/// Text that is not JSON, or not of this form.
pub fn read<T: Read>(text: &[u8]) -> Result<T, serde_json::Error> {
    let mut value = T::default();
    fill(Read::slot(&mut value), text)?;
    Ok(value)
}

/// Reads a whole text into a slot.
///
/// # Errors
///
/// As for [`read`].
pub fn fill(slot: Slot<'_>, text: &[u8]) -> Result<(), serde_json::Error> {
    // Some servers and proxies write one.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // Looked through once, which is less than looking through every string.
    let text = std::str::from_utf8(text).map_err(|_| Error::custom("not UTF-8"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    slot.deserialize(&mut deserializer)?;
    deserializer.end()
}

/// What may stand in front of a text to say that it is UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Slot::Text(_) => deserializer.deserialize_str(self),
            Slot::Flag(_) => deserializer.deserialize_bool(self),
            // Any: Lever sends some numbers as texts.
            Slot::Number(_) | Slot::Small(_) | Slot::Real(_) => deserializer.deserialize_any(self),
            Slot::Object(_) => deserializer.deserialize_map(self),
            Slot::Reference(_) => deserializer.deserialize_any(self),
            Slot::List(_) => deserializer.deserialize_seq(self),
            Slot::OptionalText(_) | Slot::Optional(_) | Slot::Open(_) | Slot::Keyed(_) => {
                deserializer.deserialize_option(self)
            }
            Slot::Json(text) => {
                *text = whole(<&RawValue>::deserialize(deserializer)?);
                Ok(())
            }
        }
    }
}

impl Slot<'_> {
    /// Whether the key may be missing.
    pub fn may_be_absent(&self) -> bool {
        matches!(self, Slot::OptionalText(_) | Slot::Optional(_) | Slot::Open(_) | Slot::Keyed(_))
    }

    fn number<E: Error>(self, number: &serde_json::Number) -> Result<(), E> {
        match (number.as_u64(), number.as_f64()) {
            (Some(whole), _) => self.visit_u64(whole),
            (None, Some(real)) => self.visit_f64(real),
            (None, None) => Err(E::invalid_type(Unexpected::Other("number"), &self)),
        }
    }
}

impl<'de> Visitor<'de> for Slot<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Slot::Text(_) => "a string",
            Slot::Flag(_) => "a boolean",
            Slot::Number(_) => "u64",
            Slot::Small(_) => "u32",
            Slot::Real(_) => "a number",
            Slot::Object(record) => record.expecting(),
            Slot::Reference(_) => "an id or an object",
            Slot::List(_) => "a sequence",
            Slot::Keyed(_) => "an object of objects",
            Slot::OptionalText(_) | Slot::Optional(_) | Slot::Json(_) | Slot::Open(_) => "any JSON",
        })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self {
            Slot::Text(slot) => *slot = text.to_owned(),
            Slot::Reference(reference) => reference.set(text),
            number @ (Slot::Number(_) | Slot::Small(_) | Slot::Real(_)) => {
                return match text.parse::<serde_json::Number>() {
                    Ok(text) => number.number(&text),
                    Err(_) => Err(E::invalid_type(Unexpected::Str(text), &number)),
                };
            }
            other => return Err(E::invalid_type(Unexpected::Str(text), &other)),
        }
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        match self {
            Slot::Flag(slot) => *slot = flag,
            other => return Err(E::invalid_type(Unexpected::Bool(flag), &other)),
        }
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        match self {
            Slot::Number(slot) => *slot = number,
            Slot::Small(slot) if u32::try_from(number).is_ok() => *slot = number as u32,
            Slot::Real(slot) => *slot = number as f64,
            other => return Err(E::invalid_type(Unexpected::Unsigned(number), &other)),
        }
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        match self {
            Slot::Real(slot) => *slot = number as f64,
            other => return Err(E::invalid_type(Unexpected::Signed(number), &other)),
        }
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // Below 2^53 a whole number is exact.
        let whole = number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number);
        match self {
            Slot::Real(slot) => {
                *slot = number;
                Ok(())
            }
            other if whole => other.visit_u64(number as u64),
            other => Err(E::invalid_type(Unexpected::Float(number), &other)),
        }
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        match self {
            Slot::Optional(slot) => slot.none(),
            Slot::OptionalText(slot) | Slot::Open(slot) => *slot = None,
            Slot::Keyed(list) => list.clear(),
            other => return Err(E::invalid_type(Unexpected::Unit, &other)),
        }
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Slot::OptionalText(slot) => {
                deserializer.deserialize_str(Slot::Text(slot.insert(String::new())))
            }
            Slot::Optional(slot) => slot.some().deserialize(deserializer),
            Slot::Open(slot) => Slot::Json(slot.insert(String::new())).deserialize(deserializer),
            Slot::Keyed(list) => deserializer.deserialize_map(Slot::Keyed(list)),
            other => Err(D::Error::invalid_type(Unexpected::Option, &other)),
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match self {
            Slot::List(list) => {
                list.clear();
                while seq.next_element_seed(list.push())?.is_some() {}
                list.pop();
                Ok(())
            }
            other => Err(A::Error::invalid_type(Unexpected::Seq, &other)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self {
            Slot::Keyed(list) => {
                list.clear();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    map.next_value_seed(list.push())?;
                }
                Ok(())
            }
            Slot::Object(record) => fields(record, map),
            Slot::Reference(reference) => {
                fields(reference.object(), map)?;
                reference.settle();
                Ok(())
            }
            other => Err(A::Error::invalid_type(Unexpected::Map, &other)),
        }
    }
}

fn fields<'de, A: MapAccess<'de>>(record: &mut dyn Record, mut map: A) -> Result<(), A::Error> {
    let names = record.names();
    let mut absent = u64::MAX;
    let mut hint = 0;
    let mut unknown = String::new();
    while let Some(place) = map.next_key_seed(Key { names, hint, unknown: &mut unknown })? {
        if let Some(slot) = record.field(place) {
            map.next_value_seed(slot)?;
            absent &= !bit(place);
            hint = place.saturating_add(1);
        } else if let Some(other) = record.other() {
            add(other, &unknown, map.next_value::<&RawValue>()?);
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    for (place, name) in names.iter().enumerate().filter(|(place, _)| absent & bit(*place) != 0) {
        if !record.field(place).is_some_and(|slot| slot.may_be_absent()) {
            return Err(A::Error::missing_field(name));
        }
    }
    Ok(())
}

/// Adds a key and its value to an object that is kept as text; null adds
/// nothing.
#[inline(never)]
pub fn add(object: &mut Option<String>, key: &str, value: &RawValue) {
    if value.get() == "null" {
        return;
    }
    let text = object.get_or_insert_default();
    if text.pop().is_none() {
        text.push('{');
    } else {
        text.push(',');
    }
    // A string is always written.
    text.push_str(&serde_json::to_string(key).unwrap_or_default());
    text.push(':');
    text.push_str(&whole(value));
    text.push('}');
}

/// JSON as it came, save that its strings hold whole characters.
#[inline(never)]
fn whole(value: &RawValue) -> String {
    match halves(value.get()) {
        false => value.get().to_owned(),
        true => mended(value.get()),
    }
}

fn bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or_default()
}

/// Reads a key as its place among the known ones.
struct Key<'a> {
    names: &'static [&'static str],
    /// Where to look first: keys come in about the same order every time.
    hint: usize,
    /// Takes one that is not known.
    unknown: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<usize, E> {
        if self.names.get(self.hint).is_some_and(|name| same(name, key)) {
            return Ok(self.hint);
        }
        let (before, after) = self.names.split_at_checked(self.hint).unwrap_or((self.names, &[]));
        let place = |names: &[&str]| names.iter().position(|name| same(name, key));
        let found = place(after).map(|place| place.saturating_add(before.len()));
        Ok(found.or_else(|| place(before)).unwrap_or_else(|| {
            key.clone_into(self.unknown);
            usize::MAX
        }))
    }
}

/// Whether two keys are the same. In WebAssembly `==` is a call that looks at
/// one byte after the other.
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let ((words, rest), (other_words, other_rest)) = (one.as_chunks::<8>(), other.as_chunks::<8>());
    let differ =
        |one: &[u8; 8], other: &[u8; 8]| u64::from_ne_bytes(*one) != u64::from_ne_bytes(*other);
    !words.iter().zip(other_words).any(|(one, other)| differ(one, other))
        && !rest.iter().zip(other_rest).any(|(one, other)| one != other)
}
