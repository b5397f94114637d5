//! JSON into records: the one place where bytes become values.
//!
//! Records only say what lies where ([`Slot`]); one piece of code reads them all. It
//! is what the component has compiled for speed rather than for size, since almost
//! all the time of a page goes here.

#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]

mod fill;
mod hostile;
pub mod lenient;
mod mend;
mod reader;
mod slot;
#[cfg(test)]
mod tests;

pub use fill::{BYTE_ORDER_MARK, fill, read};
pub use hostile::is_hostile;
pub use mend::mended;
pub use reader::{Malformed, leading_string};
pub use slot::{
    Json, List, Optional, Read, Record, Reference, Slot, Target, keyed, list, open, plain,
};
