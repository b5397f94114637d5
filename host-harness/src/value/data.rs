//! What a function answered, seen as JSON: one form for records that were made
//! from the WIT and for values of components that nobody knew before.
//!
//! Records only say what lies where, so that the code that writes JSON exists
//! once and not for each of them. Keys come in alphabetical order; what is
//! absent is left out of its record.

use std::any::Any;

use bytes::Bytes;

/// A value with a JSON form.
pub trait Data: Any + Send + Sync {
    /// What it is.
    fn view(&self) -> View<'_>;
}

/// What a value is.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// An option that is none.
    Absent,
    /// A boolean.
    Flag(bool),
    /// A whole number that is not negative.
    Whole(u64),
    /// A whole number.
    Signed(i64),
    /// Any number.
    Float(f64),
    /// A character.
    Letter(char),
    /// A string.
    Text(&'a str),
    /// A list of bytes.
    Bytes(&'a Bytes),
    /// Any other list.
    List(&'a dyn Items),
    /// A record.
    Record(&'a dyn Fields),
    /// A case by its name, and what it carries.
    Case(&'a str, Option<&'a dyn Data>),
}

/// The items of a list.
pub trait Items {
    /// How many there are.
    fn count(&self) -> usize;

    /// The item at this place.
    fn item(&self, place: usize) -> View<'_>;
}

/// The fields of a record, in the order of their names.
pub trait Fields {
    /// How many there are.
    fn count(&self) -> usize;

    /// The name of the one at this place.
    fn name(&self, place: usize) -> &str;

    /// The value of the one at this place.
    fn field(&self, place: usize) -> View<'_>;
}

macro_rules! scalars {
    ($($scalar:ty: $view:ident,)*) => {
        $(impl Data for $scalar {
            fn view(&self) -> View<'_> {
                View::$view((*self).into())
            }
        })*
    };
}

scalars! {
    bool: Flag, u8: Whole, u16: Whole, u32: Whole, u64: Whole, i8: Signed, i16: Signed,
    i32: Signed, i64: Signed, f32: Float, f64: Float, char: Letter,
}

impl Data for () {
    fn view(&self) -> View<'_> {
        View::Absent
    }
}

impl Data for String {
    fn view(&self) -> View<'_> {
        View::Text(self)
    }
}

impl Data for Bytes {
    fn view(&self) -> View<'_> {
        View::Bytes(self)
    }
}

impl<T: Data> Data for Option<T> {
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Absent, Data::view)
    }
}

impl<T: Data> Data for Vec<T> {
    fn view(&self) -> View<'_> {
        View::List(self)
    }
}

impl<T: Data> Items for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn item(&self, place: usize) -> View<'_> {
        self.get(place).map_or(View::Absent, Data::view)
    }
}

/// Makes a record [`Data`]: its fields by place, name and identifier.
macro_rules! data_record {
    ($record:ident { $($place:literal $name:literal $field:ident),* }) => {
        impl crate::value::Data for $record {
            fn view(&self) -> crate::value::View<'_> {
                crate::value::View::Record(self)
            }
        }

        impl crate::value::Fields for $record {
            fn count(&self) -> usize {
                const NAMES: &[&str] = &[$($name),*];
                NAMES.len()
            }

            fn name(&self, place: usize) -> &str {
                const NAMES: &[&str] = &[$($name),*];
                NAMES.get(place).copied().unwrap_or_default()
            }

            fn field(&self, place: usize) -> crate::value::View<'_> {
                match place {
                    $($place => crate::value::Data::view(&self.$field),)*
                    _ => crate::value::View::Absent,
                }
            }
        }

        crate::value::serialize!($record);
    };
}
pub(crate) use data_record;

/// Makes an enum [`Data`].
macro_rules! data_enum {
    ($cases:ident { $($name:literal $case:ident),* }) => {
        impl crate::value::Data for $cases {
            fn view(&self) -> crate::value::View<'_> {
                match self {
                    $(Self::$case => crate::value::View::Case($name, None),)*
                }
            }
        }

        crate::value::serialize!($cases);
    };
}
pub(crate) use data_enum;

/// Makes a variant [`Data`].
#[allow(unused_macros, reason = "the WIT may have no variant")]
macro_rules! data_variant {
    ($cases:ident { $($name:literal $case:ident $(($value:ident))?),* }) => {
        impl crate::value::Data for $cases {
            fn view(&self) -> crate::value::View<'_> {
                match self {
                    $(Self::$case $(($value))? => {
                        let payload: Option<&dyn crate::value::Data> = None $(.or(Some($value)))?;
                        crate::value::View::Case($name, payload)
                    })*
                }
            }
        }

        crate::value::serialize!($cases);
    };
}
#[allow(unused_imports, reason = "the WIT may have no variant")]
pub(crate) use data_variant;

/// Lets serde write what is [`Data`].
macro_rules! serialize {
    ($data:ident) => {
        impl ::serde::Serialize for $data {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::value::Shown::new(self).serialize(serializer)
            }
        }
    };
}
pub(crate) use serialize;
