//! Subscriptions to events.

use super::{Error, Fields, Lever, with_lever};
use crate::bindings::exports::ats::lever::webhooks::{
    Guest, NewWebhook, Webhook, WebhookChange, WebhookPage,
};
use crate::core::webhooks::{check, check_changes};
use crate::routes::webhooks as route;

impl Guest for Lever {
    fn list_page(cursor: Option<String>) -> Result<WebhookPage, Error> {
        with_lever(|lever| lever.page(&route::LIST_PAGE, &[], &Fields::of(vec![]), cursor))
    }

    fn list_all(max_items: Option<u32>) -> Result<WebhookPage, Error> {
        with_lever(|lever| lever.all(&route::LIST_ALL, &[], &Fields::of(vec![]), max_items))
    }

    fn create(webhook: NewWebhook) -> Result<Webhook, Error> {
        check(&webhook)?;
        with_lever(|lever| lever.change(&route::CREATE, &[], vec![], &webhook))
    }

    fn update(changes: Vec<WebhookChange>) -> Result<Vec<Webhook>, Error> {
        let body = check_changes(&changes)?;
        with_lever(|lever| lever.change(&route::UPDATE, &[], vec![], &body))
    }

    fn delete(webhook: String) -> Result<(), Error> {
        with_lever(|lever| lever.remove(&route::DELETE, &[&webhook], vec![]))
    }
}
