//! Feedback templates and users, which Lever only replaces whole.
//!
//! A template is checked by what the caller gives of it: what Lever holds already
//! goes back as it came.

use serde_json::Value;

use super::client::Client;
use super::error::{Error, ErrorKind, listed, shown};
use super::replace::{Field, Object, Replacement, id_of, mentioned, merged, object_of};
use super::request::Effect;
use super::rules::{self, Rule};
use super::scheduler::{Clock, Transport};
use crate::bindings::exports::ats::lever::feedback_templates::{
    FeedbackTemplate, FeedbackTemplateChange, NewFeedbackTemplate,
};
use crate::bindings::exports::ats::lever::form_fields::NewField;
use crate::bindings::exports::ats::lever::users::{NewUser, User, UserChange};
use crate::routes::{feedback_templates, users};

const TEMPLATE: &[Field] = &[
    Field::kept("text"),
    Field::clears("instructions"),
    Field::clears("group").read_as(id_of),
    Field::kept("fields"),
];

const USER: &[Field] = &[
    Field::kept("name"),
    Field::kept("email"),
    Field::kept("accessRole"),
    Field::clears("photo"),
    Field::clears("externalDirectoryId"),
    Field::clears("linkedContactIds"),
    Field::clears("jobTitle"),
    Field::clears("managerId"),
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

/// The access roles that Lever documents.
const ROLES: [&str; 5] =
    ["super admin", "admin", "team member", "limited team member", "interviewer"];

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// Creates a template.
    ///
    /// # Errors
    ///
    /// A template without exactly one score system, a field that lacks what its
    /// type needs, or whatever kept it from being made.
    pub fn create_template(
        &mut self,
        template: &NewFeedbackTemplate,
    ) -> Result<FeedbackTemplate, Error> {
        rules::check(&[
            ("text", Rule::Filled(&template.text)),
            ("group", Rule::IfGiven(&template.group)),
        ])?;
        check_fields(&template.fields)?;
        let body = object_of(template);
        check(&body)?;
        self.change(&feedback_templates::CREATE, &[], Vec::new(), &body)
    }

    /// Changes a template.
    ///
    /// # Errors
    ///
    /// As for [`create_template`](Self::create_template).
    pub fn update_template(
        &mut self,
        template: &str,
        change: &FeedbackTemplateChange,
    ) -> Result<FeedbackTemplate, Error> {
        let how = Replacement {
            read: &feedback_templates::GET,
            write: &feedback_templates::UPDATE,
            ids: &[template],
            query: Vec::new(),
        };
        rules::check(&[
            ("text", Rule::IfGiven(&change.text)),
            ("group", Rule::IfGiven(&change.group)),
        ])?;
        check_fields(&change.fields)?;
        let change = mentioned(change, TEMPLATE)?;
        if change.contains_key("fields") {
            check(&change)?;
        }
        self.replace(how, |current| {
            let body = merged(&current, &change, TEMPLATE)?;
            check(&body)?;
            Ok((body, Effect::Absolute))
        })
    }

    /// Creates a user.
    ///
    /// # Errors
    ///
    /// A user that Lever would refuse, or whatever kept it from being made.
    pub fn create_user(&mut self, user: &NewUser) -> Result<User, Error> {
        rules::check(&[
            ("name", Rule::Filled(&user.name)),
            ("access-role", Rule::IfGiven(&user.access_role)),
            ("manager-id", Rule::IfGiven(&user.manager_id)),
        ])?;
        check_email(Some(&user.email))?;
        let made = self.change(&users::CREATE, &[], Vec::new(), user);
        made.map_err(|error| doubting(error, user.access_role.as_deref()))
    }

    /// Changes a user.
    ///
    /// # Errors
    ///
    /// A change that Lever would refuse, or whatever kept the user from being
    /// read or changed.
    pub fn update_user(&mut self, user: &str, change: &UserChange) -> Result<User, Error> {
        let how = Replacement {
            read: &users::GET,
            write: &users::UPDATE,
            ids: &[user],
            query: Vec::new(),
        };
        rules::check(&[
            ("name", Rule::IfGiven(&change.name)),
            ("access-role", Rule::IfGiven(&change.access_role)),
            ("manager-id", Rule::IfGiven(&change.manager_id)),
            ("linked-contact-ids", Rule::Each(&change.linked_contact_ids)),
        ])?;
        check_email(change.email.as_ref())?;
        let change = mentioned(change, USER)?;
        let mut role = None;
        let changed = self.replace(how, |current| {
            let body = merged(&current, &change, USER)?;
            role = body.get("accessRole").and_then(Value::as_str).map(str::to_owned);
            Ok((body, Effect::Absolute))
        });
        changed.map_err(|error| doubting(error, role.as_deref()))
    }
}

fn check_email(email: Option<&String>) -> Result<(), Error> {
    match email {
        Some(email) if !email.contains('@') => Err(Error::invalid(
            "email is not an e-mail address. Give one such as \"name@example.com\".",
        )),
        _ => Ok(()),
    }
}

/// Says of a refusal that the role may be why. Lever shows the id of a custom
/// role and documents only these for writing.
fn doubting(error: Error, role: Option<&str>) -> Error {
    match role {
        Some(role) if error.kind == ErrorKind::Rejected && !ROLES.contains(&role) => {
            error.adding(&format!(
                "The access role {} is the id of a custom role, if anything, which Lever may refuse: it documents {}. Give one of these, or make the change in the product.",
                shown(role),
                listed(ROLES)
            ))
        }
        _ => error,
    }
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
        use crate::core::record;
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

    #[test]
    fn a_refused_change_of_a_custom_role_says_that_the_role_may_be_why() {
        let refused = |kind| Error::new(kind, "Lever answered 400.");
        let told = |kind, role| doubting(refused(kind), role).message;
        let role = "7e0f3c1a-role";
        assert!(told(ErrorKind::Rejected, Some(role)).contains("\"7e0f3c1a-role\" is the id"));
        for (kind, role) in [
            (ErrorKind::Rejected, Some("team member")),
            (ErrorKind::Rejected, None),
            (ErrorKind::Forbidden, Some(role)),
        ] {
            assert_eq!(told(kind, role), "Lever answered 400.");
        }
    }

    #[test]
    fn a_user_keeps_what_is_not_mentioned() {
        let user = json!({
            "id": "u", "name": "Mira", "username": "mira", "email": "m@x", "accessRole": "admin",
            "photo": null, "createdAt": 1, "deactivatedAt": null, "externalDirectoryId": "HL-1",
            "linkedContactIds": ["c"], "jobTitle": "Head", "managerId": null,
        });
        let change = json!({ "jobTitle": "Lead", "clear": ["linkedContactIds"] });
        let body = merged(user.as_object().unwrap(), &change, USER).unwrap();
        let expected = json!({
            "name": "Mira", "email": "m@x", "accessRole": "admin", "externalDirectoryId": "HL-1",
            "jobTitle": "Lead",
        });
        assert_eq!(Value::Object(body), expected);
    }
}
