//! Filled feedback forms: what is sent is checked against the template, or
//! against the form as it is.

use serde_json::{Value, json};

use crate::bindings::exports::ats::lever::feedback::{Feedback, FeedbackChange, NewFeedback};
use crate::bindings::exports::ats::lever::feedback_templates::FeedbackTemplate;
use crate::bindings::exports::ats::lever::form_fields::{FieldValue, FormField};
use crate::core::client::Client;
use crate::core::error::{Error, listed, shown};
use crate::core::json::record::lenient;
use crate::core::read::replace::{Object, unwritable};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::resources::answers;
use crate::routes::{feedback as route, feedback_templates as templates};

/// Adds a filled form.
///
/// # Errors
///
/// Answers that do not fit the template, or whatever kept the form from
/// being written.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    feedback: NewFeedback,
    perform_as: Option<String>,
) -> Result<Feedback, Error> {
    let query = lever.in_name_of(perform_as)?;
    rules::check(&[
        ("panel", Rule::IfGiven(&feedback.panel)),
        ("interview", Rule::IfGiven(&feedback.interview)),
    ])?;
    if feedback.panel.is_some() != feedback.interview.is_some() {
        return Err(Error::invalid("panel and interview go together. Give both, or neither."));
    }
    route::CREATE.request(&[opportunity])?;
    let template: FeedbackTemplate =
        lever.answered(templates::GET.request(&[&feedback.base_template_id])?)?;
    let mut body = Object::new();
    let mut set = |name: &str, value: Option<Value>| {
        body.extend(value.map(|value| (name.to_owned(), value)));
    };
    set("fieldValues", Some(created(&template.fields, &feedback.field_values)?));
    set("baseTemplateId", Some(feedback.base_template_id.into()));
    set("panel", feedback.panel.map(Value::from));
    set("interview", feedback.interview.map(Value::from));
    set("createdAt", feedback.created_at.map(Value::from));
    set("completedAt", feedback.completed_at.map(Value::from));
    lever.change(&route::CREATE, &[opportunity], query, &body)
}

/// Changes answers of a form.
///
/// # Errors
///
/// Answers that do not fit the form, or whatever kept it from being
/// changed; with the outcome `applied`, what kept it from being read again.
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    opportunity: &str,
    feedback: &str,
    change: FeedbackChange,
    perform_as: Option<String>,
) -> Result<Feedback, Error> {
    let query = lever.in_name_of(perform_as)?;
    if change.field_values.is_empty() && change.completed_at.is_none() {
        return Err(Error::invalid(
            "change mentions nothing, so nothing would change. Give field-values or completed-at.",
        ));
    }
    let ids = [opportunity, feedback];
    let form = lever.object(&route::GET, &ids)?;
    let mut body = Object::new();
    body.insert("fieldValues".to_owned(), changed(&form, &change.field_values)?);
    let there = form.get("completedAt").filter(|time| !time.is_null());
    let completed_at = change.completed_at.map(Value::from).or_else(|| there.cloned());
    body.extend(completed_at.map(|time| ("completedAt".to_owned(), time)));
    lever.change_then_read(&route::UPDATE, &ids, query, &body, &route::GET)
}

/// The answers of a new form, in the template's order.
fn created(fields: &[FormField], given: &[FieldValue]) -> Result<Value, Error> {
    known(fields, given)?;
    let mut values = Vec::new();
    for field in fields {
        let own = answer(field, given);
        let value = answers::value(field, own)?;
        if own.is_some() {
            values.push(json!({ "id": field.id, "value": value }));
        }
    }
    Ok(Value::from(values))
}

/// All answers of a form, those given in place of those there are, which go back
/// as they came.
fn changed(form: &Object, given: &[FieldValue]) -> Result<Value, Error> {
    let there = form.get("fields").and_then(Value::as_array).ok_or_else(|| unwritable("fields"))?;
    let mut fields: Vec<FormField> = Vec::new();
    for field in there {
        let read = lenient::read::<FormField>(&field.to_string()).ok();
        let read = read.filter(|field| field.id.is_some());
        fields.push(read.ok_or_else(|| unwritable("fields"))?);
    }
    known(&fields, given)?;
    let mut values = Vec::new();
    for (field, there) in fields.iter().zip(there) {
        let there = there.get("value").filter(|value| !value.is_null());
        let value = match (answer(field, given), there) {
            (Some(given), _) => answers::value(field, Some(given))?,
            (None, Some(there)) => there.clone(),
            (None, None) => continue,
        };
        values.push(json!({ "id": field.id, "value": value }));
    }
    Ok(Value::from(values))
}

