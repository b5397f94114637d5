//! What must happen, and what must not: the component in the host against the
//! mock, as one test binary.

mod support;

mod surface;

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

mod audit;
mod bytes;
mod changes;
mod cli;
mod component;
mod confidential;
mod credentials;
mod faults;
mod fixtures;
mod hostile;
mod hostile_memory;
mod hostile_text;
mod pace;
mod pagination;
mod policy;
mod properties;
mod rate_limit;
mod readme;
mod retries;
mod rules;
mod storm;
mod typed;
mod webhooks_receiver;
