//! The Lever recruiting API as a WebAssembly component.
//!
//! `core` decides, `resources` has what is special to one resource of Lever's,
//! `edge` touches the host, and `exports` has the functions of the WIT, which
//! `build.rs` writes. The first two compile natively. Without the feature
//! `component` the exports are left out, for components that are built on the
//! others.

#![deny(clippy::undocumented_unsafe_blocks)]

mod abi;
#[cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]
pub mod core;
#[cfg(target_arch = "wasm32")]
pub mod edge;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod exports;
#[cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::unwrap_used
    )
)]
pub mod resources;

/// The records and traits of the WIT, made by `build.rs`.
#[allow(missing_docs, clippy::all, clippy::undocumented_unsafe_blocks)]
pub mod bindings {
    include!(concat!(env!("OUT_DIR"), "/bindings.rs"));
    include!(concat!(env!("OUT_DIR"), "/records.rs"));
}

/// The route of each function, made by `build.rs` from the WIT's route lines.
pub mod routes {
    use crate::core::http::request::{Method, Route, Segment};

    include!(concat!(env!("OUT_DIR"), "/routes.rs"));
}
