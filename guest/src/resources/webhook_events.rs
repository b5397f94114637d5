//! Deliveries of webhooks.

use super::{Error, Lever};
use crate::bindings::exports::ats::lever::webhook_events::{Guest, WebhookEvent};
use crate::core::webhook;
use crate::edge::wall_ms;

impl Guest for Lever {
    fn decode(
        body: Vec<u8>,
        signature_token: String,
        max_age_ms: Option<u64>,
        now: Option<u64>,
    ) -> Result<WebhookEvent, Error> {
        webhook::decode(&body, &signature_token, max_age_ms, now.unwrap_or_else(wall_ms))
    }
}
