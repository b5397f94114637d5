//! Lever's JSON: its envelope, its records, and where reading them failed.

mod envelope;
pub mod path;
pub mod record;

pub use envelope::{
    PageInfo, body, data, data_into, decode, decode_into, original, page_into, text, with,
};
