//! One function for each function of the WIT, and nothing else: no loop, no
//! decision on an answer.
//!
//! The compiler demands each function; its route is the constant of its name.

mod applications;
mod archive_reasons;
mod feedback;
mod feedback_templates;
mod files;
mod interviews;
mod notes;
mod oauth;
mod offers;
mod opportunities;
mod panels;
mod postings;
mod raw;
mod resumes;
mod stages;
mod uploads;
mod users;
mod webhook_events;
mod webhooks;

pub use crate::bindings::exports::ats::lever::types::Error;
pub use crate::core::query::Fields;
pub use crate::edge::with_lever;

/// The component.
struct Lever;

crate::bindings::export!(Lever with_types_in crate::bindings);
