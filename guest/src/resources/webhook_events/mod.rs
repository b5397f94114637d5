//! Deliveries of Lever's webhooks: the signature, the age, and what they say.
//!
//! The signature is HMAC-SHA256 over `token` and `triggeredAt`; it covers
//! neither the event's name nor its data, so an event is a hint to read the
//! record. It is compared in constant time. Remembering tokens is for the
//! caller.
//!
//! A delivery that is signed comes five times at most and then not again, so
//! nothing odd in what the signature does not cover makes it none.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::bindings::exports::ats::lever::types::Archived;
use crate::bindings::exports::ats::lever::webhook_events::{EventKind, WebhookEvent};
use crate::core::client::Local;
use crate::core::error::{Error, ErrorKind};
use crate::core::json;
use crate::core::json::record::{self, lenient};

/// The largest delivery that is looked at, in bytes. Real ones are below 1 KiB.
pub const LARGEST: usize = 1 << 20;

/// How old a delivery may be when the caller says nothing: Lever tries five
/// times with growing delays, and `triggeredAt` stays that of the first.
pub const MAX_AGE_MS: u64 = 24 * 60 * 60 * 1000;

struct Delivery {
    id: Option<String>,
    event: Option<String>,
    triggered_at: u64,
    token: String,
    signature: String,
    data: Option<String>,
}

record::record!(Delivery {
    0 id "id" plain,
    1 event "event" plain,
    2 triggered_at "triggeredAt" plain,
    3 token "token" plain,
    4 signature "signature" plain,
    5 data "data" open,
});

/// What any event's data can name.
struct Data {
    opportunity_id: Option<String>,
    candidate_id: Option<String>,
    contact_id: Option<String>,
    application_id: Option<String>,
    interview_id: Option<String>,
    panel_id: Option<String>,
    from_stage_id: Option<String>,
    to_stage_id: Option<String>,
    from_archived: Option<Archived>,
    to_archived: Option<Archived>,
}

record::record!(Data {
    0 opportunity_id "opportunityId" plain,
    1 candidate_id "candidateId" plain,
    2 contact_id "contactId" plain,
    3 application_id "applicationId" plain,
    4 interview_id "interviewId" plain,
    5 panel_id "panelId" plain,
    6 from_stage_id "fromStageId" plain,
    7 to_stage_id "toStageId" plain,
    8 from_archived "fromArchived" plain,
    9 to_archived "toArchived" plain,
});

/// Why a delivery is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has more bytes than any real one.
    TooLarge(usize),
    /// It is not what Lever sends; what is wrong with it.
    NoDelivery(&'static str),
    /// None of the signature tokens signed it.
    Forged,
    /// It is this many milliseconds old, and so many are allowed.
    Old(u64, u64),
    /// It is this many milliseconds in the future, and so many are allowed.
    Future(u64, u64),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let untimely = |distance: u64, side: &str, most: u64| {
            let message = format!(
                "The delivery is {distance} ms {side}, and max-age-ms is {most}. Refuse it, or allow more."
            );
            Error::new(ErrorKind::BadSignature, message)
        };
        match fault {
            Fault::TooLarge(bytes) => {
                let message =
                    format!("The delivery has {bytes} bytes; real ones have less than {LARGEST}.");
                Error::new(ErrorKind::TooLarge, message)
            }
            Fault::NoDelivery(what) => Error::new(
                ErrorKind::MalformedAnswer,
                format!("This is not a delivery of Lever's: {what}."),
            ),
            Fault::Forged => Error::new(
                ErrorKind::BadSignature,
                "The delivery is not signed with this signature token. Refuse it; if all fail, the token is of another webhook.",
            ),
            Fault::Old(distance, most) => untimely(distance, "old", most),
            Fault::Future(distance, most) => untimely(distance, "in the future", most),
        }
    }
}

/// Checks one delivery by the clock of the caller or the host, and decodes it.
///
/// # Errors
///
/// As for [`decode_at`].
pub fn decode(
    local: Local,
    body: Vec<u8>,
    signature_token: &str,
    max_age_ms: Option<u64>,
    now: Option<u64>,
) -> Result<WebhookEvent, Error> {
    decode_at(&body, signature_token, max_age_ms, now.unwrap_or(local.wall_ms))
}

/// Checks one delivery and decodes it.
///
/// # Errors
///
/// `malformed-answer` for what is not a delivery, `bad-signature` for one that is
/// not authentic, too old or from the future.
pub fn decode_at(
    body: &[u8],
    signature_token: &str,
    max_age_ms: Option<u64>,
    now_ms: u64,
) -> Result<WebhookEvent, Error> {
    if signature_token.is_empty() {
        return Err(Error::invalid(
            "signature-token is empty. Give the one that Lever showed when the webhook was made.",
        ));
    }
    Ok(check(body, &[signature_token], max_age_ms.unwrap_or(MAX_AGE_MS), now_ms)?)
}

