//! The way of one delivery: from its body to what Lever is answered.
//!
//! In two steps, since forwarding lies between them: [`admit`] decides whether
//! there is something to forward, [`settle`] what its answer means.

use lever::bindings::exports::ats::lever::webhook_events::EventKind;
use lever::core::http::response::{Failure, Response};
use lever::resources::webhook_events::{self, Fault};

use crate::event;
use crate::seen::{Claim, Known, Seen};
use crate::settings::Settings;
use crate::verdict::Verdict;

/// The largest body, in bytes.
pub const LARGEST: usize = webhook_events::LARGEST;

/// What is to be done about a delivery.
#[derive(Debug)]
pub enum Step {
    /// Answer it.
    Answer(Verdict),
    /// Forward this JSON, then settle the place.
    Forward(Vec<u8>, Claim),
}

/// Decides about a whole body, at this time in milliseconds since 1970.
pub fn admit(seen: &mut Seen, settings: &Settings, body: &[u8], now: u64) -> Step {
    let event = match webhook_events::check(body, &settings.tokens, settings.max_age_ms, now) {
        Ok(event) => event,
        Err(fault) => return Step::Answer(refused(fault)),
    };
    // Nothing happened, so there is nothing to take and nothing to remember. With an id, it may be
    // an event whose data is empty, which would never come again.
    if event.kind == EventKind::Ping && event.id.as_deref().unwrap_or_default().is_empty() {
        return Step::Answer(Verdict::Ping);
    }
    let Ok(json) = event::json(&event) else {
        return Step::Answer(Verdict::NoDelivery);
    };
    let until = event.triggered_at.saturating_add(settings.max_age_ms);
    match seen.begin(&event.token, body, until, now) {
        Ok(place) => Step::Forward(json, place),
        Err(Known::Taken) => Step::Answer(Verdict::Repeat),
        Err(Known::Altered) => Step::Answer(Verdict::Altered),
        Err(Known::UnderWay) => Step::Answer(Verdict::Busy),
    }
}

/// Decides by what the forward URL answered. 409 is its word for a token that
/// it has had with another event: a repeat cannot help.
pub fn settle(seen: &mut Seen, place: Claim, answer: &Result<Response, Failure>) -> Verdict {
    let verdict = match status(answer) {
        Some(200..=299) => Verdict::Accepted,
        Some(409) => Verdict::Altered,
        _ => Verdict::NotForwarded,
    };
    seen.end(place, verdict == Verdict::Accepted);
    verdict
}

/// The status of an answer, which is all that counts of it: its body may break
/// off or be too large.
pub fn status(answer: &Result<Response, Failure>) -> Option<u16> {
    match answer {
        Ok(response) => Some(response.status),
        Err(Failure::Broken(begun) | Failure::TooLarge(begun, _)) => Some(begun.status),
        Err(_) => None,
    }
}

