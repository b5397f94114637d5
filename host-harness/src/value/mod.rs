//! JSON to a function's arguments, and its result to JSON: by records made from
//! the WIT where the component has it, and else led by the function's own types.
//!
//! Bytes go in as a string (its UTF-8), as `{"base64": "..."}` or as a list of numbers, and come
//! out as `{"base64": "..."}`. Every error names the place (`query.expand[1]: expected a string,
//! got 3`). Text from the caller is never repeated in an error: it may be personal data.

mod data;
mod given;
mod missing;
mod nearest;
mod read;
mod shown;
mod write;

pub use data::{Data, Fields, Items, View};
pub(crate) use data::{data_enum, data_record, serialize};
pub use given::{Arguments, BytesOf};
pub(crate) use given::{Given, deserialize, given_enum, given_record, read_alone};
pub use missing::Missing;
pub use nearest::nearest;
pub use read::arguments;
pub use shown::{InPlace, Shown, check_numbers, records};
pub use write::{Tree, answer, tree};
#[allow(unused_imports, reason = "the WIT may have no variant")]
pub(crate) use {data::data_variant, given::case, given::given_variant};

use std::fmt;

/// A value that does not fit its type, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError {
    path: String,
    message: String,
}

impl ValueError {
    fn new(path: &Path<'_>, message: impl Into<String>) -> Self {
        Self { path: path.to_string(), message: message.into() }
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

impl std::error::Error for ValueError {}

/// Where in a value one is, as a chain that costs nothing until it is printed.
#[derive(Clone, Copy)]
enum Path<'a> {
    Root,
    Name(&'a Path<'a>, &'a str),
    Index(&'a Path<'a>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Name(Path::Root, name) => f.write_str(name),
            Path::Name(parent, name) => write!(f, "{parent}.{name}"),
            Path::Index(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests;
