//! Where values of JSON go: a slot for each form that a field can have.
//!
//! Records only say what lies where; `fill` does the reading.

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
    /// A number.
    Real(&'a mut f64),
    /// An object.
    Object(&'a mut dyn Record),
    /// An id, or the object that has it.
    Reference(&'a mut dyn Reference),
    /// A list.
    List(&'a mut dyn List),
    /// A list that stands as an object, each item under a key of its own, or
    /// null.
    Keyed(&'a mut dyn List),
    /// A string, null or nothing: what most fields are, so without a detour.
    OptionalText(&'a mut Option<String>),
    /// What may be null or absent.
    Optional(&'a mut dyn Optional),
    /// Any JSON, as its text.
    Json(&'a mut String),
    /// Any JSON but null, as its text.
    Open(&'a mut Option<String>),
}

impl Slot<'_> {
    /// Whether the key may be missing.
    pub fn may_be_absent(&self) -> bool {
        matches!(self, Slot::OptionalText(_) | Slot::Optional(_) | Slot::Open(_) | Slot::Keyed(_))
    }
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

/// A value that JSON is read into, whatever its type.
pub trait Target {
    /// Where the value goes.
    fn slot(&mut self) -> Slot<'_>;
}

impl<T: Read> Target for T {
    fn slot(&mut self) -> Slot<'_> {
        Read::slot(self)
    }
}

/// An object with known keys, at most 64.
pub trait Record {
    /// The keys.
    fn names(&self) -> &'static [&'static str];

    /// Where the value of the key at this index goes.
    fn field(&mut self, index: usize) -> Option<Slot<'_>>;

    /// Where keys go that are not known; they are skipped where there is none.
    fn other(&mut self) -> Option<&mut Option<String>> {
        None
    }

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
    /// How many items it has.
    fn count(&self) -> usize;

    /// Adds an item.
    fn push(&mut self) -> Slot<'_>;

    /// Removes all behind the first `count`.
    fn truncate(&mut self, count: usize);
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

impl Read for f64 {
    fn slot(&mut self) -> Slot<'_> {
        Slot::Real(self)
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
        Read::slot(self.insert(T::default()))
    }
}

impl<T: Read> Optional for Vec<T> {
    fn none(&mut self) {
        self.clear();
    }

    fn some(&mut self) -> Slot<'_> {
        Read::slot(self)
    }
}

impl<T: Read> List for Vec<T> {
    fn count(&self) -> usize {
        self.len()
    }

    fn push(&mut self) -> Slot<'_> {
        Read::slot(self.push_mut(T::default()))
    }

    fn truncate(&mut self, count: usize) {
        Vec::truncate(self, count);
    }
}

/// A plain field.
pub fn plain<T: Read>(field: &mut T) -> Slot<'_> {
    Read::slot(field)
}

/// A list, or null.
pub fn list<T: Read>(field: &mut Vec<T>) -> Slot<'_> {
    Slot::Optional(field)
}

/// A list whose items stand in an object.
pub fn keyed<T: Read>(field: &mut Vec<T>) -> Slot<'_> {
    Slot::Keyed(field)
}

/// Any JSON but null, as its text.
pub fn open(field: &mut Option<String>) -> Slot<'_> {
    Slot::Open(field)
}
