//! The people who work in the account, whose records Lever only replaces whole.

use serde_json::Value;

use crate::bindings::exports::ats::lever::users::{NewUser, User, UserChange};
use crate::core::client::Client;
use crate::core::error::{Error, ErrorKind, listed, shown};
use crate::core::http::request::Effect;
use crate::core::read::replace::{Field, Replacement, mentioned, merged};
use crate::core::rules::{self, Rule};
use crate::core::send::scheduler::{Clock, Transport};
use crate::routes::users as route;

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

/// The access roles that Lever documents.
const ROLES: [&str; 5] =
    ["super admin", "admin", "team member", "limited team member", "interviewer"];

/// Creates a user.
///
/// # Errors
///
/// A user that Lever would refuse, or whatever kept it from being made.
pub fn create<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    user: NewUser,
) -> Result<User, Error> {
    rules::check(&[
        ("name", Rule::Filled(&user.name)),
        ("access-role", Rule::IfGiven(&user.access_role)),
        ("manager-id", Rule::IfGiven(&user.manager_id)),
        ("email", Rule::Email(Some(&user.email))),
    ])?;
    let made = lever.change(&route::CREATE, &[], Vec::new(), &user);
    made.map_err(|error| doubting(error, user.access_role.as_deref()))
}

/// Changes a user.
///
/// # Errors
///
/// A change that Lever would refuse, or whatever kept the user from being
/// read or changed.
pub fn update<T: Transport, C: Clock>(
    lever: &mut Client<'_, T, C>,
    user: &str,
    change: UserChange,
) -> Result<User, Error> {
    let how =
        Replacement { read: &route::GET, write: &route::UPDATE, ids: &[user], query: Vec::new() };
    rules::check(&[
        ("name", Rule::IfGiven(&change.name)),
        ("access-role", Rule::IfGiven(&change.access_role)),
        ("manager-id", Rule::IfGiven(&change.manager_id)),
        ("linked-contact-ids", Rule::Each(&change.linked_contact_ids)),
        ("email", Rule::Email(change.email.as_deref())),
    ])?;
    let change = mentioned(&change, USER)?;
    let mut role = None;
    let changed = lever.replace(how, |current| {
        let body = merged(&current, &change, USER)?;
        role = body.get("accessRole").and_then(Value::as_str).map(str::to_owned);
        Ok((body, Effect::Absolute))
    });
    changed.map_err(|error| doubting(error, role.as_deref()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