fn refused(fault: Fault) -> Verdict {
    match fault {
        Fault::TooLarge(_) => Verdict::TooLarge,
        Fault::NoDelivery(_) => Verdict::NoDelivery,
        Fault::Forged => Verdict::Forged,
        Fault::Old(..) => Verdict::Old,
        Fault::Future(..) => Verdict::Future,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lever::core::http::response::Begun;
    use lever::resources::webhook_events::sign;
    use proptest::prelude::*;

    const NOW: u64 = 1_767_088_800_000;

    fn settings() -> Settings {
        let variables = [
            ("LEVER_WEBHOOK_SIGNATURE_TOKEN", "first,second"),
            ("LEVER_WEBHOOK_FORWARD_URL", "https://events.example.com/"),
            ("LEVER_WEBHOOK_MAX_AGE_MS", "1000"),
        ];
        let own = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        Settings::from_environment(&variables.iter().map(own).collect::<Vec<_>>()).unwrap()
    }

    fn delivery(key: &str, token: &str, at: u64, data: &str) -> Vec<u8> {
        let signature = sign(key, token, at).unwrap();
        format!(
            r#"{{"id":"d","event":"candidateHired","triggeredAt":{at},"token":"{token}","signature":"{signature}","data":{data}}}"#
        )
        .into_bytes()
    }

    fn without_id(delivery: &[u8]) -> Vec<u8> {
        String::from_utf8_lossy(delivery).replace(r#""id":"d","#, "").into_bytes()
    }

    fn answer(step: Step) -> Verdict {
        match step {
            Step::Answer(verdict) => verdict,
            Step::Forward(json, _) => panic!("forwarded {}", String::from_utf8_lossy(&json)),
        }
    }

    fn answered(status: u16) -> Result<Response, Failure> {
        Ok(Response { status, ..Response::default() })
    }

    /// Takes a delivery all the way, with this answer of the forward URL.
    fn take(seen: &mut Seen, body: &[u8], status: u16) -> Verdict {
        match admit(seen, &settings(), body, NOW) {
            Step::Answer(verdict) => verdict,
            Step::Forward(_, place) => settle(seen, place, &answered(status)),
        }
    }

    const DATA: &str = r#"{"opportunityId":"o"}"#;

    #[test]
    fn a_delivery_of_any_of_the_webhooks_is_forwarded_and_accepted() {
        let mut seen = Seen::default();
        for key in ["first", "second"] {
            assert_eq!(take(&mut seen, &delivery(key, key, NOW, DATA), 204), Verdict::Accepted);
        }
    }

    #[test]
    fn what_is_not_lever_s_is_refused_before_anything_is_forwarded() {
        let rows = [
            (delivery("third", "t", NOW, DATA), Verdict::Forged),
            (delivery("first", "t", NOW - 1001, DATA), Verdict::Old),
            (delivery("first", "t", NOW + 1001, DATA), Verdict::Future),
            (b"7".to_vec(), Verdict::NoDelivery),
            (b"{}".to_vec(), Verdict::NoDelivery),
            (vec![b' '; LARGEST + 1], Verdict::TooLarge),
            (without_id(&delivery("first", "t", NOW, "{}")), Verdict::Ping),
        ];
        for (body, expected) in rows {
            let mut seen = Seen::default();
            let step = admit(&mut seen, &settings(), &body, NOW);
            assert_eq!(answer(step), expected, "{}", String::from_utf8_lossy(&body));
        }
    }

    #[test]
    fn odd_data_is_forwarded_like_any_other() {
        // One without data has an id, so it may be more than a ping.
        for data in ["7", "\"x\"", "[]", "{}", "null", r#"{"opportunityId":7,"x":"\ud83d"}"#] {
            let body = delivery("first", "t", NOW, data);
            assert_eq!(take(&mut Seen::default(), &body, 204), Verdict::Accepted, "{data}");
        }
    }

    #[test]
    fn a_repeat_is_told_so_and_another_body_under_its_token_is_refused() {
        let mut seen = Seen::default();
        let body = delivery("first", "t", NOW, DATA);
        assert_eq!(take(&mut seen, &body, 200), Verdict::Accepted);
        assert_eq!(take(&mut seen, &body, 500), Verdict::Repeat);
        let altered = delivery("first", "t", NOW, r#"{"opportunityId":"p"}"#);
        assert_eq!(take(&mut seen, &altered, 200), Verdict::Altered);
    }

    #[test]
    fn what_was_not_forwarded_comes_again() {
        let mut seen = Seen::default();
        let body = delivery("first", "t", NOW, DATA);
        for status in [500, 302, 404, 100] {
            assert_eq!(take(&mut seen, &body, status), Verdict::NotForwarded, "{status}");
        }
        assert_eq!(take(&mut seen, &body, 409), Verdict::Altered);
        assert_eq!(take(&mut seen, &body, 200), Verdict::Accepted);
    }

    #[test]
    fn two_at_the_same_time_are_not_both_forwarded() {
        let mut seen = Seen::default();
        let body = delivery("first", "t", NOW, DATA);
        let Step::Forward(_, place) = admit(&mut seen, &settings(), &body, NOW) else {
            panic!("the first is forwarded")
        };
        assert_eq!(answer(admit(&mut seen, &settings(), &body, NOW)), Verdict::Busy);
        assert_eq!(settle(&mut seen, place, &answered(200)), Verdict::Accepted);
        assert_eq!(answer(admit(&mut seen, &settings(), &body, NOW)), Verdict::Repeat);
    }

    #[test]
    fn the_status_counts_even_if_the_answer_s_body_does_not_come() {
        let rows = [
            (Err(Failure::Broken(Begun::of(200, b""))), Verdict::Accepted),
            (Err(Failure::TooLarge(Begun::of(200, b""), 1)), Verdict::Accepted),
            (Err(Failure::Broken(Begun::of(500, b""))), Verdict::NotForwarded),
            (Err(Failure::NotSent("")), Verdict::NotForwarded),
            (Err(Failure::Lost("")), Verdict::NotForwarded),
            (Err(Failure::TimedOut("")), Verdict::NotForwarded),
            (Err(Failure::Refused), Verdict::NotForwarded),
        ];
        for (answer, expected) in rows {
            let mut seen = Seen::default();
            let body = delivery("first", "t", NOW, DATA);
            let Step::Forward(_, place) = admit(&mut seen, &settings(), &body, NOW) else {
                panic!("it is forwarded")
            };
            assert_eq!(settle(&mut seen, place, &answer), expected, "{answer:?}");
        }
    }

    proptest! {
        #[test]
        fn in_any_order_each_delivery_is_accepted_once_at_most(
            moves in proptest::collection::vec((0_u8..4, 0_u8..2, any::<bool>()), 0..60),
        ) {
            let mut seen = Seen::default();
            let mut accepted = std::collections::BTreeMap::new();
            for (token, body, good) in moves {
                let (token, data) = (format!("t{token}"), format!(r#"{{"opportunityId":"{body}"}}"#));
                let body = delivery("first", &token, NOW, &data);
                let before: Option<Vec<u8>> = accepted.get(&token).cloned();
                let verdict = take(&mut seen, &body, if good { 200 } else { 503 });
                let expected = match before {
                    Some(before) if before == body => Verdict::Repeat,
                    Some(_) => Verdict::Altered,
                    None if good => Verdict::Accepted,
                    None => Verdict::NotForwarded,
                };
                prop_assert_eq!(verdict, expected);
                if verdict == Verdict::Accepted {
                    accepted.insert(token, body);
                }
            }
        }
    }
}
