//! Answers to the questions of a form, checked against them before anything is
//! sent, and written as each type of question demands.
//!
//! Errors name the question and the rule; never the answer, which is a
//! person's.

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::form_fields::{FieldValue, FormField, ScoreValue};
use crate::core::error::{Error, listed, named, shown};
use crate::core::json::record::number;

/// The JSON of an answer; null where there is none.
///
/// # Errors
///
/// An answer of another type than the question's, outside its options or
/// bounds, or none where one is required.
pub fn value(field: &FormField, given: Option<&FieldValue>) -> Result<Value, Error> {
    let kind = field.type_.as_deref().unwrap_or_default();
    let value = match given {
        Some(given) => written(field, kind, given)?,
        None => None,
    };
    match value {
        Some(value) => Ok(value),
        None if field.required == Some(true) => Err(refused(field, "is required. Answer it.")),
        None if kind == "multiple-select" => Ok(json!([])),
        None => Ok(Value::Null),
    }
}

/// An error about one question.
fn refused(field: &FormField, rule: &str) -> Error {
    let id = shown(field.id.as_deref().unwrap_or_default());
    let kind = named(field.type_.as_deref().unwrap_or("no type"));
    Error::invalid(format!("the field {id} ({kind}) {rule}"))
}

/// The parts of an answer that are given.
fn parts(given: &FieldValue) -> Vec<&'static str> {
    let parts = [
        ("text", given.text.is_some()),
        ("number", given.number.is_some()),
        ("date", given.date.is_some()),
        ("choices", !given.choices.is_empty()),
        ("scores", !given.scores.is_empty()),
        ("file", given.file.is_some()),
    ];
    parts.into_iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
}

fn written(field: &FormField, kind: &str, given: &FieldValue) -> Result<Option<Value>, Error> {
    let wanted = match kind {
        "currency" | "score" => "number",
        "date" => "date",
        "multiple-select" => "choices",
        "scorecard" => "scores",
        "file-upload" if given.file.is_some() => "file",
        // A type that Lever has added since is answered in text.
        _ => "text",
    };
    match parts(given).as_slice() {
        [] => return Ok(None),
        [part] if *part == wanted => {}
        other => {
            let rule = format!("is answered by `{wanted}` alone, not by `{}`.", other.join("`, `"));
            return Err(refused(field, &rule));
        }
    }
    let text = given.text.as_deref().unwrap_or_default();
    Ok(Some(match (kind, given.number, given.date) {
        ("dropdown" | "multiple-choice" | "score-system", ..) => {
            one_of(field, text)?;
            Value::from(text)
        }
        ("yes-no", ..) => match text {
            "yes" | "no" => Value::from(text),
            _ => return Err(refused(field, "is answered by `yes` or `no`.")),
        },
        ("score", Some(score), _) => match (1_u32..=4).find(|whole| f64::from(*whole) == score) {
            Some(score) => Value::from(score),
            None => return Err(refused(field, "is answered by a whole number from 1 to 4.")),
        },
        (_, Some(real), _) => match number(real) {
            Value::Null => return Err(refused(field, "is answered by a number.")),
            number => number,
        },
        (.., Some(date)) => Value::from(date),
        ("multiple-select", ..) => {
            for choice in &given.choices {
                one_of(field, choice)?;
            }
            Value::from(given.choices.clone())
        }
        ("scorecard", ..) => scores(field, &given.scores)?,
        // The caller puts the file's address here.
        _ if given.file.is_some() => Value::from(""),
        _ => Value::from(text),
    }))
}

fn one_of(field: &FormField, text: &str) -> Result<(), Error> {
    let mut options = field.options.iter().filter_map(|option| option.text.as_deref());
    if field.options.is_empty() || options.any(|option| option == text) {
        return Ok(());
    }
    let options = listed(field.options.iter().filter_map(|option| option.text.as_deref()));
    Err(refused(field, &format!("is answered by the text of an option: {options}.")))
}

fn scores(field: &FormField, given: &[ScoreValue]) -> Result<Value, Error> {
    if given.len() != field.scores.len() {
        let rule = format!(
            "has {} rows and {} scores. Give one for each row, in their order.",
            field.scores.len(),
            given.len()
        );
        return Err(refused(field, &rule));
    }
    let row = |score: &ScoreValue| match score.score {
        Some(number) if !(1..=4).contains(&number) => {
            Err(refused(field, "is scored by whole numbers from 1 to 4."))
        }
        number => Ok(json!({
            "score": number,
            "comment": score.comment.as_deref().unwrap_or_default(),
        })),
    };
    given.iter().map(row).collect()
}

#[cfg(test)]
#[allow(missing_docs)]
pub mod tests {
    use super::*;
    use crate::bindings::exports::ats::lever::types::NewFile;
    use crate::core::json::record;

    /// A question, from JSON as Lever writes it.
    pub fn field(json: &str) -> FormField {
        record::read(json.as_bytes()).unwrap()
    }

    /// No answer to the question of this id.
    pub fn none(id: &str) -> FieldValue {
        FieldValue {
            id: id.into(),
            text: None,
            number: None,
            date: None,
            choices: vec![],
            scores: vec![],
            file: None,
        }
    }

