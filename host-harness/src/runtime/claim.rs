//! A component's error, brought into line with what the host knows.
//!
//! It touches the outcome, the status and the end of the message, and nothing
//! where the two agree.

use serde_json::{Map, Value};

use crate::egress::Changes;

/// What is added to a message that left a change out.
const SENT: &str =
    "The host sent a change that was not turned down: read the record before trying again.";

/// What is added to a message that speaks of a change which was not made.
const NOT_MADE: &str = "The host sent no change that was accepted.";

/// The error as the caller gets it.
pub(super) fn checked(error: Value, changes: &Changes) -> Value {
    let mut fields = match error {
        Value::Object(fields) => fields,
        other if !changes.may_have_changed() => return other,
        // There is no place in it to say so.
        Value::String(message) => Map::from_iter([("message".to_owned(), Value::String(message))]),
        other => Map::from_iter([("error".to_owned(), other)]),
    };
    let said = fields.get("outcome").and_then(Value::as_str).map(str::to_owned);
    let known = changes.outcome(said.as_deref());
    let is_corrected = known != said.as_deref();
    let status = fields.get("status").and_then(Value::as_u64);
    let status = status.and_then(|status| u16::try_from(status).ok());
    let right = changes.status(status, is_corrected);
    if right != status {
        match right {
            Some(right) => fields.insert("status".to_owned(), right.into()),
            None => fields.remove("status"),
        };
    }
    if let Some(known) = known.filter(|_| is_corrected) {
        let note = if known == "unknown" { SENT } else { NOT_MADE };
        if let Some(Value::String(message)) = fields.get_mut("message") {
            message.push_str(if message.is_empty() { "" } else { " " });
            message.push_str(note);
        }
        fields.insert("outcome".to_owned(), known.into());
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::egress::Effect;
    use http::StatusCode;
    use serde_json::json;

    fn made() -> Changes {
        let mut changes = Changes::default();
        changes.sending(Effect::Change);
        changes.answered(Effect::Change, StatusCode::CREATED);
        changes
    }

    #[test]
    fn an_error_that_leaves_a_change_out_is_told_of_it() {
        let message = |text: &str| json!(format!("{text} {SENT}"));
        let rows = [
            (
                json!({ "kind": "rejected", "message": "No.", "outcome": "not-sent", "status": 418 }),
                json!({ "kind": "rejected", "message": message("No."), "outcome": "unknown", "status": 201 }),
            ),
            (
                json!({ "message": "No." }),
                json!({ "message": message("No."), "outcome": "unknown", "status": 201 }),
            ),
            (
                json!("No."),
                json!({ "message": message("No."), "outcome": "unknown", "status": 201 }),
            ),
            (json!([1]), json!({ "error": [1], "outcome": "unknown", "status": 201 })),
        ];
        for (error, expected) in rows {
            assert_eq!(checked(error, &made()), expected);
        }
    }

    #[test]
    fn an_error_that_agrees_stays_as_it_is() {
        let quiet =
            [json!("No."), json!(null), json!({ "outcome": "not-sent" }), json!({ "a": 1 })];
        for error in quiet {
            assert_eq!(checked(error.clone(), &Changes::default()), error);
        }
        for outcome in ["applied", "unknown"] {
            let error = json!({ "message": "Late.", "outcome": outcome, "status": 201 });
            assert_eq!(checked(error.clone(), &made()), error);
        }
    }

    #[test]
    fn a_change_that_was_never_sent_was_not_made() {
        let error = json!({ "message": "Made.", "outcome": "applied", "status": 200 });
        let expected = json!({ "message": format!("Made. {NOT_MADE}"), "outcome": "not-sent" });
        assert_eq!(checked(error, &Changes::default()), expected);
    }
}
