//! When requests are sent, and whether again.

pub mod backoff;
pub mod limiter;
pub mod retry;
pub mod scheduler;
