//! The account: its records, and the seed it starts from. Knows no HTTP.

pub(crate) mod documents;
pub(crate) mod events;
pub(crate) mod html;
pub(crate) mod seed;
pub(crate) mod state;
pub(crate) mod timezones;
pub(crate) mod views;
