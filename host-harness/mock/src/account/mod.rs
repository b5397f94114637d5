//! The account: its records, how they read, and the machinery of its seed. Knows no HTTP.

pub(crate) mod documents;
pub(crate) mod events;
pub(crate) mod html;
pub(crate) mod postings;
pub(crate) mod records;
pub(crate) mod seed;
pub(crate) mod state;
pub(crate) mod tables;
pub(crate) mod timezones;
pub(crate) mod views;
