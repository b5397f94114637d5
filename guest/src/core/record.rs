//! Reading JSON into the records of the WIT.
//!
//! What serde's derive does, for objects alone and in one piece of code for all
//! records: each only says what lies where. Derived, the decoders were 190 KiB
//! larger. Unknown keys are skipped, absent and null lists are empty, and what
//! is neither option nor list must be there.

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Where a JSON value goes, by the form it must have.
pub enum Slot<'a> {
    /// A string.
    Text(&'a mut String),
    /// A boolean.
    Flag(&'a mut bool),
    /// A number.
    Number(&'a mut u64),
    /// A number.
    Small(&'a mut u32),
    /// An object.
    Object(&'a mut dyn Record),
    /// An id, or the object that has it.
    Reference(&'a mut dyn Reference),
    /// A list.
    List(&'a mut dyn List),
    /// A string, null or nothing: what most fields are, so without a detour.
    OptionalText(&'a mut Option<String>),
    /// What may be null or absent.
    Optional(&'a mut dyn Optional),
    /// Any JSON, as its text.
    Json(&'a mut String),
    /// Any JSON but null, as its text.
    Open(&'a mut Option<String>),
}

/// A type that JSON can be read into, over its default.
pub trait Read: Default {
    /// Where the value goes.
    fn slot(&mut self) -> Slot<'_>;

    /// Where the value goes that may be null or absent.
    fn optional(option: &mut Option<Self>) -> Slot<'_> {
        Slot::Optional(option)
    }
}

/// An object with known keys, at most 64.
pub trait Record {
    /// The keys.
    fn names(&self) -> &'static [&'static str];

    /// Where the value of the key at this place goes.
    fn field(&mut self, place: usize) -> Option<Slot<'_>>;

    /// What an error says was expected.
    fn expecting(&self) -> &'static str {
        "an object"
    }
}

/// An id with the object that may stand in its place.
pub trait Reference {
    /// Takes the id alone.
    fn set(&mut self, id: &str);

    /// Where the object goes.
    fn object(&mut self) -> &mut dyn Record;

    /// Takes the id from the object.
    fn settle(&mut self);
}

/// A list being read.
pub trait List {
    /// Removes all items.
    fn clear(&mut self);

    /// Adds an item.
    fn push(&mut self) -> Slot<'_>;

    /// Removes the last item.
    fn pop(&mut self);
}

/// What may be null or absent.
pub trait Optional {
    /// Takes null.
    fn none(&mut self);

    /// Where a value goes.
    fn some(&mut self) -> Slot<'_>;
}

/// Any JSON, as its text.
#[derive(Debug, Default)]
pub struct Json(pub String);

impl Read for String {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Text(self)
    }

    fn optional(option: &mut Option<Self>) -> Slot<'_> {
        Slot::OptionalText(option)
    }
}

impl Read for bool {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Flag(self)
    }
}

impl Read for u64 {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Number(self)
    }
}

impl Read for u32 {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Small(self)
    }
}

impl Read for Json {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Json(&mut self.0)
    }
}

impl<T: Read> Read for Option<T> {
    fn slot(&mut self) -> Slot<'_> {
        T::optional(self)
    }
}

impl<T: Read> Read for Vec<T> {
    fn slot(&mut self) -> Slot<'_> {
        Slot::List(self)
    }
}

impl<T: Read> Optional for Option<T> {
    fn none(&mut self) {
        *self = None;
    }

    fn some(&mut self) -> Slot<'_> {
        self.insert(T::default()).slot()
    }
}

impl<T: Read> Optional for Vec<T> {
    fn none(&mut self) {
        self.clear();
    }

    fn some(&mut self) -> Slot<'_> {
        self.slot()
    }
}

impl<T: Read> List for Vec<T> {
    fn clear(&mut self) {
        self.clear();
    }

    fn push(&mut self) -> Slot<'_> {
        self.push_mut(T::default()).slot()
    }

    fn pop(&mut self) {
        self.pop();
    }
}

/// A plain field.
pub fn plain<T: Read>(field: &mut T) -> Slot<'_> {
    field.slot()
}

/// A list, or null.
pub fn list<T: Read>(field: &mut Vec<T>) -> Slot<'_> {
    Slot::Optional(field)
}

/// Any JSON but null, as its text.
pub fn open(field: &mut Option<String>) -> Slot<'_> {
    Slot::Open(field)
}

/// Reads a whole text.
///
/// # Errors
///
/// Text that is not JSON, or not of this form.
pub fn read<T: Read>(text: &[u8]) -> Result<T, serde_json::Error> {
    let mut value = T::default();
    fill(value.slot(), text)?;
    Ok(value)
}

/// Reads a whole text into a slot.
///
/// # Errors
///
/// As for [`read`].
pub fn fill(slot: Slot<'_>, text: &[u8]) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    slot.deserialize(&mut deserializer)?;
    deserializer.end()
}

