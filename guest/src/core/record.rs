//! Reading JSON into the records of the WIT.
//!
//! What serde's derive does, for objects alone and in one piece of code for all
//! records: each only says what lies where. Derived, the decoders were 190 KiB
//! larger. Unknown keys are skipped, absent and null lists are empty, and what
//! is neither option nor list must be there.

mod slot;
mod visit;

pub use slot::{Json, List, Optional, Read, Record, Reference, Slot, list, open, plain};
pub use visit::{fill, read};

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
