//! Feedback templates, which Lever only replaces whole.
//!
//! A template is checked by what the caller gives of it: what Lever holds already
//! goes back as it came.

use serde_json::Value;

use crate::bindings::exports::ats::lever::feedback_templates::{
    FeedbackTemplate, FeedbackTemplateChange, NewFeedbackTemplate,
};
use crate::bindings::exports::ats::lever::form_fields::NewField;
use crate::core::client::Client;
use crate::core::error::{Error, listed, shown};
use crate::core::http::request::Effect;
use crate::core::read::replace::{Field, Object, Replacement, id_of, mentioned, merged, object_of};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::feedback_templates as route;

const TEMPLATE: &[Field] = &[
    Field::kept("text"),
    Field::clears("instructions"),
    Field::clears("group").read_as(id_of),
    Field::kept("fields"),
];

/// The types of field that a feedback template can have.
const TYPES: [&str; 11] = [
    "code",
    "date",
    "dropdown",
    "multiple-choice",
    "multiple-select",
    "score",
    "score-system",
    "scorecard",
    "text",
    "textarea",
    "yes-no",
];

/// Creates a template.
///
/// # Errors
///
/// A template without exactly one score system, a field that lacks what its
/// type needs, or whatever kept it from being made.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    feedback_template: NewFeedbackTemplate,
) -> Result<FeedbackTemplate, Error> {
    rules::check(&[
        ("text", Rule::Filled(&feedback_template.text)),
        ("group", Rule::IfGiven(&feedback_template.group)),
    ])?;
    check_fields(&feedback_template.fields)?;
    let body = object_of(&feedback_template);
    check(&body)?;
    lever.change(&route::CREATE, &[], Vec::new(), &body)
}

/// Changes a template.
///
/// # Errors
///
/// As for [`create`].
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    template: &str,
    change: FeedbackTemplateChange,
) -> Result<FeedbackTemplate, Error> {
    let how = Replacement {
        read: &route::GET,
        write: &route::UPDATE,
        ids: &[template],
        query: Vec::new(),
    };
    rules::check(&[
        ("text", Rule::IfGiven(&change.text)),
        ("group", Rule::IfGiven(&change.group)),
    ])?;
    check_fields(&change.fields)?;
    let change = mentioned(&change, TEMPLATE)?;
    if change.contains_key("fields") {
        check(&change)?;
    }
    lever.replace(how, |current| {
        let body = merged(&current, &change, TEMPLATE)?;
        check(&body)?;
        Ok((body, Effect::Absolute))
    })
}

/// What makes a field of a new or rewritten template whole.
fn check_fields(fields: &[NewField]) -> Result<(), Error> {
    for (place, field) in fields.iter().enumerate() {
        let kind = field.type_.as_str();
        if !TYPES.contains(&kind) {
            return Err(Error::invalid(format!(
                "fields[{place}].type {} is not one of {}.",
                shown(kind),
                listed(TYPES)
            )));
        }
        rules::check_in("fields", place, &[("text", Rule::Filled(&field.text))])?;
        let options = field.options.iter().map(|option| &option.text);
        let scores = field.scores.iter().map(|score| &score.text);
        let (what, count) = match kind {
            "dropdown" | "multiple-choice" | "multiple-select" => ("options", options.len()),
            "scorecard" => ("scores", scores.len()),
            _ => ("", 1),
        };
        if count == 0 {
            return Err(Error::invalid(format!(
                "fields[{place}].{what} is empty; a {kind} needs at least one."
            )));
        }
        for text in options.chain(scores) {
            let text = text.as_deref().unwrap_or_default();
            rules::check_in("fields", place, &[("options or scores: text", Rule::Filled(text))])?;
        }
    }
    Ok(())
}

fn check(template: &Object) -> Result<(), Error> {
    let fields = template.get("fields").and_then(Value::as_array).into_iter().flatten();
    let systems = fields.filter(|field| field.get("type") == Some(&Value::from("score-system")));
    match systems.count() {
        1 => Ok(()),
        count => Err(Error::invalid(format!(
            "fields holds {count} of type score-system; a feedback template has exactly one."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_has_exactly_one_score_system() {
        let template = |kinds: &[&str]| {
            let fields: Vec<Value> = kinds.iter().map(|kind| json!({ "type": kind })).collect();
            json!({ "fields": fields }).as_object().unwrap().clone()
        };
        assert!(check(&template(&["text", "score-system"])).is_ok());
        for kinds in [&["text"][..], &["score-system", "score-system"], &[]] {
            assert!(check(&template(kinds)).is_err(), "{kinds:?}");
        }
    }

    #[test]
    fn a_field_is_of_a_known_type_and_has_what_that_needs() {
        use crate::core::json::record;
        let rows = [
            (r#"{"type":"text","text":"x"}"#, ""),
            (r#"{"type":"score-system","text":"x"}"#, ""),
            (r#"{"type":"dropdown","text":"x","options":[{"text":"a"}]}"#, ""),
            (r#"{"type":"scorecard","text":"x","scores":[{"text":"a"}]}"#, ""),
            (r#"{"type":"Text","text":"x"}"#, "fields[0].type \"Text\" is not one of"),
            (r#"{"type":"file-upload","text":"x"}"#, "fields[0].type"),
            (r#"{"type":"text","text":" "}"#, "fields[0].text"),
            (r#"{"type":"dropdown","text":"x"}"#, "fields[0].options is empty; a dropdown"),
            (r#"{"type":"multiple-choice","text":"x"}"#, "fields[0].options is empty"),
            (r#"{"type":"multiple-select","text":"x"}"#, "fields[0].options is empty"),
            (r#"{"type":"scorecard","text":"x"}"#, "fields[0].scores is empty; a scorecard"),
            (
                r#"{"type":"dropdown","text":"x","options":[{}]}"#,
                "fields[0].options or scores: text is",
            ),
            (
                r#"{"type":"scorecard","text":"x","scores":[{"text":""}]}"#,
                "options or scores: text is",
            ),
        ];
        for (json, named) in rows {
            let field: NewField = record::read(json.as_bytes()).unwrap();
            match check_fields(&[field]) {
                Ok(()) => assert_eq!(named, "", "{json}"),
                Err(error) => {
                    assert!(!named.is_empty() && error.message.contains(named), "{}", error.message)
                }
            }
        }
    }
}
