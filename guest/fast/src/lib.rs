//! What the components have compiled for speed, not for size: reading JSON into
//! records, where almost all the time of a page goes. The rest would be a fifth
//! larger and no faster.

mod slot;
mod visit;

pub use slot::{Json, List, Optional, Read, Record, Reference, Slot, keyed, list, open, plain};
pub use visit::{NOT_UTF8, fill, read};
