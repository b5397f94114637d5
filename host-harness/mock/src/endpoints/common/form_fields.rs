//! The values of form fields: what each of the fifteen types takes.
//!
//! An empty field holds null, or an empty list where several options can be chosen.

use serde_json::{Value, json};

use crate::account::documents::extension;
use crate::account::records::text;
use crate::account::state::State;

/// The texts that can be chosen.
fn options(field: &Value) -> Vec<&str> {
    let options = field.get("options").and_then(Value::as_array);
    options.map(|all| all.iter().map(|it| text(it, "text")).collect()).unwrap_or_default()
}

/// Whether a value is empty.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// The value of an empty field.
pub(crate) fn empty(field: &Value) -> Value {
    if text(field, "type") == "multiple-select" { json!([]) } else { Value::Null }
}

/// Scores and comments, one for each row of the card.
fn is_scorecard(field: &Value, value: &Value) -> bool {
    let rows = field.get("scores").and_then(Value::as_array).map_or(0, Vec::len);
    let is_row = |row: &Value| {
        let score = row.get("score").unwrap_or(&Value::Null);
        let comment = row.get("comment").unwrap_or(&Value::Null);
        row.is_object()
            && (score.is_null() || is_score(score))
            && (comment.is_null() || comment.is_string())
    };
    value.as_array().is_some_and(|given| given.len() == rows && given.iter().all(is_row))
}

fn is_score(value: &Value) -> bool {
    value.as_u64().is_some_and(|score| (1..=4).contains(&score))
}

fn is_choice(field: &Value, value: &Value) -> bool {
    value.as_str().is_some_and(|choice| options(field).contains(&choice))
}

/// Several of the options, each once.
fn is_selection(field: &Value, value: &Value) -> bool {
    let Some(items) = value.as_array() else {
        return false;
    };
    let mut rest = items.as_slice();
    while let Some((first, after)) = rest.split_first() {
        if !is_choice(field, first) || after.contains(first) {
            return false;
        }
        rest = after;
    }
    true
}

/// What a field stores for a given value.
///
/// # Errors
/// What the field would take instead.
pub(crate) fn stored(
    state: &State,
    field: &Value,
    value: &Value,
    now: u64,
) -> Result<Value, &'static str> {
    let is_required = field.get("required").and_then(Value::as_bool).unwrap_or(false);
    if is_blank(value) {
        return match is_required {
            true => Err("Required field is missing."),
            false => Ok(empty(field)),
        };
    }
    let fits = |is_fitting: bool, expected| match is_fitting {
        true => Ok(value.clone()),
        false => Err(expected),
    };
    match text(field, "type") {
        "currency" => fits(value.is_number(), "Expected a number."),
        "date" => fits(value.is_u64(), "Expected a time in milliseconds."),
        "dropdown" | "multiple-choice" | "score-system" => {
            fits(is_choice(field, value), "Expected the text of one of the options.")
        }
        "multiple-select" => {
            fits(is_selection(field, value), "Expected an array of texts of the options.")
        }
        "score" => fits(is_score(value), "Must be between 1 and 4."),
        "scorecard" => fits(
            is_scorecard(field, value),
            "Expected an array of score and comment, one for each row.",
        ),
        "yes-no" => fits([json!("yes"), json!("no")].contains(value), "Must be yes or no."),
        "file-upload" => {
            let uri = value.as_str().ok_or("Expected the uri of an upload.")?;
            let upload = state.upload(uri, now)?;
            Ok(json!({
                "id": upload.id.get(..36),
                "name": upload.name,
                "ext": format!(".{}", extension(&upload.name)),
                "size": upload.bytes.len(),
                "uploadedAt": now,
            }))
        }
        // code, note, text, textarea, university
        _ => fits(value.is_string(), "Expected a string."),
    }
}

/// An example of a value of each type, for seeds.
pub(crate) fn example(kind: &str, at: u64) -> Value {
    match kind {
        "code" => json!("def longest(xs): ..."),
        "currency" => json!(50_000),
        "date" => json!(at),
        "dropdown" => json!("Advance"),
        "file-upload" => json!({
            "id": "db685eb2-c83d-42da-b2d4-ee51a7721a26",
            "ext": ".png",
            "name": "whiteboard.png",
            "size": 2048,
            "uploadedAt": at,
        }),
        "multiple-choice" => json!("cake"),
        "multiple-select" => json!(["Go", "Rust"]),
        "score" => json!(3),
        "score-system" => json!("3 - Hire"),
        "scorecard" => json!([
            {"score": 3, "comment": "Good instincts"},
            {"score": null, "comment": ""},
        ]),
        "text" => json!("Solid"),
        "textarea" => json!("Solid conversation.\nWould hire."),
        "university" => json!("Franklin W. Olin College of Engineering"),
        "yes-no" => json!("yes"),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::seed::{History, Seeding};
    use crate::endpoints;

    #[test]
    fn each_type_takes_its_values_and_no_others() {
        let state =
            endpoints::account(1, Seeding { epoch: 0, history: History::Long, opportunities: 0 });
        let chosen = json!([{"text": "a"}, {"text": "b"}]);
        let scores = json!([{"text": "x"}, {"text": "y"}]);
        let rows = [
            ("code", vec![json!("x = 1")], vec![json!(1)]),
            ("currency", vec![json!(5), json!(5.5)], vec![json!("5")]),
            ("date", vec![json!(1_767_607_200_000_u64)], vec![json!("2026-01-05"), json!(-1)]),
            ("dropdown", vec![json!("a")], vec![json!("c"), json!(["a"])]),
            ("file-upload", vec![], vec![json!("x"), json!({"id": "x"})]),
            ("multiple-choice", vec![json!("b")], vec![json!("A"), json!(0)]),
            (
                "multiple-select",
                vec![json!(["b", "a"])],
                vec![json!("a"), json!(["c"]), json!(["a", "a"])],
            ),
            ("note", vec![json!("x")], vec![json!({})]),
            ("score-system", vec![json!("a")], vec![json!("1"), json!(1)]),
            ("score", vec![json!(1), json!(4)], vec![json!(0), json!(5), json!("3"), json!(2.5)]),
            (
                "scorecard",
                vec![json!([{"score": 3, "comment": "ok"}, {"score": null}])],
                vec![json!([{"score": 3}]), json!([{"score": 9}, {"score": 1}]), json!([3, 4])],
            ),
            ("text", vec![json!("x")], vec![json!(true)]),
            ("textarea", vec![json!("x\ny")], vec![json!(["x"])]),
            ("university", vec![json!("Olin")], vec![json!(1)]),
            ("yes-no", vec![json!("yes"), json!("no")], vec![json!("Yes"), json!(true)]),
        ];
        for (kind, fitting, others) in rows {
            let field = |required| json!({"type": kind, "options": chosen, "scores": scores, "required": required});
            for value in fitting {
                assert_eq!(stored(&state, &field(true), &value, 0), Ok(value.clone()), "{kind}");
            }
            for value in others {
                assert!(stored(&state, &field(false), &value, 0).is_err(), "{kind} {value}");
            }
            for blank in [json!(null), json!(""), json!(" "), json!([])] {
                assert!(stored(&state, &field(true), &blank, 0).is_err(), "{kind} {blank}");
                let empty = empty(&field(false));
                assert_eq!(stored(&state, &field(false), &blank, 0), Ok(empty), "{kind}");
            }
        }
    }
}