    fn text(text: &str) -> FieldValue {
        FieldValue { text: Some(text.into()), ..none("q") }
    }
    fn real(number: f64) -> FieldValue {
        FieldValue { number: Some(number), ..none("q") }
    }
    fn choices(choices: &[&str]) -> FieldValue {
        FieldValue { choices: choices.iter().map(ToString::to_string).collect(), ..none("q") }
    }
    fn scored(scores: &[u32]) -> FieldValue {
        let row = |score: &u32| ScoreValue { score: Some(*score), comment: Some("c".into()) };
        FieldValue { scores: scores.iter().map(row).collect(), ..none("q") }
    }

    const OPTIONS: &str = r#","options":[{"text":"a"},{"text":"b"}]"#;

    fn of(kind: &str, more: &str) -> FormField {
        field(&format!(r#"{{"id":"q","type":"{kind}","required":false{more}}}"#))
    }

    #[test]
    fn each_of_the_fifteen_types_takes_its_own_answer() {
        let file = NewFile { name: "a".into(), content_type: None, content: vec![1] };
        let rows = [
            ("code", "", text("x"), json!("x")),
            ("currency", "", real(50000.0), json!(50000)),
            ("currency", "", real(27.5), json!(27.5)),
            ("date", "", FieldValue { date: Some(5), ..none("q") }, json!(5)),
            ("dropdown", OPTIONS, text("a"), json!("a")),
            ("file-upload", "", FieldValue { file: Some(file), ..none("q") }, json!("")),
            ("file-upload", "", text("https://x/uploads/1"), json!("https://x/uploads/1")),
            ("multiple-choice", OPTIONS, text("b"), json!("b")),
            ("multiple-select", OPTIONS, choices(&["b", "a"]), json!(["b", "a"])),
            ("note", "", text("x"), json!("x")),
            ("score-system", OPTIONS, text("a"), json!("a")),
            ("score", "", real(4.0), json!(4)),
            (
                "scorecard",
                r#","scores":[{"text":"r"},{"text":"s"}]"#,
                scored(&[1, 4]),
                json!([{"score": 1, "comment": "c"}, {"score": 4, "comment": "c"}]),
            ),
            ("text", "", text("x"), json!("x")),
            ("textarea", "", text("x"), json!("x")),
            ("university", "", text("x"), json!("x")),
            ("yes-no", "", text("no"), json!("no")),
            ("one-of-the-future", "", text("x"), json!("x")),
        ];
        for (kind, more, given, expected) in rows {
            assert_eq!(value(&of(kind, more), Some(&given)).unwrap(), expected, "{kind}");
        }
    }

    #[test]
    fn what_the_question_does_not_take_is_refused_without_showing_the_answer() {
        let rows = [
            ("text", "", real(1.0), "`text` alone"),
            ("date", "", text("secret"), "`date` alone"),
            ("currency", "", text("secret"), "`number` alone"),
            ("multiple-select", OPTIONS, text("secret"), "`choices` alone"),
            ("multiple-select", OPTIONS, choices(&["a", "secret"]), "\"a\", \"b\""),
            ("dropdown", OPTIONS, text("secret"), "\"a\", \"b\""),
            ("multiple-choice", OPTIONS, text("A"), "\"a\", \"b\""),
            ("score-system", OPTIONS, text(""), "\"a\", \"b\""),
            ("yes-no", "", text("secret"), "`yes` or `no`"),
            ("score", "", real(5.0), "1 to 4"),
            ("score", "", real(2.5), "1 to 4"),
            ("score", "", real(f64::NAN), "1 to 4"),
            ("currency", "", real(f64::INFINITY), "a number"),
            ("scorecard", r#","scores":[{"text":"r"}]"#, scored(&[1, 2]), "1 rows and 2 scores"),
            ("scorecard", r#","scores":[{"text":"r"}]"#, scored(&[5]), "1 to 4"),
            ("text", "", FieldValue { number: Some(1.0), ..text("secret") }, "alone"),
        ];
        for (kind, more, given, rule) in rows {
            let error = value(&of(kind, more), Some(&given)).unwrap_err();
            assert!(error.message.contains(rule), "{kind}: {}", error.message);
            assert!(error.message.contains("\"q\""), "{kind}: {}", error.message);
            assert!(!error.message.contains("secret"), "{kind}: {}", error.message);
        }
    }

    #[test]
    fn no_answer_is_null_or_empty_unless_one_is_required() {
        assert_eq!(value(&of("text", ""), None).unwrap(), Value::Null);
        assert_eq!(value(&of("text", ""), Some(&none("q"))).unwrap(), Value::Null);
        assert_eq!(value(&of("multiple-select", OPTIONS), None).unwrap(), json!([]));
        let required = field(r#"{"id":"q","type":"text","required":true}"#);
        for given in [None, Some(none("q"))] {
            let error = value(&required, given.as_ref()).unwrap_err();
            assert!(error.message.contains("required"), "{}", error.message);
        }
    }
}
