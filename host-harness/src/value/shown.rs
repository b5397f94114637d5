//! [`Data`] written by serde, and looked through.

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::data::{Data, View};
use super::{Path, ValueError};

/// What stands in the JSON in place of bytes.
pub type InPlace<'a> = &'a dyn Fn(&Bytes) -> serde_json::Value;

/// A value as serde writes it.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    view: View<'a>,
    /// Without it, bytes are written as `{"base64": "..."}`.
    bytes: Option<InPlace<'a>>,
}

impl<'a> Shown<'a> {
    /// The value as it is.
    pub fn new(data: &'a dyn Data) -> Self {
        Shown { view: data.view(), bytes: None }
    }

    /// The value with something else in place of its bytes.
    pub fn without_bytes(data: &'a dyn Data, bytes: InPlace<'a>) -> Self {
        Shown { view: data.view(), bytes: Some(bytes) }
    }

    /// Whether it is a record.
    pub fn is_record(&self) -> bool {
        matches!(self.view, View::Record(_))
    }

    /// A record's field of this name, unless it is absent.
    pub fn field(&self, name: &str) -> Option<Shown<'a>> {
        let View::Record(fields) = self.view else { return None };
        let place = (0..fields.count()).find(|place| fields.name(*place) == name)?;
        let view = fields.field(place);
        (!matches!(view, View::Absent)).then(|| self.inner(view))
    }

    /// The items of a list.
    pub fn items(&self) -> Option<impl ExactSizeIterator<Item = Shown<'a>> + use<'a>> {
        let (View::List(items), shown) = (self.view, *self) else { return None };
        Some((0..items.count()).map(move |place| shown.inner(items.item(place))))
    }

    /// A text, or the name of a case.
    pub fn text(&self) -> Option<&'a str> {
        match self.view {
            View::Text(text) | View::Case(text, None) => Some(text),
            _ => None,
        }
    }

    fn inner(&self, view: View<'a>) -> Self {
        Shown { view, bytes: self.bytes }
    }
}

/// Below it every whole number is one of its own, 2^53.
const WHOLE: f64 = 9_007_199_254_740_992.0;

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.view {
            View::Absent => serializer.serialize_unit(),
            View::Flag(value) => serializer.serialize_bool(value),
            View::Whole(value) => serializer.serialize_u64(value),
            View::Signed(value) => serializer.serialize_i64(value),
            // As Lever writes it: a salary of 140000, not 140000.0.
            View::Float(value) if value.fract() == 0.0 && value.abs() < WHOLE => {
                serializer.serialize_i64(value as i64)
            }
            View::Float(value) => serializer.serialize_f64(value),
            View::Letter(value) => serializer.serialize_char(value),
            View::Text(text) | View::Case(text, None) => serializer.serialize_str(text),
            View::Bytes(bytes) => match self.bytes {
                Some(in_place) => in_place(bytes).serialize(serializer),
                None => {
                    let mut map = serializer.serialize_map(Some(1))?;
                    map.serialize_entry("base64", &Encoded(bytes))?;
                    map.end()
                }
            },
            View::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.count()))?;
                for place in 0..items.count() {
                    list.serialize_element(&self.inner(items.item(place)))?;
                }
                list.end()
            }
            View::Record(fields) => {
                let mut map = serializer.serialize_map(None)?;
                for place in 0..fields.count() {
                    let view = fields.field(place);
                    if !matches!(view, View::Absent) {
                        map.serialize_entry(fields.name(place), &self.inner(view))?;
                    }
                }
                map.end()
            }
            View::Case(name, Some(payload)) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry(name, &self.inner(payload.view()))?;
                map.end()
            }
        }
    }
}

/// Bytes as base64, made while it is written.
struct Encoded<'a>(&'a Bytes);

impl Serialize for Encoded<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

/// Finds a number that JSON has no form for.
///
/// # Errors
///
/// Where it is.
pub fn check_numbers(data: &dyn Data) -> Result<(), ValueError> {
    check(data.view(), &Path::Root)
}

fn check(view: View<'_>, path: &Path<'_>) -> Result<(), ValueError> {
    match view {
        View::Float(value) if !value.is_finite() => {
            Err(ValueError::new(path, "JSON has no form for a number that is not finite"))
        }
        View::List(items) => (0..items.count())
            .try_for_each(|place| check(items.item(place), &Path::Index(path, place))),
        View::Record(fields) => (0..fields.count()).try_for_each(|place| {
            check(fields.field(place), &Path::Name(path, fields.name(place)))
        }),
        View::Case(name, Some(payload)) => check(payload.view(), &Path::Name(path, name)),
        _ => Ok(()),
    }
}

/// How many records a result is: the items of a page, one, or none.
pub fn records(data: &dyn Data) -> u64 {
    let shown = Shown::new(data);
    let items = shown.items().or_else(|| shown.field("items")?.items());
    match (items, shown.view) {
        (Some(items), _) => items.len() as u64,
        (None, View::Absent) => 0,
        (None, _) => 1,
    }
}
