//! The records of the resources, by their type, so that the account does not depend on the
//! resources.

use std::any::{Any, TypeId};
use std::collections::HashMap;

/// A list of records for each type of record.
#[derive(Debug, Default)]
pub(crate) struct Tables(HashMap<TypeId, Box<dyn Any + Send>>);

impl Tables {
    /// The records of a type, in the order they were made.
    pub fn all<T: Send + 'static>(&self) -> &[T] {
        let records = self.0.get(&TypeId::of::<T>());
        records.and_then(|records| records.downcast_ref::<Vec<T>>()).map_or(&[], Vec::as_slice)
    }

    /// The same, to be changed.
    pub fn all_mut<T: Send + 'static>(&mut self) -> &mut Vec<T> {
        let records = self.0.entry(TypeId::of::<T>());
        let records = records.or_insert_with(|| Box::new(Vec::<T>::new()));
        records.downcast_mut().expect("a table is stored under the type of its records")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_type_has_its_own_records() {
        let mut tables = Tables::default();
        assert!(tables.all::<u8>().is_empty());
        tables.all_mut().push(1_u8);
        tables.all_mut().push("a");
        tables.all_mut().push(2_u8);
        assert_eq!(tables.all::<u8>(), [1, 2]);
        assert_eq!(tables.all::<&str>(), ["a"]);
    }
}
