//! JSON arguments to the records of the WIT.
//!
//! It only says whether JSON fits; what is wrong with it, [`super::arguments`]
//! says, from the component's own types. So it never takes what that refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value};

/// Bytes that an object in the arguments stands for, in a way of the caller's
/// own: none when it means nothing to it, or why there are none.
pub type BytesOf<'a> = &'a (dyn Fn(&Map<String, Value>) -> Option<Result<Bytes, String>> + Sync);

/// The arguments of a call: one JSON value for each parameter.
#[derive(Clone, Copy)]
pub struct Arguments<'a> {
    values: Values<'a>,
    bytes: Option<BytesOf<'a>>,
}

#[derive(Clone, Copy)]
enum Values<'a> {
    InOrder(&'a [Value]),
    ByName(&'a Map<String, Value>),
}

impl<'a> Arguments<'a> {
    /// These values in the order of the parameters; trailing ones that may be
    /// absent may be left out.
    pub fn new(values: &'a [Value]) -> Self {
        Arguments { values: Values::InOrder(values), bytes: None }
    }

    /// These values by the names of the parameters, as [`crate::catalog::schema::parameters`]
    /// describes them; any that may be absent may be left out.
    pub fn by_name(values: &'a Map<String, Value>) -> Self {
        Arguments { values: Values::ByName(values), bytes: None }
    }

    /// Asks this for the bytes of an object that stands where bytes are
    /// wanted and is not `{"base64": "..."}`.
    #[must_use]
    pub fn with_bytes(self, bytes: BytesOf<'a>) -> Self {
        Arguments { bytes: Some(bytes), ..self }
    }

    /// The value given for the parameter of this place and name.
    pub(super) fn get(&self, place: usize, name: &str) -> Option<&'a Value> {
        match self.values {
            Values::InOrder(values) => values.get(place),
            Values::ByName(values) => values.get(name),
        }
    }

    /// Whether the values are given by name.
    pub(super) fn are_named(&self) -> bool {
        matches!(self.values, Values::ByName(_))
    }

    /// How many values are given.
    pub(super) fn count(&self) -> usize {
        match self.values {
            Values::InOrder(values) => values.len(),
            Values::ByName(values) => values.len(),
        }
    }

    /// A name that is none of these, where values are given by name.
    pub(super) fn unknown(&self, names: &[&str]) -> Option<&'a str> {
        match self.values {
            Values::InOrder(_) => None,
            Values::ByName(values) => {
                values.keys().map(String::as_str).find(|name| !names.contains(name))
            }
        }
    }

    /// Fits when nothing was given besides these parameters.
    pub(crate) fn only(&self, names: &[&str]) -> Option<()> {
        (self.count() <= names.len() && self.unknown(names).is_none()).then_some(())
    }

    /// The value of one parameter.
    pub(crate) fn parameter<T: Given>(&self, place: usize, name: &str) -> Option<T> {
        self.get(place, name).map_or_else(T::absent, |value| T::given(value, self))
    }

    /// The value of a record's field; counts the ones that were given.
    pub(crate) fn field<T: Given>(
        &self,
        object: &Map<String, Value>,
        name: &str,
        found: &mut usize,
    ) -> Option<T> {
        match object.get(name) {
            Some(value) => {
                *found += 1;
                T::given(value, self)
            }
            None => T::absent(),
        }
    }

    /// The bytes that a JSON value stands for: none when it stands for none,
    /// or why there are none.
    pub(crate) fn bytes(&self, value: &Value) -> Option<Result<Bytes, String>> {
        match value {
            Value::String(text) => Some(Ok(Bytes::copy_from_slice(text.as_bytes()))),
            Value::Array(items) => {
                let byte = |item: &Value| u8::try_from(item.as_u64()?).ok();
                Some(Ok(items.iter().map(byte).collect::<Option<Vec<u8>>>()?.into()))
            }
            Value::Object(object) => match object.get("base64") {
                Some(Value::String(text)) if object.len() == 1 => {
                    let decoded = STANDARD.decode(text).map(Bytes::from);
                    Some(decoded.map_err(|_| "expected base64 with its padding".to_owned()))
                }
                _ => self.bytes.and_then(|bytes| bytes(object)),
            },
            _ => None,
        }
    }
}

