//! Deliveries that are authentic, and those that are not.

use proptest::prelude::*;

use super::*;

const KEY: &str = "a8e2110683e0fe7bd7abfc2a9122220a7adf72a90cf5a5b9";
const AT: u64 = 1_767_088_800_000;

fn delivery(event: &str, data: &str) -> String {
    let token = "129ffe88ee579a3884f349bac4fb2d14edd4cdf26927c3c0";
    let signature = sign(KEY, token, AT).unwrap();
    format!(
        r#"{{"id":"d","event":"{event}","triggeredAt":{AT},"token":"{token}","signature":"{signature}","data":{data}}}"#
    )
}

fn failure(body: &str, key: &str, age: Option<u64>, now: u64) -> ErrorKind {
    decode_at(body.as_bytes(), key, age, now).unwrap_err().kind
}

#[test]
fn signatures_are_those_of_recorded_deliveries() {
    // Key, token and time of the recorded vectors, whose signatures were
    // made by other code.
    let rows = [
        (
            "1cb66f62f8ddd73e784a7614ffea122eabc0c434b9622ac0",
            1_766_743_200_000,
            "a61bc267e6baf40842a1cf5276bb771d81b956669976b881e6a05c9ae315af63",
        ),
        (
            "129ffe88ee579a3884f349bac4fb2d14edd4cdf26927c3c0",
            AT,
            "95c9b8fff27510cb079af49da07156c3bf55e78682786971332e0ed2cf5e0c3e",
        ),
        (
            "c99ec2458094b439190f6a976e971921323b86bf78648a01",
            1_766_829_600_000,
            "4624c12d615197c26f9d95607a005791edc56c84722882cdf3aaf83d29f76fdd",
        ),
    ];
    for (token, at, expected) in rows {
        assert_eq!(sign(KEY, token, at).unwrap(), expected);
    }
}

