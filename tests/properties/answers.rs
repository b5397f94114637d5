//! Answers to forms: what is accepted fits its question by another reading of the
//! rules, and what is refused says why without telling the answer.

use lever::bindings::exports::ats::lever::feedback::FeedbackChange;
use lever::bindings::exports::ats::lever::form_fields::{FieldValue, FormField, ScoreValue};
use lever::bindings::exports::ats::lever::types::NewFile;
use lever::core::http::request::Method;
use lever::core::json::record;
use lever::core::settings::Settings;
use lever::resources::{answers, feedback};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{config, guest, texts};
use crate::support::random::Random;

/// In every answer that is not an option's text, and in no error.
const SECRET: &str = "S3CRET";

pub const KINDS: [&str; 17] = [
    "code",
    "currency",
    "date",
    "dropdown",
    "file-upload",
    "multiple-choice",
    "multiple-select",
    "note",
    "score",
    "score-system",
    "scorecard",
    "text",
    "textarea",
    "university",
    "yes-no",
    "of-the-future",
    "\u{1b}[2J\u{202e}",
];

/// A question as Lever writes it.
pub fn question(random: &mut Random, id: &str) -> Value {
    let kind = *random.of(&KINDS);
    let mut field = json!({ "id": id, "type": kind, "text": texts::any(random) });
    if random.below(3) > 0 {
        field["required"] = json!(random.below(2) == 0);
    }
    let option = |random: &mut Random| match random.below(8) {
        0 => json!({ "optionId": "x" }),
        1 => json!({ "text": texts::hostile(random) }),
        _ => json!({ "text": random.of(&["a", "b", "c"]) }),
    };
    if random.below(2) == 0 {
        let many = *random.of(&[1, 2, 3, 30]);
        field["options"] = (0..many).map(|_| option(random)).collect();
    }
    if kind == "scorecard" || random.below(10) == 0 {
        field["scores"] =
            (0..random.below(4)).map(|_| json!({ "text": texts::any(random) })).collect();
    }
    field
}

pub fn typed(field: &Value) -> FormField {
    record::read(field.to_string().as_bytes()).expect("it is a field")
}

fn option(random: &mut Random, field: &Value) -> String {
    let options = field["options"].as_array().cloned().unwrap_or_default();
    let known = |random: &mut Random| Some(random.of(&options)["text"].as_str()?.to_owned());
    match random.below(4) {
        0 => format!("{SECRET}{}", texts::hostile(random)),
        1 => "a".to_owned(),
        _ if options.is_empty() => format!("{SECRET} one"),
        _ => known(random).unwrap_or_else(|| "b".to_owned()),
    }
}

/// An answer, mostly of the right kind.
pub fn answer(random: &mut Random, id: &str, field: &Value) -> FieldValue {
    let mut answer = FieldValue {
        id: id.to_owned(),
        text: None,
        number: None,
        date: None,
        choices: vec![],
        scores: vec![],
        file: None,
    };
    let right = match field["type"].as_str().unwrap_or_default() {
        "currency" | "score" => 1,
        "date" => 2,
        "multiple-select" => 3,
        "scorecard" => 4,
        "file-upload" => *random.of(&[0, 5]),
        _ => 0,
    };
    for _ in 0..*random.of(&[0, 1, 1, 1, 1, 2]) {
        match if random.below(8) == 0 { random.below(6) } else { right } {
            0 => {
                answer.text = Some(match field["type"].as_str() {
                    Some("yes-no") => random.of(&["yes", "no", "S3CRET", ""]).to_string(),
                    _ => option(random, field),
                })
            }
            1 => {
                answer.number = Some(*random.of(&[
                    1.0,
                    4.0,
                    5.0,
                    0.0,
                    2.5,
                    -1.0,
                    27.5,
                    1e300,
                    f64::NAN,
                    f64::INFINITY,
                    f64::MIN_POSITIVE,
                ]))
            }
            2 => answer.date = Some(random.next() >> random.below(64)),
            3 => answer.choices = (0..random.below(3)).map(|_| option(random, field)).collect(),
            4 => {
                let rows = field["scores"].as_array().map_or(0, Vec::len);
                let rows = if random.below(6) == 0 { random.below(4) } else { rows };
                answer.scores = (0..rows)
                    .map(|_| ScoreValue {
                        score: (random.below(3) > 0).then(|| {
                            if random.below(12) == 0 {
                                random.below(9) as u32
                            } else {
                                1 + random.below(4) as u32
                            }
                        }),
                        comment: (random.below(2) == 0)
                            .then(|| format!("{SECRET}{}", texts::hostile(random))),
                    })
                    .collect();
            }
            _ => {
                answer.file =
                    Some(NewFile { name: "a.pdf".into(), content_type: None, content: vec![1] })
            }
        }
    }
    answer
}

fn is_given(answer: &FieldValue) -> bool {
    answer.text.is_some()
        || answer.number.is_some()
        || answer.date.is_some()
        || !answer.choices.is_empty()
        || !answer.scores.is_empty()
        || answer.file.is_some()
}