impl<'de> DeserializeSeed<'de> for Slot<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self {
            Slot::Text(_) => deserializer.deserialize_str(self),
            Slot::Flag(_) => deserializer.deserialize_bool(self),
            Slot::Number(_) => deserializer.deserialize_u64(self),
            Slot::Small(_) => deserializer.deserialize_u32(self),
            Slot::Object(_) => deserializer.deserialize_map(self),
            Slot::Reference(_) => deserializer.deserialize_any(self),
            Slot::List(_) => deserializer.deserialize_seq(self),
            Slot::OptionalText(_) | Slot::Optional(_) | Slot::Open(_) => {
                deserializer.deserialize_option(self)
            }
            Slot::Json(text) => {
                *text = Box::<str>::from(Box::<RawValue>::deserialize(deserializer)?).into();
                Ok(())
            }
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
            Slot::Object(record) => record.expecting(),
            Slot::Reference(_) => "an id or an object",
            Slot::List(_) => "a sequence",
            Slot::OptionalText(_) | Slot::Optional(_) | Slot::Json(_) | Slot::Open(_) => "any JSON",
        })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self {
            Slot::Text(slot) => *slot = text.to_owned(),
            Slot::Reference(reference) => reference.set(text),
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
        let wrong = Unexpected::Unsigned(number);
        match self {
            Slot::Number(slot) => *slot = number,
            Slot::Small(slot) => match u32::try_from(number) {
                Ok(number) => *slot = number,
                Err(_) => return Err(E::invalid_value(wrong, &"u32")),
            },
            other => return Err(E::invalid_type(wrong, &other)),
        }
        Ok(())
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        match self {
            Slot::Optional(slot) => slot.none(),
            Slot::OptionalText(slot) | Slot::Open(slot) => *slot = None,
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

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        match self {
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
    while let Some(place) = map.next_key_seed(Key { names, hint })? {
        match record.field(place) {
            Some(slot) => {
                map.next_value_seed(slot)?;
                absent &= !bit(place);
                hint = place.saturating_add(1);
            }
            None => {
                map.next_value::<IgnoredAny>()?;
            }
        }
    }
    for (place, name) in names.iter().enumerate().filter(|(place, _)| absent & bit(*place) != 0) {
        if !matches!(
            record.field(place),
            Some(Slot::OptionalText(_) | Slot::Optional(_) | Slot::Open(_))
        ) {
            return Err(A::Error::missing_field(name));
        }
    }
    Ok(())
}

fn bit(place: usize) -> u64 {
    u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or_default()
}

/// Reads a key as its place among the known ones.
struct Key {
    names: &'static [&'static str],
    /// Where to look first: keys come in about the same order every time.
    hint: usize,
}

impl<'de> DeserializeSeed<'de> for Key {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = usize;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<usize, E> {
        let (before, after) = self.names.split_at_checked(self.hint).unwrap_or((self.names, &[]));
        let place = |names: &[&str]| names.iter().position(|name| *name == key);
        let found = place(after).map(|place| place.saturating_add(before.len()));
        Ok(found.or_else(|| place(before)).unwrap_or(usize::MAX))
    }
}

/// Makes JSON objects readable into a record: its fields by place, name and
/// kind, which is one of [`plain`], [`list`] and [`open`].
macro_rules! record {
    ($record:path { $($place:literal $field:ident $name:literal $kind:ident,)* }) => {
        impl Default for $record {
            fn default() -> Self {
                type Record = $record;
                Record { $($field: Default::default()),* }
            }
        }

        impl crate::core::record::Read for $record {
            fn slot(&mut self) -> crate::core::record::Slot<'_> {
                crate::core::record::Slot::Object(self)
            }
        }

        impl crate::core::record::Record for $record {
            fn names(&self) -> &'static [&'static str] {
                const NAMES: &[&str] = &[$($name),*];
                const { assert!(NAMES.len() <= 64) };
                NAMES
            }

            fn field(&mut self, place: usize) -> Option<crate::core::record::Slot<'_>> {
                match place {
                    $($place => Some(crate::core::record::$kind(&mut self.$field)),)*
                    _ => None,
                }
            }
        }
    };
}
pub(crate) use record;

/// Makes a record of an id and an optional object readable from both of Lever's
/// forms: the id alone, or the whole object in its place.
macro_rules! reference {
    ($reference:path, $object:ident) => {
        impl Default for $reference {
            fn default() -> Self {
                Self { id: String::new(), $object: None }
            }
        }

        impl crate::core::record::Read for $reference {
            fn slot(&mut self) -> crate::core::record::Slot<'_> {
                crate::core::record::Slot::Reference(self)
            }
        }

        impl crate::core::record::Reference for $reference {
            fn set(&mut self, id: &str) {
                *self = Self { id: id.to_owned(), $object: None };
            }

            fn object(&mut self) -> &mut dyn crate::core::record::Record {
                self.$object.insert(Default::default())
            }

            fn settle(&mut self) {
                if let Some(object) = &self.$object {
                    self.id.clone_from(&object.id);
                }
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
