//! What happens in the account that webhooks report: a write fires it, the deliveries take it.
//!
//! Payloads carry ids only. The server delivers them to the subscriptions.

use serde_json::Value;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// As subscriptions name it: `candidateStageChange`.
    pub name: &'static str,
    /// The opportunity's origin, which four of the events can be filtered by.
    pub origin: Option<String>,
    /// The delivery's `data`.
    pub data: Value,
}
