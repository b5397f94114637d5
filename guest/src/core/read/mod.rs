//! Reading lists, one or many at once, and records that are replaced whole.

pub mod many;
pub mod moved;
pub mod pager;
pub mod replace;
pub mod rows;
pub mod slices;
