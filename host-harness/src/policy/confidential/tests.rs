use serde_json::{Value, json};

use super::*;

/// What passes, in pieces of each of a few sizes, which must not matter, and the ids of what does
/// not.
fn sifted(answer: &str) -> (String, Vec<String>, bool) {
    let outcomes: Vec<_> = [1, 2, 3, 7, 64, 1 << 20]
        .into_iter()
        .map(|size| {
            let mut sieve = Sieve::default();
            let mut passed = Vec::new();
            for piece in answer.as_bytes().chunks(size) {
                sieve.read(piece).unwrap();
                if sieve.is_list() {
                    passed.extend(sieve.take());
                }
            }
            passed.extend(sieve.finish());
            let passed = String::from_utf8(passed).unwrap();
            (passed, sieve.withheld(), sieve.has_withheld_alone())
        })
        .collect();
    assert!(outcomes.iter().all(|it| *it == outcomes[0]), "{outcomes:?}");
    outcomes[0].clone()
}

#[test]
fn confidential_records_leave_a_list_and_the_rest_stays_as_it_was() {
    let open = r#"{"id":"a","confidentiality":"non-confidential","t":"},{\"confidentiality\":\"confidential\""}"#;
    let bare = r#"{"id":"b", "n" : [1, {"x":null}]}"#;
    let held = r#"{"id":"h","name":"SECRET","confidentiality":"confidential"}"#;
    let early = r#"{"confidentiality" : "confidential","id":"h","more":[{"a":"SECRET"}]}"#;
    let rows: [(&[&str], &[&str]); 9] = [
        (&[open, bare], &[open, bare]),
        (&[held, open], &[open]),
        (&[open, held], &[open]),
        (&[open, held, bare], &[open, bare]),
        (&[held, early, bare], &[bare]),
        (&[bare, held, early], &[bare]),
        (&[held, open, early, bare, held], &[open, bare]),
        (&[held], &[]),
        (&[], &[]),
    ];
    for (records, kept) in rows {
        let envelope = |records: &[&str]| {
            format!(
                "{{\"data\":[{}],\"hasNext\":true,\"next\":\"[\\\"c\\\"]\"}}",
                records.join(",")
            )
        };
        let (passed, ids, is_alone) = sifted(&envelope(records));
        assert_eq!(passed, envelope(kept));
        assert_eq!(ids, vec!["h"; records.len() - kept.len()]);
        assert!(!is_alone);
    }
}

