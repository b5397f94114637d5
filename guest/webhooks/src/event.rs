//! The JSON that is forwarded: what the delivery said, and nothing that could
//! sign another.
//!
//! ```json
//! {
//!   "kind": "candidate-stage-change",
//!   "event": "candidateStageChange",
//!   "id": "9a5e...",
//!   "triggeredAt": 1767088800000,
//!   "token": "129f...",
//!   "opportunityId": "177d...",
//!   "candidateId": "177d...",
//!   "contactId": "db44...",
//!   "fromStageId": "lead-new",
//!   "toStageId": "offer",
//!   "data": { "opportunityId": "177d...", "toStageId": "offer" }
//! }
//! ```
//!
//! `kind` is the WIT's name of the event, `other` for one that is not known
//! here. What a delivery does not have is left out; `data` is all of its data,
//! as it came. `token` is the delivery's nonce, by which whoever takes events
//! can tell repeats; it is not a secret, and the signature is not passed on.

use lever::bindings::exports::ats::lever::types::Archived;
use lever::bindings::exports::ats::lever::webhook_events::{EventKind, WebhookEvent};
use serde::Serialize;
use serde_json::value::RawValue;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    kind: &'static str,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    triggered_at: u64,
    token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    opportunity_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    interview_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    panel_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_stage_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_stage_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_archived: Option<Mark<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_archived: Option<Mark<'a>>,
    data: &'a RawValue,
}

/// The archive mark of an opportunity.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Mark<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    archived_at: Option<u64>,
}

fn mark(archived: &Archived) -> Mark<'_> {
    Mark { reason: archived.reason.as_deref(), archived_at: archived.archived_at }
}

/// An event as JSON on one line.
///
/// # Errors
///
/// Data that is not JSON, which a checked delivery's is not.
pub fn json(event: &WebhookEvent) -> Result<Vec<u8>, serde_json::Error> {
    let line = one_line(&event.data);
    serde_json::to_vec(&Event {
        kind: kind(event.kind),
        event: &event.event,
        id: event.id.as_deref(),
        triggered_at: event.triggered_at,
        token: &event.token,
        opportunity_id: event.opportunity_id.as_deref(),
        candidate_id: event.candidate_id.as_deref(),
        contact_id: event.contact_id.as_deref(),
        application_id: event.application_id.as_deref(),
        interview_id: event.interview_id.as_deref(),
        panel_id: event.panel_id.as_deref(),
        from_stage_id: event.from_stage_id.as_deref(),
        to_stage_id: event.to_stage_id.as_deref(),
        from_archived: event.from_archived.as_ref().map(mark),
        to_archived: event.to_archived.as_ref().map(mark),
        data: serde_json::from_str(&line)?,
    })
}

/// The same JSON without line breaks. In JSON they can only stand between
/// values: inside of strings they are escaped.
fn one_line(json: &str) -> String {
    json.chars().map(|c| if matches!(c, '\n' | '\r') { ' ' } else { c }).collect()
}

fn kind(kind: EventKind) -> &'static str {
    match kind {
        EventKind::ApplicationCreated => "application-created",
        EventKind::CandidateHired => "candidate-hired",
        EventKind::CandidateStageChange => "candidate-stage-change",
        EventKind::CandidateArchiveChange => "candidate-archive-change",
        EventKind::CandidateDeleted => "candidate-deleted",
        EventKind::InterviewCreated => "interview-created",
        EventKind::InterviewUpdated => "interview-updated",
        EventKind::InterviewDeleted => "interview-deleted",
        EventKind::ContactCreated => "contact-created",
        EventKind::ContactUpdated => "contact-updated",
        EventKind::Ping => "ping",
        EventKind::Other => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lever::resources::webhook_events::{check, sign};

    fn forwarded(event: &str, data: &str) -> String {
        let signature = sign("key", "nonce", 7).unwrap();
        let body = format!(
            r#"{{"id":"d","event":"{event}","triggeredAt":7,"token":"nonce","signature":"{signature}","data":{data}}}"#
        );
        let event = check(body.as_bytes(), &["key"], 0, 7).unwrap();
        let text = String::from_utf8(json(&event).unwrap()).unwrap();
        assert!(!text.contains(&signature) && !text.contains("\"key\""), "{text}");
        text
    }

    #[test]
    fn what_a_delivery_says_is_forwarded_and_what_it_lacks_is_left_out() {
        let rows = [
            (
                "candidateStageChange",
                r#"{"opportunityId":"o","fromStageId":"lead-new","toStageId":"offer","x":[1.50]}"#,
                r#"{"kind":"candidate-stage-change","event":"candidateStageChange","id":"d","triggeredAt":7,"token":"nonce","opportunityId":"o","fromStageId":"lead-new","toStageId":"offer","data":{"opportunityId":"o","fromStageId":"lead-new","toStageId":"offer","x":[1.50]}}"#,
            ),
            (
                "candidateArchiveChange",
                r#"{"fromArchived":null,"toArchived":{"reason":"r","archivedAt":3}}"#,
                r#"{"kind":"candidate-archive-change","event":"candidateArchiveChange","id":"d","triggeredAt":7,"token":"nonce","toArchived":{"reason":"r","archivedAt":3},"data":{"fromArchived":null,"toArchived":{"reason":"r","archivedAt":3}}}"#,
            ),
            (
                "candidateHired",
                r#"[{"opportunityId":"o"}]"#,
                r#"{"kind":"candidate-hired","event":"candidateHired","id":"d","triggeredAt":7,"token":"nonce","data":[{"opportunityId":"o"}]}"#,
            ),
            (
                "candidateArchiveChange",
                r#"{"opportunityId":5,"toArchived":{"reason":null,"archivedAt":3.7}}"#,
                r#"{"kind":"candidate-archive-change","event":"candidateArchiveChange","id":"d","triggeredAt":7,"token":"nonce","opportunityId":"5","toArchived":{"archivedAt":3},"data":{"opportunityId":5,"toArchived":{"reason":null,"archivedAt":3.7}}}"#,
            ),
            (
                "somethingNew",
                "{\"a\":\r\n \"b\\n\"}",
                "{\"kind\":\"other\",\"event\":\"somethingNew\",\"id\":\"d\",\"triggeredAt\":7,\"token\":\"nonce\",\"data\":{\"a\":   \"b\\n\"}}",
            ),
        ];
        for (event, data, expected) in rows {
            assert_eq!(forwarded(event, data), expected);
        }
    }
}
