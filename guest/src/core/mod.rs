//! What the component decides: what to send, when, whether again, and what the
//! answer means.
//!
//! Pure: no clock, no randomness, no input or output. Time and random numbers
//! come in as arguments.

pub mod answers;
pub mod apply;
pub mod backoff;
pub mod base;
pub mod body;
pub mod client;
pub mod creation;
pub mod download;
pub mod error;
pub mod feedback;
pub mod gather;
pub mod json;
pub mod limiter;
pub mod many;
pub mod moved;
pub mod multipart;
pub mod notes;
pub mod oauth;
pub mod pager;
pub mod place;
pub mod postings;
pub mod query;
pub mod record;
pub mod replace;
pub mod request;
pub mod response;
pub mod retry;
pub mod rules;
pub mod scheduler;
pub mod scheduling;
pub mod settings;
pub mod slices;
pub mod success;
pub mod templates;
pub mod uploads;
pub mod webhook;
pub mod webhooks;

/// A span or a point of time in nanoseconds; points count from any fixed start.
pub type Nanos = u64;

/// Nanoseconds in a millisecond.
pub const MILLISECOND: Nanos = 1_000_000;

/// Nanoseconds in a second.
pub const SECOND: Nanos = 1_000 * MILLISECOND;