fn answer<'a>(field: &FormField, given: &'a [FieldValue]) -> Option<&'a FieldValue> {
    given.iter().find(|given| Some(&given.id) == field.id.as_ref())
}

/// Each answer is to a question that there is, and the only one to it.
fn known(fields: &[FormField], given: &[FieldValue]) -> Result<(), Error> {
    for (place, answer) in given.iter().enumerate() {
        if !fields.iter().any(|field| field.id.as_ref() == Some(&answer.id)) {
            let ids = fields.iter().filter_map(|field| field.id.as_deref());
            return Err(Error::invalid(format!(
                "field-values holds the id {}, which is not a field of this form. Its fields are {}. A template's fields get new ids whenever it is changed.",
                shown(&answer.id),
                listed(ids)
            )));
        }
        if given.iter().take(place).any(|earlier| earlier.id == answer.id) {
            return Err(Error::invalid(format!(
                "field-values holds the id {} twice. Give one answer to each field.",
                shown(&answer.id)
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::answers::tests::{field, none};

    fn form() -> Object {
        let form = json!({"id": "f", "fields": [
            {"id": "r", "type": "score-system", "required": true, "options": [{"text": "4 - Yes"}], "value": "4 - Yes"},
            {"id": "t", "type": "textarea", "required": false, "value": "old"},
            {"id": "u", "type": "yes-no", "required": false},
        ]});
        form.as_object().unwrap().clone()
    }

    fn fields() -> Vec<FormField> {
        form()["fields"].as_array().unwrap().iter().map(|one| field(&one.to_string())).collect()
    }

    fn text(id: &str, text: &str) -> FieldValue {
        FieldValue { text: Some(text.into()), ..none(id) }
    }

    #[test]
    fn a_new_form_holds_what_was_answered_in_the_templates_order() {
        let given = [text("t", "fine"), text("r", "4 - Yes")];
        assert_eq!(
            created(&fields(), &given).unwrap(),
            json!([{"id": "r", "value": "4 - Yes"}, {"id": "t", "value": "fine"}])
        );
        let error = created(&fields(), &[text("t", "fine")]).unwrap_err();
        assert!(error.message.contains("\"r\"") && error.message.contains("required"));
    }

    #[test]
    fn a_change_keeps_the_answers_that_it_does_not_mention() {
        assert_eq!(
            changed(&form(), &[text("u", "yes")]).unwrap(),
            json!([{"id": "r", "value": "4 - Yes"}, {"id": "t", "value": "old"}, {"id": "u", "value": "yes"}])
        );
        assert_eq!(
            changed(&form(), &[none("t")]).unwrap(),
            json!([{"id": "r", "value": "4 - Yes"}, {"id": "t", "value": null}])
        );
        assert!(changed(&form(), &[none("r")]).is_err(), "a required answer cannot be emptied");
    }

    #[test]
    fn an_answer_that_cannot_be_written_back_is_never_dropped() {
        let odd_rows = [json!({}), json!("x"), json!([7]), json!([{"type": "text", "value": "a"}])];
        for fields in odd_rows {
            let form = json!({"id": "f", "fields": fields}).as_object().unwrap().clone();
            let error = changed(&form, &[]).unwrap_err();
            assert!(error.message.contains("has fields in a form"), "{}", error.message);
        }
        let mut odd = form();
        odd["fields"][1]["value"] = json!({"any": [1, null]});
        odd["fields"][1]["required"] = json!(0);
        let kept = changed(&odd, &[text("u", "yes")]).unwrap();
        assert_eq!(kept[1], json!({"id": "t", "value": {"any": [1, null]}}));
    }

    #[test]
    fn an_answer_to_no_question_or_a_second_one_is_refused() {
        let error = created(&fields(), &[text("x", "a")]).unwrap_err();
        assert!(error.message.contains("\"x\"") && error.message.contains("\"r\", \"t\", \"u\""));
        let twice = [text("r", "4 - Yes"), text("r", "4 - Yes")];
        assert!(created(&fields(), &twice).unwrap_err().message.contains("twice"));
    }
}
