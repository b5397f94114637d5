//! What the components have compiled for speed, not for size: reading JSON into
//! records, where almost all the time of a page goes. The rest would be a fifth
//! larger and no faster.

mod mend;
mod slot;
mod visit;

pub use mend::mended;
pub use slot::{
    Json, List, Optional, Read, Record, Reference, Slot, Target, keyed, list, open, plain,
};
pub use visit::{BYTE_ORDER_MARK, add, fill, read};