#[test]
fn a_delivery_that_is_not_authentic_is_refused() {
    let good = delivery("candidateHired", r#"{"opportunityId":"o"}"#);
    assert!(decode_at(good.as_bytes(), KEY, None, AT).is_ok());
    let bad = ErrorKind::BadSignature;
    assert_eq!(failure(&good, "another key", None, AT), bad);
    assert_eq!(failure(&good.replace("129ffe", "129fff"), KEY, None, AT), bad);
    assert_eq!(failure(&good.replace(&AT.to_string(), &(AT + 1).to_string()), KEY, None, AT), bad);
    for signature in ["", "00", "zz", "0"] {
        let start = good.find("signature\":\"").unwrap() + 12;
        let forged = format!("{}{signature}{}", &good[..start], &good[start + 64..]);
        assert_eq!(failure(&forged, KEY, None, AT), bad, "{signature:?}");
    }
}

#[test]
fn age_is_judged_on_both_sides() {
    let good = delivery("candidateHired", r#"{"opportunityId":"o"}"#);
    let at = |now, age| decode_at(good.as_bytes(), KEY, age, now).is_ok();
    assert!(at(AT + 1000, Some(1000)) && at(AT - 1000, Some(1000)));
    assert!(!at(AT + 1001, Some(1000)) && !at(AT - 1001, Some(1000)));
    assert!(at(AT + MAX_AGE_MS, None) && !at(AT + MAX_AGE_MS + 1, None));
}

#[test]
fn what_is_no_delivery_is_named_as_such() {
    let malformed = ErrorKind::MalformedAnswer;
    for body in [
        "",
        "null",
        "[]",
        "{}",
        "<html>",
        r#"{"event":"x","triggeredAt":"soon","token":"t","signature":"s"}"#,
    ] {
        assert_eq!(failure(body, KEY, None, AT), malformed, "{body}");
    }
    assert_eq!(failure("{}", "", None, AT), ErrorKind::InvalidInput);
    assert_eq!(failure(&" ".repeat(LARGEST + 1), KEY, None, AT), ErrorKind::TooLarge);
}

#[test]
fn unknown_events_and_pings_come_back_as_such() {
    let rows = [
        ("candidateHired", "{}", EventKind::Ping),
        ("candidateHired", "{ \n}", EventKind::Ping),
        ("candidateHired", "null", EventKind::Ping),
        ("somethingNew", r#"{"x":[1]}"#, EventKind::Other),
    ];
    for (name, data, kind) in rows {
        let event = decode_at(delivery(name, data).as_bytes(), KEY, None, AT)
            .unwrap_or_else(|e| panic!("{data} {}", e.message));
        assert_eq!(event.kind, kind, "{data}");
        assert_eq!(event.event, name);
    }
}

#[test]
fn a_signed_delivery_is_an_event_whatever_its_data_is() {
    // The data, and the opportunity that is read of it.
    let rows = [
        (r#"{"opportunityId":7}"#, Some("7")),
        (r#"{"opportunityId":{"id":"o"},"contactId":"c"}"#, None),
        (r#"{"opportunityId":"o","toArchived":{"reason":null,"archivedAt":-1}}"#, Some("o")),
        (r#"{"opportunityId":"o","toArchived":[7]}"#, Some("o")),
        (r#"{"opportunityId":"o","name":"\ufffd"}"#, Some("o")),
        (r#"{"opportunityId":true}"#, None),
        (r#""text""#, None),
        ("7", None),
        ("[1,2]", None),
        ("[]", None),
        ("false", None),
    ];
    for (data, opportunity) in rows {
        let body = delivery("candidateHired", data);
        let event = decode_at(body.as_bytes(), KEY, None, AT)
            .unwrap_or_else(|error| panic!("{data} {error:?}"));
        assert_eq!(event.opportunity_id.as_deref(), opportunity, "{data}");
        assert_eq!((event.kind, event.data.as_str()), (EventKind::CandidateHired, data));
    }
    let half = delivery("candidateHired", r#"{"opportunityId":"o","name":"x\ud83d","y":"\t"}"#);
    let event = decode_at(half.replace("\\t", "\t").as_bytes(), KEY, None, AT).unwrap();
    assert_eq!(event.data, r#"{"opportunityId":"o","name":"x\ufffd","y":"\u0009"}"#);
}

#[test]
fn a_signed_delivery_is_an_event_whatever_stands_around_its_data() {
    let good = delivery("candidateHired", r#"{"opportunityId":"o"}"#);
    let rows = [
        (r#""id":"d""#, r#""id":[]"#, EventKind::CandidateHired),
        (r#""id":"d""#, r#""id":5"#, EventKind::CandidateHired),
        (r#""event":"candidateHired""#, r#""event":null"#, EventKind::Other),
        (r#""event":"candidateHired","#, "", EventKind::Other),
        (
            r#""triggeredAt":1767088800000"#,
            r#""triggeredAt":"1767088800000""#,
            EventKind::CandidateHired,
        ),
        (r#"{"id""#, "\u{feff}{\"id\"", EventKind::CandidateHired),
    ];
    for (from, to, kind) in rows {
        let body = good.replace(from, to);
        assert_ne!(body, good, "{from}");
        let event = decode_at(body.as_bytes(), KEY, None, AT)
            .unwrap_or_else(|error| panic!("{body} {error:?}"));
        assert_eq!((event.kind, event.opportunity_id.as_deref()), (kind, Some("o")), "{body}");
    }
}

#[test]
fn any_of_several_tokens_may_have_signed_and_an_empty_one_never_has() {
    let good = delivery("candidateHired", r#"{"opportunityId":"o"}"#);
    let taken = |tokens: &[&str]| check(good.as_bytes(), tokens, 0, AT).map(drop);
    assert_eq!(taken(&["other", KEY]), Ok(()));
    assert_eq!(taken(&[KEY, "other"]), Ok(()));
    assert_eq!(taken(&["other", "another"]), Err(Fault::Forged));
    assert_eq!(taken(&[]), Err(Fault::Forged));
    let signature = sign(KEY, "t", AT).unwrap();
    let keyless = sign("", "t", AT).unwrap();
    let own =
        format!(r#"{{"event":"x","triggeredAt":{AT},"token":"t","signature":"{signature}"}}"#);
    assert!(check(own.as_bytes(), &["", KEY], 0, AT).is_ok());
    let forged = own.replace(&signature, &keyless);
    assert_eq!(check(forged.as_bytes(), &["", KEY], 0, AT).map(drop), Err(Fault::Forged));
}

proptest! {
    #[test]
    fn no_bytes_are_taken_that_nobody_signed(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert!(check(&bytes, &[KEY], u64::MAX, AT).is_err());
    }

    #[test]
    fn a_delivery_with_another_token_time_or_signature_is_forged(
        token in "[0-9a-f]{1,60}",
        at in any::<u64>(),
        signature in "[0-9a-fA-F]{0,70}",
    ) {
        let good = delivery("candidateHired", r#"{"opportunityId":"o"}"#);
        let was = "129ffe88ee579a3884f349bac4fb2d14edd4cdf26927c3c0";
        let signed = sign(KEY, was, AT).unwrap();
        for (from, to) in [(was, &token), (&AT.to_string(), &at.to_string()), (&signed, &signature)] {
            let other = good.replace(from, to);
            let forged = check(other.as_bytes(), &[KEY], u64::MAX, AT).map(drop);
            prop_assert!(other == good || forged == Err(Fault::Forged), "{}", other);
        }
    }

    #[test]
    fn what_is_signed_comes_back_as_it_was_sent(
        event in "[ -~]{0,40}",
        key in "[a-z]{1,12}",
        value in any::<String>(),
        at in any::<u64>(),
    ) {
        let data = serde_json::json!({ key: value }).to_string();
        let signature = sign(KEY, &value, at).unwrap();
        let body = serde_json::json!({
            "event": event, "triggeredAt": at, "token": value, "signature": signature,
            "data": serde_json::from_str::<serde_json::Value>(&data).unwrap(),
        });
        let taken = check(body.to_string().as_bytes(), &[KEY], 0, at).unwrap();
        prop_assert_eq!((taken.event, taken.token, taken.triggered_at), (event, value, at));
        prop_assert_eq!(taken.data, data);
    }
}