#[test]
fn a_record_that_stands_alone_leaves_its_id() {
    let (passed, ids, is_alone) =
        sifted(r#"{"data":{"id":"h","name":"SECRET","confidentiality":"confidential"}}"#);
    assert_eq!((passed.as_str(), is_alone), (r#"{"data":{"id":"h"}}"#, true));
    assert_eq!(ids, ["h"]);
    let without_id = sifted(r#"{"data":{"name":"SECRET","confidentiality":"confidential"}}"#);
    assert_eq!(without_id, (r#"{"data":{"id":null}}"#.to_owned(), vec![], true));
    let unwrapped = sifted(r#"{"id":"h","confidentiality":"confidential","name":"SECRET"}"#);
    assert_eq!(unwrapped, (r#"{"id":"h"}"#.to_owned(), vec!["h".to_owned()], true));
}

#[test]
fn what_an_expansion_shows_becomes_an_id_again() {
    let held = r#"{"id":"p","text":"SECRET","confidentiality":"confidential"}"#;
    let open = r#"{"id":"q","confidentiality":"non-confidential"}"#;
    let rows = [
        (
            format!(r#"{{"data":{{"id":"a","posting":{held},"x":1}}}}"#),
            r#"{"data":{"id":"a","posting":"p","x":1}}"#.to_owned(),
        ),
        (
            format!(r#"{{"data":[{{"id":"a","posting":{held}}},{open}]}}"#),
            format!(r#"{{"data":[{{"id":"a","posting":"p"}},{open}]}}"#),
        ),
        (
            format!(r#"{{"data":[{{"id":"a","postings":[{open},{held}],"data":{held}}}]}}"#),
            format!(r#"{{"data":[{{"id":"a","postings":[{open}],"data":"p"}}]}}"#),
        ),
        (
            format!(r#"{{"data":[{{"title":"Team","postings":[{held},{open}]}}]}}"#),
            format!(r#"{{"data":[{{"title":"Team","postings":[{open}]}}]}}"#),
        ),
    ];
    for (answer, expected) in rows {
        let (passed, ids, is_alone) = sifted(&answer);
        assert_eq!(passed, expected);
        assert!(!is_alone && ids.iter().all(|id| id == "p"), "{ids:?}");
    }
}

#[test]
fn only_what_is_said_to_be_open_passes_and_what_says_nothing() {
    let rows = [
        (r#""non-confidential""#, true),
        (r#""non\u002dconfidential""#, true),
        ("null", true),
        (" null ", true),
        (r#""confidential""#, false),
        (r#""conf\u0069dential""#, false),
        (r#""Non-Confidential""#, false),
        (r#""restricted""#, false),
        (r#""""#, false),
        ("true", false),
        ("0", false),
        ("{}", false),
        ("[]", false),
    ];
    for (value, passes) in rows {
        for key in ["confidentiality", "confidentialit\\u0079"] {
            let answer = format!(r#"{{"data":[{{"id":"a","{key}":{value}}}]}}"#);
            let (passed, _, _) = sifted(&answer);
            assert_eq!(passed == answer, passes, "{answer} became {passed}");
        }
    }
    // Twice, and further in, where it is another record's.
    let twice =
        r#"{"data":[{"confidentiality":"confidential","confidentiality":"non-confidential"}]}"#;
    assert_eq!(sifted(twice).0, r#"{"data":[]}"#);
    let text =
        r#"{"data":[{"name":"confidentiality","x":"confidential","y":{"z":"confidentiality"}}]}"#;
    assert_eq!(sifted(text).0, text);
}

#[test]
fn what_is_no_json_of_records_passes_as_it_is() {
    for answer in [
        "",
        " ",
        "%PDF {\"confidentiality\":\"confidential\"}",
        "<html>",
        "\u{feff}{\"data\":[]}",
        "{\"code\":\"ResourceNotFound\",\"message\":\"x\"}",
        "[1,\"a\",[],{}]",
        "{\"data\":[1 , 2,\"x\" ,null,[3],{} ]}",
        "{\"data\":\"}\\\\\"}",
        "{\"data\":[{\"id\":\"a\"",
    ] {
        assert_eq!(sifted(answer).0, answer);
    }
}

#[test]
fn random_answers_lose_what_a_decoder_would_take_out_and_nothing_else() {
    fn without(value: &Value) -> Option<Value> {
        let is_held = |value: &Value| value.get(FIELD).is_some_and(|it| it == "confidential");
        Some(match value {
            Value::Object(object) if is_held(value) => object.get("id")?.clone(),
            Value::Object(object) => object
                .iter()
                .map(|(key, it)| (key.clone(), without(it).unwrap_or_default()))
                .collect(),
            Value::Array(items) => {
                items.iter().filter(|it| !is_held(it)).filter_map(without).collect()
            }
            other => other.clone(),
        })
    }
    let mut state = 7_u64;
    let mut random = move |most: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    fn value(random: &mut impl FnMut(u64) -> u64, depth: u64) -> Value {
        match random(if depth > 3 { 3 } else { 6 }) {
            0 => json!(random(1000)),
            1 => json!("\"},]{[\\ non-confidential"),
            2 => Value::Null,
            3 => (0..random(4)).map(|_| value(random, depth + 1)).collect(),
            _ => {
                let mut object =
                    json!({ "id": format!("r{}", random(100)), "a": value(random, depth + 1) });
                match random(3) {
                    0 => object[FIELD] = "confidential".into(),
                    1 => object[FIELD] = OPEN.into(),
                    _ => {}
                }
                object["z"] = value(random, depth + 1);
                object
            }
        }
    }
    for _ in 0..500 {
        let data: Vec<Value> = (0..random(6)).map(|_| value(&mut random, 0)).collect();
        let answer = json!({ "data": data, "hasNext": false });
        let (passed, _, _) = sifted(&answer.to_string());
        let passed: Value = serde_json::from_str(&passed).unwrap();
        assert_eq!(Some(passed), without(&answer), "{answer}");
    }
}

#[test]
fn an_answer_without_measure_is_not_followed() {
    let deep = format!(
        "{{\"data\":[{{\"id\":\"a\",\"x\":{}{{\"confidentiality\":\"confidential\",\"a\":[1,{{}}]}},2{}}},{{}}]}}",
        "[".repeat(5000),
        "]".repeat(5000)
    );
    assert_eq!(sifted(&deep).0, deep);
    let held = deep.replace("\"id\":\"a\"", "\"confidentiality\":\"confidential\"");
    assert_eq!(sifted(&held).0, "{\"data\":[{}]}");
    let mut sieve = Sieve::default();
    sieve.read(b"{\"data\":[{\"a\":\"").unwrap();
    let large = vec![b'x'; LARGEST];
    assert_eq!(sieve.read(&large), Err(Unwieldy));
}