/// The same for several webhooks, each with a signature token of its own: one
/// of them must have signed. Without any, nothing is authentic.
///
/// # Errors
///
/// Why the delivery is not to be taken.
pub fn check<T: AsRef<str>>(
    body: &[u8],
    signature_tokens: &[T],
    max_age_ms: u64,
    now_ms: u64,
) -> Result<WebhookEvent, Fault> {
    if body.len() > LARGEST {
        return Err(Fault::TooLarge(body.len()));
    }
    let delivery: Delivery = lenient::read(&json::text(body))
        .map_err(|_| Fault::NoDelivery("it is not JSON with triggeredAt, token and signature"))?;
    // All are tried, so that the time tells nothing about which one it was.
    let tokens = signature_tokens.iter().map(AsRef::as_ref);
    if !tokens.fold(false, |found, token| found | is_authentic(&delivery, token)) {
        return Err(Fault::Forged);
    }
    timely(&delivery, max_age_ms, now_ms)?;
    let text = delivery.data.as_deref().unwrap_or("{}");
    // What names no record is in `data` all the same.
    let data: Data = lenient::read(text).unwrap_or_default();
    let event = delivery.event.unwrap_or_default();
    Ok(WebhookEvent {
        kind: if is_empty(text) { EventKind::Ping } else { kind(&event) },
        event,
        id: delivery.id,
        triggered_at: delivery.triggered_at,
        token: delivery.token,
        opportunity_id: data.opportunity_id,
        candidate_id: data.candidate_id,
        contact_id: data.contact_id,
        application_id: data.application_id,
        interview_id: data.interview_id,
        panel_id: data.panel_id,
        from_stage_id: data.from_stage_id,
        to_stage_id: data.to_stage_id,
        from_archived: data.from_archived,
        to_archived: data.to_archived,
        data: text.to_owned(),
    })
}

fn is_authentic(delivery: &Delivery, signature_token: &str) -> bool {
    // An empty key signs too, and anyone has it.
    if signature_token.is_empty() {
        return false;
    }
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(signature_token.as_bytes()) else {
        return false;
    };
    mac.update(delivery.token.as_bytes());
    mac.update(delivery.triggered_at.to_string().as_bytes());
    hex(&delivery.signature).is_some_and(|signature| mac.verify_slice(&signature).is_ok())
}

/// The window is the same on both sides, so that a sender whose clock is ahead
/// cannot make a delivery that stays good for ever.
fn timely(delivery: &Delivery, max_age_ms: u64, now_ms: u64) -> Result<(), Fault> {
    let distance = now_ms.abs_diff(delivery.triggered_at);
    if distance <= max_age_ms {
        Ok(())
    } else if delivery.triggered_at < now_ms {
        Err(Fault::Old(distance, max_age_ms))
    } else {
        Err(Fault::Future(distance, max_age_ms))
    }
}

/// The signature as HMAC-SHA256 of `token` and `triggered_at`, in hexadecimal:
/// what Lever sends, for tests and for whoever plays Lever.
///
/// # Errors
///
/// An empty key.
pub fn sign(signature_token: &str, token: &str, triggered_at: u64) -> Result<String, Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(signature_token.as_bytes())
        .map_err(|_| Error::invalid("the signature token cannot be a key."))?;
    mac.update(token.as_bytes());
    mac.update(triggered_at.to_string().as_bytes());
    Ok(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(high)? << 4) | digit(low)?),
        _ => None,
    };
    text.as_bytes().chunks(2).map(pair).collect()
}

fn is_empty(data: &str) -> bool {
    data.chars().filter(|c| !c.is_whitespace()).eq("{}".chars())
}

fn kind(event: &str) -> EventKind {
    match event {
        "applicationCreated" => EventKind::ApplicationCreated,
        "candidateHired" => EventKind::CandidateHired,
        "candidateStageChange" => EventKind::CandidateStageChange,
        "candidateArchiveChange" => EventKind::CandidateArchiveChange,
        "candidateDeleted" => EventKind::CandidateDeleted,
        "interviewCreated" => EventKind::InterviewCreated,
        "interviewUpdated" => EventKind::InterviewUpdated,
        "interviewDeleted" => EventKind::InterviewDeleted,
        "contactCreated" => EventKind::ContactCreated,
        "contactUpdated" => EventKind::ContactUpdated,
        _ => EventKind::Other,
    }
}

#[cfg(test)]
mod tests;
