//! Subscriptions: what Lever would refuse of them, before it is asked.

use serde_json::{Value, json};

use super::error::{Error, shown};
use super::replace::object_of;
use crate::bindings::exports::ats::lever::webhooks::{NewWebhook, WebhookChange};

/// The events that tell of an opportunity and can be told by its origin.
const BY_ORIGIN: [&str; 4] =
    ["applicationCreated", "candidateHired", "candidateStageChange", "candidateArchiveChange"];

/// Checks a new webhook.
///
/// # Errors
///
/// Origins with an event that has none.
pub fn check(webhook: &NewWebhook) -> Result<(), Error> {
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
///
/// # Errors
///
/// No change, one that changes nothing, or two of the same webhook.
pub fn check_changes(changes: &[WebhookChange]) -> Result<Value, Error> {
    if changes.is_empty() {
        return Err(Error::invalid("changes is empty. Give at least one webhook's id and change."));
    }
    for (place, change) in changes.iter().enumerate() {
        if change.url.is_none() && change.configuration.is_none() {
            return Err(Error::invalid(format!(
                "changes[{place}] has neither url nor configuration. Give what is to change."
            )));
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
    use crate::core::record;

    fn new(json: &str) -> NewWebhook {
        record::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn origins_go_with_four_events() {
        let rows = [
            (
                r#"{"url":"u","event":"candidateHired","configuration":{"conditions":{"origins":["applied"]}}}"#,
                true,
            ),
            (
                r#"{"url":"u","event":"contactCreated","configuration":{"conditions":{"origins":["applied"]}}}"#,
                false,
            ),
            (
                r#"{"url":"u","event":"contactCreated","configuration":{"conditions":{"origins":[]}}}"#,
                true,
            ),
            (r#"{"url":"u","event":"somethingNew"}"#, true),
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
        assert!(check_changes(&[change(r#"{"id":"a"}"#)]).is_err());
    }
}
