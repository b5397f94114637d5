//! The functions of the WIT, written by `build.rs`.
//!
//! Each is a stock call, or calls the function of its name in `crate::resources`.

mod stock;

use crate::bindings::exports;
use crate::core::error::Error;
use crate::core::http::query::{NO_PARAMETERS, Parameters};
use crate::edge::{Host, local};
use crate::routes;

/// The component.
struct Lever;

include!(concat!(env!("OUT_DIR"), "/exports.rs"));

// The bindings write the unsafe blocks of what the host calls.
#[allow(clippy::undocumented_unsafe_blocks)]
mod host_calls {
    use super::Lever;

    crate::bindings::export!(Lever with_types_in crate::bindings);
}
