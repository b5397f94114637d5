//! Writing the records of the WIT as JSON: one piece of code for all of them.
//!
//! Absent options and empty lists leave no trace. What serde's derive does,
//! which took 60 KiB more.

use serde_json::{Map, Value};

use super::Json;

/// A part of a record, by the form it has in JSON.
pub enum Part<'a> {
    /// Nothing: no trace of it is left.
    Absent,
    /// A string.
    Text(&'a str),
    /// A boolean.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A number, whole where it has no fraction.
    Real(f64),
    /// An object.
    Object(&'a dyn Fields),
    /// A list.
    List(&'a dyn Items),
    /// Any JSON, as its text.
    Open(&'a str),
    /// Any JSON.
    Value(&'a Value),
    /// An object.
    Map(&'a Map<String, Value>),
}

/// A type that is written as JSON.
pub trait Write {
    /// What is written.
    fn part(&self) -> Part<'_>;
}

/// An object with known keys.
pub trait Fields {
    /// The key and value at this place; `None` behind the last.
    fn field_at(&self, place: usize) -> Option<(&'static str, Part<'_>)>;
}

/// A list.
pub trait Items {
    /// The item at this place; `None` behind the last.
    fn item_at(&self, place: usize) -> Option<Part<'_>>;
}

/// A record as JSON; null where there is nothing.
pub fn value(record: &dyn Write) -> Value {
    written(record.part()).unwrap_or_default()
}

fn written(part: Part<'_>) -> Option<Value> {
    Some(match part {
        Part::Absent => return None,
        Part::Text(text) => Value::from(text),
        Part::Flag(flag) => Value::from(flag),
        Part::Number(number) => Value::from(number),
        Part::Real(real) => number(real),
        Part::Object(fields) => {
            let mut object = Map::new();
            for (name, part) in (0..).map_while(|place| fields.field_at(place)) {
                object.extend(written(part).map(|value| (name.to_owned(), value)));
            }
            Value::Object(object)
        }
        Part::List(items) => {
            let items: Vec<Value> =
                (0..).map_while(|place| items.item_at(place)).filter_map(written).collect();
            if items.is_empty() {
                return None;
            }
            Value::Array(items)
        }
        // What came as JSON is JSON.
        Part::Open(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        Part::Value(value) => value.clone(),
        Part::Map(object) => Value::Object(object.clone()),
    })
}

/// The JSON of a number, whole where it has no fraction, as Lever writes it;
/// null where JSON has none.
pub fn number(real: f64) -> Value {
    match real.fract() == 0.0 && real.abs() < 9_007_199_254_740_992.0 {
        true => Value::from(real as i64),
        false => Value::from(real),
    }
}

impl Write for String {
    fn part(&self) -> Part<'_> {
        Part::Text(self)
    }
}

impl Write for bool {
    fn part(&self) -> Part<'_> {
        Part::Flag(*self)
    }
}

impl Write for u32 {
    fn part(&self) -> Part<'_> {
        Part::Number(u64::from(*self))
    }
}

impl Write for u64 {
    fn part(&self) -> Part<'_> {
        Part::Number(*self)
    }
}

impl Write for f64 {
    fn part(&self) -> Part<'_> {
        Part::Real(*self)
    }
}

impl Write for Json {
    fn part(&self) -> Part<'_> {
        Part::Open(&self.0)
    }
}

impl Write for Value {
    fn part(&self) -> Part<'_> {
        Part::Value(self)
    }
}

impl Write for Map<String, Value> {
    fn part(&self) -> Part<'_> {
        Part::Map(self)
    }
}

impl<T: Write> Write for Option<T> {
    fn part(&self) -> Part<'_> {
        self.as_ref().map_or(Part::Absent, Write::part)
    }
}

impl<T: Write> Write for Vec<T> {
    fn part(&self) -> Part<'_> {
        Part::List(self)
    }
}

impl<T: Write> Items for Vec<T> {
    fn item_at(&self, place: usize) -> Option<Part<'_>> {
        self.get(place).map(Write::part)
    }
}

/// What is written of a field by its kind, as slots are made for reading.
pub mod kind {
    use super::{Part, Write};

    /// A plain field.
    pub fn plain(field: &impl Write) -> Part<'_> {
        field.part()
    }

    /// A list.
    pub fn list(field: &impl Write) -> Part<'_> {
        field.part()
    }

    /// Any JSON, as its text.
    pub fn open(field: &Option<String>) -> Part<'_> {
        field.as_deref().map_or(Part::Absent, Part::Open)
    }

    /// A list that Lever keys; it is read and never written.
    pub fn keyed<T>(_: &[T]) -> Part<'_> {
        Part::Absent
    }
}