/// A type that JSON arguments can be read as.
pub(crate) trait Given: Sized {
    /// The value, if the JSON fits.
    fn given(value: &Value, arguments: &Arguments<'_>) -> Option<Self>;

    /// The value of something left out, if it may be.
    fn absent() -> Option<Self> {
        None
    }
}

impl Given for bool {
    fn given(value: &Value, _: &Arguments<'_>) -> Option<Self> {
        value.as_bool()
    }
}

macro_rules! integers {
    ($as:ident $($integer:ty)*) => {
        $(impl Given for $integer {
            fn given(value: &Value, _: &Arguments<'_>) -> Option<Self> {
                value.$as()?.try_into().ok()
            }
        })*
    };
}
integers!(as_u64 u8 u16 u32 u64);
integers!(as_i64 i8 i16 i32 i64);

impl Given for f64 {
    fn given(value: &Value, _: &Arguments<'_>) -> Option<Self> {
        value.as_f64()
    }
}

impl Given for f32 {
    fn given(value: &Value, _: &Arguments<'_>) -> Option<Self> {
        value.as_f64().map(|value| value as f32)
    }
}

impl Given for char {
    fn given(value: &Value, _: &Arguments<'_>) -> Option<Self> {
        let mut letters = value.as_str()?.chars();
        letters.next().filter(|_| letters.next().is_none())
    }
}

impl Given for String {
    fn given(value: &Value, _: &Arguments<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Given for Bytes {
    fn given(value: &Value, arguments: &Arguments<'_>) -> Option<Self> {
        arguments.bytes(value)?.ok()
    }

    fn absent() -> Option<Self> {
        Some(Bytes::new())
    }
}

impl<T: Given> Given for Option<T> {
    fn given(value: &Value, arguments: &Arguments<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::given(value, arguments).map(Some),
        }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Given> Given for Vec<T> {
    fn given(value: &Value, arguments: &Arguments<'_>) -> Option<Self> {
        value.as_array()?.iter().map(|item| T::given(item, arguments)).collect()
    }

    fn absent() -> Option<Self> {
        Some(Vec::new())
    }
}

/// The case that a JSON value names, and what it carries.
#[allow(dead_code, reason = "the WIT may have no variant")]
pub(crate) fn case(value: &Value) -> Option<(&str, Option<&Value>)> {
    match value {
        Value::String(name) => Some((name, None)),
        Value::Object(object) if object.len() == 1 => {
            object.iter().next().map(|(name, payload)| (name.as_str(), Some(payload)))
        }
        _ => None,
    }
}

/// Lets JSON be read as a record: its fields by name and identifier.
macro_rules! given_record {
    ($record:ident $kebab:literal { $($name:literal $field:ident),* }) => {
        impl crate::value::Given for $record {
            fn given(
                value: &::serde_json::Value,
                arguments: &crate::value::Arguments<'_>,
            ) -> Option<Self> {
                let object = value.as_object()?;
                let mut found = 0;
                let record = $record {
                    $($field: arguments.field(object, $name, &mut found)?,)*
                };
                // One that was not found is one that nobody knows.
                (found == object.len()).then_some(record)
            }

            fn absent() -> Option<Self> {
                Some($record { $($field: crate::value::Given::absent()?,)* })
            }
        }

        crate::value::deserialize!($record $kebab);
    };
}
pub(crate) use given_record;

/// Lets JSON be read as an enum.
macro_rules! given_enum {
    ($cases:ident $kebab:literal { $($name:literal $case:ident),* }) => {
        impl crate::value::Given for $cases {
            fn given(
                value: &::serde_json::Value,
                _: &crate::value::Arguments<'_>,
            ) -> Option<Self> {
                match value.as_str()? {
                    $($name => Some(Self::$case),)*
                    _ => None,
                }
            }
        }

        crate::value::deserialize!($cases $kebab);
    };
}
pub(crate) use given_enum;

/// Lets JSON be read as a variant.
#[allow(unused_macros, reason = "the WIT may have no variant")]
macro_rules! given_variant {
    ($cases:ident $kebab:literal { $($name:literal $case:ident $(($value:ident))?),* }) => {
        impl crate::value::Given for $cases {
            fn given(
                value: &::serde_json::Value,
                arguments: &crate::value::Arguments<'_>,
            ) -> Option<Self> {
                let (name, payload) = crate::value::case(value)?;
                let payload = payload.unwrap_or(&::serde_json::Value::Null);
                match name {
                    $($name => crate::value::given_variant!(
                        @case $case payload arguments $($value)?
                    ),)*
                    _ => None,
                }
            }
        }

        crate::value::deserialize!($cases $kebab);
    };
    (@case $case:ident $payload:ident $arguments:ident) => {
        $payload.is_null().then_some(Self::$case)
    };
    (@case $case:ident $payload:ident $arguments:ident $value:ident) => {
        crate::value::Given::given($payload, $arguments).map(Self::$case)
    };
}
#[allow(unused_imports, reason = "the WIT may have no variant")]
pub(crate) use given_variant;

/// Lets serde read what JSON can be read as.
macro_rules! deserialize {
    ($given:ident $kebab:literal) => {
        impl<'de> ::serde::Deserialize<'de> for $given {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                let value = ::serde::Deserialize::deserialize(deserializer)?;
                crate::value::read_alone(&value).ok_or_else(|| {
                    ::serde::de::Error::custom(concat!("this is not a ", $kebab, " of the WIT"))
                })
            }
        }
    };
}
pub(crate) use deserialize;

/// A value that is not an argument of a call.
pub(crate) fn read_alone<T: Given>(value: &Value) -> Option<T> {
    T::given(value, &Arguments::new(&[]))
}
