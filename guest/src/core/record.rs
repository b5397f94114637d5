//! Reading a JSON object into a record of the WIT.
//!
//! What serde's derive does, for objects alone and with the work shared between
//! records: derived, the decoders were 100 KiB larger. Unknown keys are skipped,
//! absent and null lists are empty, and what is neither option nor list must be
//! there.

use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A field's value where the object does not have the key.
pub trait Absent: Sized {
    /// `None` if it must be there.
    fn absent() -> Option<Self> {
        None
    }
}

impl Absent for String {}
impl Absent for bool {}
impl Absent for u64 {}
impl Absent for u32 {}

impl<T> Absent for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T> Absent for Vec<T> {
    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

/// The value read for a field, or what stands for its absence.
///
/// # Errors
///
/// A missing field.
pub fn taken<T: Absent, E: Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    value.or_else(T::absent).ok_or_else(|| E::missing_field(name))
}

/// A plain value.
pub fn plain<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A) -> Result<T, A::Error> {
    map.next_value()
}

/// A list, or null.
pub fn list<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A) -> Result<Vec<T>, A::Error> {
    map.next_value::<Option<Vec<T>>>().map(Option::unwrap_or_default)
}

/// Any JSON but null, as its text.
pub fn open<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Option<String>, A::Error> {
    let value = map.next_value::<Option<Box<RawValue>>>()?;
    Ok(value.map(|value| String::from(Box::<str>::from(value))))
}

/// Reads a key as its place among the known ones.
pub struct Key {
    /// The known keys.
    pub names: &'static [&'static str],
    /// Where to look first: keys come in about the same order every time.
    pub hint: usize,
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
        let places = (self.hint..self.names.len()).chain(0..self.hint);
        let known = |place: &usize| self.names.get(*place).is_some_and(|name| *name == key);
        Ok(places.into_iter().find(known).unwrap_or(usize::MAX))
    }
}

/// Accepts an object for a record, and says so where it finds something else.
pub struct Object<R>(pub PhantomData<R>);

/// Implements `Deserialize` for a record: its fields by place, name and kind.
macro_rules! record {
    ($record:path { $($place:literal $field:ident $name:literal $kind:ident,)* }) => {
        impl crate::core::record::Absent for $record {}

        impl<'de> serde::Deserialize<'de> for $record {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map(crate::core::record::Object::<Self>(std::marker::PhantomData))
            }
        }

        impl<'de> serde::de::Visitor<'de> for crate::core::record::Object<$record> {
            type Value = $record;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<$record, A::Error> {
                use crate::core::record::{Key, taken};
                type Record = $record;
                const NAMES: &[&str] = &[$($name),*];
                $(let mut $field = None;)*
                let mut hint = 0;
                while let Some(place) = map.next_key_seed(Key { names: NAMES, hint })? {
                    match place {
                        $($place => $field = Some(crate::core::record::$kind(&mut map)?),)*
                        _ => {
                            map.next_value::<serde::de::IgnoredAny>()?;
                            continue;
                        }
                    }
                    hint = place.saturating_add(1);
                }
                Ok(Record { $($field: taken($field, $name)?),* })
            }
        }
    };
}
pub(crate) use record;
