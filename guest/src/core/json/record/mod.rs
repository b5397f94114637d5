//! Reading JSON into the records of the WIT, and writing them as JSON.
//!
//! What serde's derive does, for objects alone and in one piece of code for all
//! records: each only says what lies where. Derived, the decoders were 190 KiB
//! larger. Reading is in `lever-json`, for what is as Lever documents it, and in
//! [`lenient`] for the rest. Unknown keys are skipped where a record does not
//! keep them, absent and null lists are empty, and what is neither option nor
//! list must be there.

#[cfg(test)]
mod tests;
mod write;

pub use lever_json::{
    BYTE_ORDER_MARK, Json, List, Optional, Read, Record, Reference, Slot, Target, fill, keyed,
    leading_string, lenient, list, mended, open, plain, read,
};
pub use write::{Fields, Items, Part, Write, kind, number, value};

/// Makes JSON objects readable into a record: its fields by place, name and
/// kind, which is one of [`plain`], [`list`], [`keyed`] and [`open`], those that
/// JSON does not hold, and the one for keys that are not known.
macro_rules! record {
    ($record:path { $($place:literal $field:ident $name:literal $kind:ident,)* }) => {
        crate::core::json::record::record!($record { $($place $field $name $kind,)* } besides);
    };
    ($record:path { $($place:literal $field:ident $name:literal $kind:ident,)* } besides $($besides:ident)* $(; other $other:ident)?) => {
        impl Default for $record {
            fn default() -> Self {
                type Record = $record;
                Record {
                    $($field: Default::default(),)*
                    $($besides: Default::default(),)*
                    $($other: Default::default(),)?
                }
            }
        }

        impl crate::core::json::record::Read for $record {
            fn slot(&mut self) -> crate::core::json::record::Slot<'_> {
                crate::core::json::record::Slot::Object(self)
            }
        }

        impl crate::core::json::record::Record for $record {
            fn names(&self) -> &'static [&'static str] {
                const NAMES: &[&str] = &[$($name),*];
                const { assert!(NAMES.len() <= 64) };
                NAMES
            }

            fn field(&mut self, place: usize) -> Option<crate::core::json::record::Slot<'_>> {
                match place {
                    $($place => Some(crate::core::json::record::$kind(&mut self.$field)),)*
                    _ => None,
                }
            }

            $(fn other(&mut self) -> Option<&mut Option<String>> {
                Some(&mut self.$other)
            })?
        }

        impl crate::core::json::record::Write for $record {
            fn part(&self) -> crate::core::json::record::Part<'_> {
                crate::core::json::record::Part::Object(self)
            }
        }

        impl crate::core::json::record::Fields for $record {
            fn field_at(
                &self,
                place: usize,
            ) -> Option<(&'static str, crate::core::json::record::Part<'_>)> {
                match place {
                    $($place => Some(($name, crate::core::json::record::kind::$kind(&self.$field))),)*
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

        impl crate::core::json::record::Read for $reference {
            fn slot(&mut self) -> crate::core::json::record::Slot<'_> {
                crate::core::json::record::Slot::Reference(self)
            }
        }

        impl crate::core::json::record::Reference for $reference {
            fn set(&mut self, id: &str) {
                *self = Self { id: id.to_owned(), $object: None };
            }

            fn object(&mut self) -> &mut dyn crate::core::json::record::Record {
                self.$object.insert(Default::default())
            }

            fn settle(&mut self) {
                if let Some(object) = &self.$object {
                    self.id.clone_from(&object.id);
                }
            }
        }

        impl crate::core::json::record::Write for $reference {
            fn part(&self) -> crate::core::json::record::Part<'_> {
                match &self.$object {
                    Some(object) => object.part(),
                    None => crate::core::json::record::Part::Text(&self.id),
                }
            }
        }
    };
}
pub(crate) use reference;
