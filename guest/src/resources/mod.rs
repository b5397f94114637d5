//! What is special to one resource of Lever's: checks, merges and calls that are
//! none of the stock ones.
//!
//! `build.rs` exports a function of the WIT as a stock call unless the module of
//! its interface has a function of that name. All of it is pure and runs in native
//! tests.

pub mod answers;
pub mod applications;
pub mod feedback;
pub mod feedback_templates;
pub mod files;
pub mod interviews;
pub mod notes;
pub mod oauth;
pub mod opportunities;
pub mod panels;
pub mod postings;
pub mod raw;
pub mod uploads;
pub mod users;
pub mod webhook_events;
pub mod webhooks;
