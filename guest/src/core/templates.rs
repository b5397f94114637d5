//! Feedback templates and users, which Lever only replaces whole.

use serde_json::Value;

use super::client::Client;
use super::error::Error;
use super::replace::{Field, Object, Replacement, id_of, merged, object_of};
use super::request::Effect;
use super::scheduler::{Clock, Transport};
use crate::bindings::exports::ats::lever::feedback_templates::{
    FeedbackTemplate, FeedbackTemplateChange, NewFeedbackTemplate,
};
use crate::bindings::exports::ats::lever::users::{User, UserChange};
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

impl<T: Transport, C: Clock> Client<'_, T, C> {
    /// Creates a template.
    ///
    /// # Errors
    ///
    /// A template without exactly one score system, or whatever kept it from
    /// being made.
    pub fn create_template(
        &mut self,
        template: &NewFeedbackTemplate,
    ) -> Result<FeedbackTemplate, Error> {
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
        self.replace(how, |current| {
            let body = merged(&current, change, TEMPLATE)?;
            check(&body)?;
            Ok((body, Effect::Absolute))
        })
    }

    /// Changes a user.
    ///
    /// # Errors
    ///
    /// Whatever kept the user from being read or changed.
    pub fn update_user(&mut self, user: &str, change: &UserChange) -> Result<User, Error> {
        let how = Replacement {
            read: &users::GET,
            write: &users::UPDATE,
            ids: &[user],
            query: Vec::new(),
        };
        self.replace(how, |current| Ok((merged(&current, change, USER)?, Effect::Absolute)))
    }
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
