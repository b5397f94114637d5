//! The records of a list, whatever they are: what the pager does with them is one
//! piece of code for all lists.
//!
//! Written out for each type of record it took 90 KiB more.

use crate::bindings::exports::ats::lever::types::Skipped;
use crate::core::json::record::{List, Read, Slot};

/// A record with an id of its own.
pub trait Identified {
    /// The id.
    fn id(&self) -> &str;
}

/// Records in their order, more of which can be read behind the last.
pub trait Rows: List {
    /// The id of the one at `index`.
    fn id(&self, index: usize) -> Option<&str>;

    /// Exchanges two.
    fn swap(&mut self, one: usize, other: usize);
}

impl<T: Read + Identified> Rows for Vec<T> {
    fn id(&self, index: usize) -> Option<&str> {
        self.get(index).map(Identified::id)
    }

    fn swap(&mut self, one: usize, other: usize) {
        if one.max(other) < self.len() {
            self.as_mut_slice().swap(one, other);
        }
    }
}

/// Removes those from `start` on whose index and id `keep` does not want; the order
/// stays.
pub fn retain(rows: &mut dyn Rows, start: usize, mut keep: impl FnMut(usize, &str) -> bool) {
    let mut kept = start;
    for index in start..rows.count() {
        if rows.id(index).is_some_and(|id| keep(index, id)) {
            if kept != index {
                rows.swap(kept, index);
            }
            kept = kept.saturating_add(1);
        }
    }
    rows.truncate(kept);
}

/// What is read behind the records that are there.
pub struct Tail<'a> {
    rows: &'a mut dyn Rows,
    start: usize,
}

impl<'a> Tail<'a> {
    /// Nothing yet.
    pub fn new(rows: &'a mut dyn Rows) -> Self {
        let start = rows.count();
        Tail { rows, start }
    }
}

impl List for Tail<'_> {
    fn count(&self) -> usize {
        self.rows.count().saturating_sub(self.start)
    }

    fn push(&mut self) -> Slot<'_> {
        self.rows.push()
    }

    fn truncate(&mut self, count: usize) {
        self.rows.truncate(self.start.saturating_add(count));
    }
}

/// A page record of the WIT; implemented by `build.rs` for each.
pub trait Page {
    /// Its parts.
    fn parts(&mut self) -> PageParts<'_>;
}

/// The parts of a page.
pub struct PageParts<'a> {
    /// The records.
    pub rows: &'a mut dyn Rows,
    /// Our cursor for what follows.
    pub next: &'a mut Option<String>,
    /// What could not be read.
    pub skipped: &'a mut Vec<Skipped>,
}

/// Implements [`Page`], and [`Identified`] for its records.
macro_rules! page {
    ($page:path, $item:path) => {
        impl crate::core::read::rows::Identified for $item {
            fn id(&self) -> &str {
                &self.id
            }
        }

        impl crate::core::read::rows::Page for $page {
            fn parts(&mut self) -> crate::core::read::rows::PageParts<'_> {
                crate::core::read::rows::PageParts {
                    rows: &mut self.items,
                    next: &mut self.next,
                    skipped: &mut self.skipped,
                }
            }
        }
    };
}
pub(crate) use page;

/// A record of the WIT that says the outcome of one of many; implemented by
/// `build.rs` for each.
pub trait Found {
    /// Nothing yet of the record with this id.
    fn new(id: String) -> Self
    where
        Self: Sized;

    /// The record's id.
    fn id(&self) -> &str;

    /// Where the list goes that was asked for, and what of it could not be read.
    fn list(&mut self) -> Option<(&mut dyn Rows, &mut Vec<Skipped>)> {
        None
    }

    /// Where the record goes that was asked for.
    fn record(&mut self) -> Option<&mut dyn crate::core::json::record::Target> {
        None
    }

    /// Why nothing was found, in place of what was.
    fn fail(&mut self, error: crate::core::error::Error);
}

/// What is found of each of many records.
pub trait AllFound {
    /// How many they are.
    fn count(&self) -> usize;

    /// The one at `index`.
    fn at(&mut self, index: usize) -> Option<&mut dyn Found>;
}

impl<T: Found> AllFound for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn at(&mut self, index: usize) -> Option<&mut dyn Found> {
        self.get_mut(index).map(|found| found as &mut dyn Found)
    }
}

/// Implements [`Found`] for a record of an id, a list or an option, and an error.
macro_rules! found {
    ($found:path, $id:ident, $items:ident) => {
        impl crate::core::read::rows::Found for $found {
            fn new(id: String) -> Self {
                Self { $id: id, $items: Vec::new(), skipped: Vec::new(), error: None }
            }

            fn id(&self) -> &str {
                &self.$id
            }

            fn list(
                &mut self,
            ) -> Option<(
                &mut dyn crate::core::read::rows::Rows,
                &mut Vec<crate::bindings::exports::ats::lever::types::Skipped>,
            )> {
                Some((&mut self.$items, &mut self.skipped))
            }

            fn fail(&mut self, error: crate::core::error::Error) {
                self.$items.clear();
                self.skipped.clear();
                self.error = Some(error);
            }
        }
    };
    ($found:path, $id:ident, $item:ident, one) => {
        impl crate::core::read::rows::Found for $found {
            fn new(id: String) -> Self {
                Self { $id: id, $item: None, error: None }
            }

            fn id(&self) -> &str {
                &self.$id
            }

            fn record(&mut self) -> Option<&mut dyn crate::core::json::record::Target> {
                Some(self.$item.insert(Default::default()))
            }

            fn fail(&mut self, error: crate::core::error::Error) {
                self.$item = None;
                self.error = Some(error);
            }
        }
    };
}
pub(crate) use found;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::stages::Stage;

    #[test]
    fn what_is_kept_stays_in_its_order_behind_what_was_there() {
        let stage = |id: &str| Stage { id: id.into(), text: None, other: None };
        let mut rows: Vec<Stage> = ["a", "b", "a", "c", "d", "c", "e"].map(stage).into();
        retain(&mut rows, 2, |_, id| id != "c");
        let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "a", "d", "e"]);
        let mut tail = Tail::new(&mut rows);
        tail.push();
        tail.push();
        tail.truncate(1);
        assert_eq!((tail.count(), tail.rows.count()), (1, 6));
        tail.truncate(0);
        assert_eq!(rows.len(), 5);
    }
}