/// Whether a value is what Lever documents for a question; `file` stands for the address of a file.
pub fn fits(field: &Value, value: &Value, file: &str) -> bool {
    let options = field["options"].as_array();
    let is_option = |text: &str| {
        options.is_none_or(|all| all.is_empty() || all.iter().any(|option| option["text"] == text))
    };
    match field["type"].as_str().unwrap_or_default() {
        "currency" => value.as_f64().is_some_and(f64::is_finite),
        "score" => value.as_u64().is_some_and(|score| (1..=4).contains(&score)),
        "date" => value.is_u64(),
        "yes-no" => value == "yes" || value == "no",
        "dropdown" | "multiple-choice" | "score-system" => value.as_str().is_some_and(is_option),
        "multiple-select" => value
            .as_array()
            .is_some_and(|all| all.iter().all(|one| one.as_str().is_some_and(is_option))),
        "scorecard" => value.as_array().is_some_and(|all| {
            all.len() == field["scores"].as_array().map_or(0, Vec::len)
                && all.iter().all(|one| {
                    let score = &one["score"];
                    (score.is_null()
                        || score.as_u64().is_some_and(|score| (1..=4).contains(&score)))
                        && one["comment"].is_string()
                })
        }),
        "file-upload" => value.is_string() || value == file,
        _ => value.is_string(),
    }
}

/// Whether a value says that there is no answer.
pub fn is_none(field: &Value, value: &Value) -> bool {
    value.is_null() || (field["type"] == "multiple-select" && *value == json!([]))
}

/// Whether an answer was accepted.
pub fn accepted(random: &mut Random) -> bool {
    let field = question(random, "q1");
    let given = (random.below(6) > 0).then(|| answer(random, "q1", &field));
    let has_answer = given.as_ref().is_some_and(is_given);
    let value = answers::value(&typed(&field), given.as_ref());
    let is_accepted = has_answer && value.is_ok();
    match value {
        Ok(value) if has_answer => {
            assert!(fits(&field, &value, ""), "{} {:?} {}", field, given, value)
        }
        Ok(value) => {
            assert!(is_none(&field, &value), "{} {}", field, value);
            assert!(field["required"] != true, "{}", field);
        }
        Err(error) => {
            texts::check(&error);
            assert!(error.message.contains("\"q1\""), "{}", error.message);
            assert!(!error.message.contains(SECRET), "{}", error.message);
            assert!(has_answer || field["required"] == true, "{}", error.message);
        }
    }
    is_accepted
}

/// Whether the form was changed.
pub fn kept(random: &mut Random) -> bool {
    let mut fields: Vec<Value> =
        (0..1 + random.below(5)).map(|n| question(random, &format!("q{n}"))).collect();
    for field in &mut fields {
        if random.below(3) > 0 {
            field["value"] = random
                .of(&[
                    json!("a"),
                    json!(["a", "b"]),
                    json!(3),
                    json!(27.5),
                    Value::Null,
                    json!(""),
                    json!([]),
                    json!([{ "score": 2, "comment": "c" }]),
                    json!({ "deep": [{ "x": "\u{202e}" }] }),
                    json!(true),
                ])
                .clone();
        }
    }
    let form = json!({ "data": { "id": "f", "fields": fields } });
    let mut given = Vec::new();
    for (n, field) in fields.iter().enumerate() {
        if random.below(3) == 0 {
            given.push(answer(random, &format!("q{n}"), field));
        }
    }
    if random.below(10) == 0 {
        given.push(answer(random, "q9", &fields[0]));
    }
    let named: Vec<String> = given.iter().map(|it| it.id.clone()).collect();
    let answered: Vec<bool> = given.iter().map(is_given).collect();
    let change = FeedbackChange { field_values: given, completed_at: None };
    let (result, sent) = guest::with(
        &Settings::default(),
        |_| guest::ok(&form),
        |client| feedback::update(client, "o", "f", change, Some("u".to_owned())),
    );
    let Some(put) = sent.iter().find(|request| request.method == Method::Put) else {
        let error = result.expect_err("nothing was written");
        texts::check(&error);
        assert!(!error.message.contains(SECRET), "{}", error.message);
        return false;
    };
    assert!(!named.contains(&"q9".to_owned()));
    let body: Value = serde_json::from_slice(&guest::body(put)).expect("it is JSON");
    let written = body["fieldValues"].as_array().expect("a list");
    for (n, field) in fields.iter().enumerate() {
        let id = format!("q{n}");
        let mut own = written.iter().filter(|it| it["id"] == id.as_str());
        let own = (own.next().map(|it| &it["value"]), own.next());
        assert_eq!(own.1, None, "{} twice", id);
        match named.iter().position(|it| *it == id) {
            Some(at) => {
                let value = own.0.expect("it is written");
                assert!(
                    if answered[at] { fits(field, value, "") } else { is_none(field, value) },
                    "{} {}",
                    field,
                    value
                );
            }
            None => assert_eq!(own.0, field.get("value").filter(|it| !it.is_null()), "{}", id),
        }
    }
    true
}

proptest! {
    #![proptest_config(config(4_000))]

    #[test]
    fn an_accepted_answer_fits_its_question(seed: u64) {
        accepted(&mut Random(seed));
    }

    #[test]
    fn a_form_keeps_the_answers_that_a_change_does_not_mention(seed: u64) {
        kept(&mut Random(seed));
    }
}
