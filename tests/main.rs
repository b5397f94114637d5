//! What must happen, and what must not: the component in the host against the
//! mock, as one test binary.

mod support;

mod surface;

mod archive_reasons;
mod notes;
mod oauth;
mod opportunities;
mod raw;
mod stages;
mod users;
mod webhook_events;

mod audit;
mod cli;
mod component;
mod credentials;
mod faults;
mod fixtures;
mod hostile;
mod hostile_text;
mod pagination;
mod policy;
mod properties;
mod rate_limit;
mod readme;
mod retries;
mod storm;
mod webhooks_receiver;
