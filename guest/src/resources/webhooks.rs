//! Subscriptions: what Lever would refuse of them, before it is asked.

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::webhooks::{NewWebhook, Webhook, WebhookChange};
use crate::core::client::Client;
use crate::core::error::{Error, shown};
use crate::core::read::replace::object_of;
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::webhooks as route;

/// The events that tell of an opportunity and can be told by its origin.
const BY_ORIGIN: [&str; 4] =
    ["applicationCreated", "candidateHired", "candidateStageChange", "candidateArchiveChange"];

/// Subscribes to an event.
///
/// # Errors
///
/// A webhook that Lever would refuse, or whatever kept it from being made.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    webhook: NewWebhook,
) -> Result<Webhook, Error> {
    check(&webhook)?;
    lever.change(&route::CREATE, &[], Vec::new(), &webhook)
}

/// Changes subscriptions.
///
/// # Errors
///
/// Changes that Lever would refuse, or whatever kept them from being made.
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    changes: Vec<WebhookChange>,
) -> Result<Vec<Webhook>, Error> {
    let body = check_changes(&changes)?;
    lever.change(&route::UPDATE, &[], Vec::new(), &body)
}

/// Checks a new webhook.
fn check(webhook: &NewWebhook) -> Result<(), Error> {
    rules::check(&[("url", Rule::Webhook(&webhook.url)), ("event", Rule::Filled(&webhook.event))])?;
    let conditions = webhook.configuration.as_ref().and_then(|it| it.conditions.as_ref());
    let by_origin = conditions.is_some_and(|conditions| !conditions.origins.is_empty());
    if by_origin && !BY_ORIGIN.contains(&webhook.event.as_str()) {
        return Err(Error::invalid(format!(
            "origins go with {}, not with {}. Leave them out.",
            BY_ORIGIN.join(", "),
            shown(&webhook.event)
        )));
    }
    Ok(())
}

/// The body of a change of webhooks.
fn check_changes(changes: &[WebhookChange]) -> Result<Value, Error> {
    if changes.is_empty() {
        return Err(Error::invalid("changes is empty. Give at least one webhook's id and change."));
    }
    for (place, change) in changes.iter().enumerate() {
        rules::check_in("changes", place, &[("id", Rule::Filled(&change.id))])?;
        let conditions = change.configuration.as_ref().and_then(|it| it.conditions.as_ref());
        let has_origins = conditions.is_some_and(|it| !it.origins.is_empty());
        if change.url.is_none() && !has_origins {
            return Err(Error::invalid(format!(
                "changes[{place}] has neither url nor origins in its configuration. Give what is to change."
            )));
        }
        if let Some(url) = &change.url {
            rules::check_in("changes", place, &[("url", Rule::Webhook(url))])?;
        }
        if changes.iter().take(place).any(|earlier| earlier.id == change.id) {
            return Err(Error::invalid(format!(
                "changes holds the id {} twice. Give each webhook once.",
                shown(&change.id)
            )));
        }
    }
    let data: Vec<Value> = changes.iter().map(|change| Value::Object(object_of(change))).collect();
    Ok(json!({ "data": data }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::json::record;

    fn new(json: &str) -> NewWebhook {
        record::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn origins_go_with_four_events() {
        let rows = [
            (
                r#"{"url":"https://x/","event":"candidateHired","configuration":{"conditions":{"origins":["applied"]}}}"#,
                true,
            ),
            (
                r#"{"url":"https://x/","event":"contactCreated","configuration":{"conditions":{"origins":["applied"]}}}"#,
                false,
            ),
            (
                r#"{"url":"https://x/","event":"contactCreated","configuration":{"conditions":{"origins":[]}}}"#,
                true,
            ),
            (r#"{"url":"https://x/","event":"somethingNew"}"#, true),
            (r#"{"url":"https://x/","event":" "}"#, false),
            (r#"{"url":"","event":"candidateHired"}"#, false),
            (r#"{"url":"http://x/","event":"candidateHired"}"#, false),
        ];
        for (json, good) in rows {
            assert_eq!(check(&new(json)).is_ok(), good, "{json}");
        }
    }

    #[test]
    fn changes_are_sent_as_one_list() {
        let change = |json: &str| -> WebhookChange { record::read(json.as_bytes()).unwrap() };
        let one = || change(r#"{"id":"a","url":"https://x/"}"#);
        assert_eq!(
            check_changes(&[one()]).unwrap(),
            json!({"data": [{"id": "a", "url": "https://x/"}]})
        );
        assert!(check_changes(&[]).is_err());
        assert!(check_changes(&[one(), one()]).is_err());
        for nothing in [
            r#"{"id":"a"}"#,
            r#"{"id":"a","configuration":{}}"#,
            r#"{"id":"a","configuration":{"conditions":{"origins":[]}}}"#,
            r#"{"id":"a","url":"x"}"#,
            r#"{"id":"","url":"https://x/"}"#,
        ] {
            assert!(check_changes(&[change(nothing)]).is_err(), "{nothing}");
        }
    }
}
