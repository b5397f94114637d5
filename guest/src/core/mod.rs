//! What the component decides: what to send, when, whether again, and what a
//! response means.
//!
//! Pure: no clock, no randomness, no input or output. Time and random numbers
//! come in as arguments.

pub mod client;
pub mod error;
pub mod http;
pub mod json;
pub mod read;
pub mod rules;
pub mod send;
pub mod settings;

/// A span or a point of time in nanoseconds; points count from any fixed start.
pub type Nanos = u64;

/// Nanoseconds in a millisecond.
pub const MILLISECOND: Nanos = 1_000_000;

/// Nanoseconds in a second.
pub const SECOND: Nanos = 1_000 * MILLISECOND;
