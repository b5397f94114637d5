//! Reading JSON into slots: one piece of code for all records.
//!
//! A number may stand as a text and a whole one as `5.0`, as Lever sends some. What
//! is otherwise not of the form of its slot is an error without a word of why: the
//! caller then reads it again, more leniently.

use std::borrow::Cow;

use crate::mend::{halves, mended};
use crate::reader::{Malformed, Reader};
use crate::slot::{Read, Record, Slot};

/// What may stand in front of a text to say that it is UTF-8.
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Below 2^53 a whole number is exact as a float.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Reads a whole text.
///
/// # Errors
///
/// Text that is not JSON, or not of this form.
pub fn read<T: Read>(text: &[u8]) -> Result<T, Malformed> {
    let mut value = T::default();
    fill(Read::slot(&mut value), text)?;
    Ok(value)
}

/// Reads a whole text into a slot.
///
/// # Errors
///
/// As for [`read`].
pub fn fill(slot: Slot<'_>, text: &[u8]) -> Result<(), Malformed> {
    // Some servers and proxies write one.
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    // Looked through once, which is less than looking through every string.
    let mut reader = Reader::new(std::str::from_utf8(text).map_err(|_| Malformed)?);
    value(&mut reader, slot)?;
    reader.end()
}

fn value(reader: &mut Reader<'_>, slot: Slot<'_>) -> Result<(), Malformed> {
    let next = reader.peek()?;
    match slot {
        Slot::OptionalText(kept) => match next {
            b'n' => {
                *kept = None;
                reader.word("null")?;
            }
            _ => *kept = Some(reader.string()?.into_owned()),
        },
        Slot::Text(kept) => *kept = reader.string()?.into_owned(),
        Slot::Optional(kept) => match next {
            b'n' => {
                kept.none();
                reader.word("null")?;
            }
            _ => value(reader, kept.some())?,
        },
        Slot::Object(record) => fields(reader, record)?,
        Slot::Reference(reference) => match next {
            b'"' => reference.set(&reader.string()?),
            _ => {
                fields(reader, reference.object())?;
                reference.settle();
            }
        },
        Slot::List(list) => {
            list.truncate(0);
            reader.expect(b'[')?;
            if !reader.takes(b']')? {
                loop {
                    value(reader, list.push())?;
                    if !reader.goes_on(b']')? {
                        break;
                    }
                }
            }
        }
        Slot::Keyed(list) => {
            list.truncate(0);
            match next {
                b'n' => reader.word("null")?,
                _ => {
                    reader.expect(b'{')?;
                    if !reader.takes(b'}')? {
                        loop {
                            reader.string()?;
                            reader.expect(b':')?;
                            value(reader, list.push())?;
                            if !reader.goes_on(b'}')? {
                                break;
                            }
                        }
                    }
                }
            }
        }
        Slot::Flag(kept) => {
            *kept = next == b't';
            reader.word(if *kept { "true" } else { "false" })?;
        }
        Slot::Number(kept) => *kept = whole_number(reader, next)?,
        Slot::Small(kept) => {
            *kept = u32::try_from(whole_number(reader, next)?).map_err(|_| Malformed)?;
        }
        Slot::Real(kept) => *kept = real(&digits(reader, next)?)?,
        Slot::Json(kept) => *kept = whole(reader.value()?),
        Slot::Open(kept) => {
            let text = reader.value()?;
            *kept = (text != "null").then(|| whole(text));
        }
    }
    Ok(())
}

/// A number, or a text that is one.
fn digits<'a>(reader: &mut Reader<'a>, next: u8) -> Result<Cow<'a, str>, Malformed> {
    match next {
        b'"' => reader.string(),
        _ => reader.number().map(Cow::Borrowed),
    }
}

fn whole_number(reader: &mut Reader<'_>, next: u8) -> Result<u64, Malformed> {
    let text = digits(reader, next)?;
    // What JSON writes without a sign, a fraction and zeros in front is most of them.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() == 1 || !text.starts_with('0'));
    match text.parse() {
        Ok(number) if is_plain => Ok(number),
        _ => {
            let real = real(&text)?;
            let is_whole = real.fract() == 0.0 && (0.0..EXACT).contains(&real);
            if is_whole { Ok(real as u64) } else { Err(Malformed) }
        }
    }
}

#[cold]
fn real(text: &str) -> Result<f64, Malformed> {
    let number: serde_json::Number = text.parse().map_err(|_| Malformed)?;
    number.as_f64().ok_or(Malformed)
}

fn fields(reader: &mut Reader<'_>, record: &mut dyn Record) -> Result<(), Malformed> {
    let names = record.names();
    let mut absent = u64::MAX;
    let mut hint = 0;
    reader.expect(b'{')?;
    if !reader.takes(b'}')? {
        loop {
            let key = reader.string()?;
            reader.expect(b':')?;
            match index(names, hint, &key) {
                Some(index) => {
                    match record.field(index) {
                        Some(slot) => value(reader, slot)?,
                        None => drop(reader.value()?),
                    }
                    absent &= !bit(index);
                    hint = index.saturating_add(1);
                }
                None => {
                    let text = reader.value()?;
                    if let Some(other) = record.other() {
                        add(other, &key, text);
                    }
                }
            }
            if !reader.goes_on(b'}')? {
                break;
            }
        }
    }
    for index in (0..names.len()).filter(|index| absent & bit(*index) != 0) {
        if !record.field(index).is_some_and(|slot| slot.may_be_absent()) {
            return Err(Malformed);
        }
    }
    Ok(())
}

/// Where a key is among the known ones; `hint` is where to look first, since keys come
/// in about the same order every time.
fn index(names: &[&str], hint: usize, key: &str) -> Option<usize> {
    if names.get(hint).is_some_and(|name| same(name, key)) {
        return Some(hint);
    }
    let (before, after) = names.split_at_checked(hint).unwrap_or((names, &[]));
    let find = |names: &[&str]| names.iter().position(|name| same(name, key));
    let behind = find(after).map(|index| index.saturating_add(before.len()));
    behind.or_else(|| find(before))
}

/// Adds a key and its value to an object that is kept as text; null adds
/// nothing.
#[inline(never)]
pub fn add(object: &mut Option<String>, key: &str, value: &str) {
    if value == "null" {
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
fn whole(value: &str) -> String {
    match halves(value) {
        false => value.to_owned(),
        true => mended(value),
    }
}

fn bit(index: usize) -> u64 {
    u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index)).unwrap_or_default()
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
