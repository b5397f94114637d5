//! Users: reading, creating, replacing, and taking them out of service.
//!
//! A change replaces the whole user: what it leaves out is reset.

use serde_json::{Value, json};

use crate::account::state::{State, text};
use crate::endpoints::opportunities::filter::canonical_email;
use crate::endpoints::opportunities::select;
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page;
use crate::http::reply::{Answer, Failure};

/// The query of the list.
pub(crate) const QUERY: &[&str] = &[
    "limit",
    "offset",
    "include",
    "email",
    "accessRole",
    "accessRole[]",
    "includeDeactivated",
    "external_directory_id",
];

/// What the body of a creation may hold.
pub(crate) const CREATE: &[&str] =
    &["name", "email", "accessRole", "externalDirectoryId", "jobTitle", "managerId"];

/// What the body of a change may hold.
pub(crate) const CHANGE: &[&str] = &[
    "name",
    "email",
    "accessRole",
    "externalDirectoryId",
    "jobTitle",
    "managerId",
    "photo",
    "linkedContactIds",
];

/// The roles every account has.
const ROLES: [&str; 5] =
    ["super admin", "admin", "team member", "limited team member", "interviewer"];

fn is_active(user: &Value) -> bool {
    user.get("deactivatedAt").is_none_or(Value::is_null)
}

pub(crate) fn list(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let emails: Vec<_> = call.all("email").into_iter().map(canonical_email).collect();
    let roles = call.all("accessRole");
    let directory_ids = call.all("external_directory_id");
    let with_deactivated = call.flag("includeDeactivated")?.unwrap_or(false);
    let rows = state.users.iter().filter(|user| {
        (with_deactivated || is_active(user))
            && (emails.is_empty() || emails.contains(&canonical_email(text(user, "email"))))
            && (roles.is_empty() || roles.contains(&text(user, "accessRole")))
            && (directory_ids.is_empty()
                || directory_ids.contains(&text(user, "externalDirectoryId")))
    });
    let rows = rows.map(|user| (page::by_creation(user), select(user.clone(), call)));
    let page = page::cut(&state.issued, call, rows.collect())?;
    Ok(Answer::List { data: page.rows, next: page.next })
}

fn active<'s>(state: &'s State, call: &Call) -> Result<&'s Value, Failure> {
    state.user(call.id(0)).filter(|user| is_active(user)).ok_or(Failure::NoRecord("User"))
}

pub(crate) fn get(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    Ok(Answer::Data(200, select(active(state, call)?.clone(), call)))
}

/// The e-mail address, which no other user may have.
fn email<'b>(state: &State, body: &Fields<'b>, own: Option<&str>) -> Result<&'b str, Failure> {
    let email = body.need_filled("email")?;
    let wanted = canonical_email(email);
    let is_other = |user: &Value| own != Some(text(user, "id"));
    let mut others = state.users.iter().filter(|user| is_other(user));
    if !email.contains('@') {
        return Err(body.refuse("email", "Must be an email address."));
    }
    match others.any(|user| canonical_email(text(user, "email")) == wanted) {
        true => Err(body.refuse("email", "A user already exists with that email address.")),
        false => Ok(email),
    }
}

/// One of the roles every account has, or one of its own that is in use.
fn role<'b>(state: &State, body: &Fields<'b>) -> Result<Option<&'b str>, Failure> {
    match body.text("accessRole")? {
        Some(role)
            if !ROLES.contains(&role)
                && !state.users.iter().any(|user| text(user, "accessRole") == role) =>
        {
            Err(body.refuse("accessRole", "Access role was not found."))
        }
        role => Ok(role),
    }
}

pub(crate) fn create(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let body = call.body()?;
    let name = body.need_filled("name")?;
    let email = email(state, &body, None)?;
    let user = json!({
        "id": state.random.uuid(),
        "name": name,
        "username": email.split('@').next(),
        "email": email,
        "accessRole": role(state, &body)?.unwrap_or("interviewer"),
        "photo": null,
        "createdAt": call.now,
        "deactivatedAt": null,
        "externalDirectoryId": body.text("externalDirectoryId")?,
        "linkedContactIds": null,
        "jobTitle": body.text("jobTitle")?,
        "managerId": body.id_of("managerId", "User", |id| state.user(id).is_some())?,
    });
    state.users.push(user.clone());
    Ok(Answer::Data(201, user))
}

/// Puts the user in the place of the one with this id.
fn replace(state: &mut State, id: &str, user: &Value) {
    if let Some(place) = state.users.iter_mut().find(|place| text(place, "id") == id) {
        *place = user.clone();
    }
}

/// A user without rights to see profiles follows none.
fn unfollow(state: &mut State, id: &str, now: u64) {
    for row in
        state.opportunities.values_mut().filter(|row| row.followers.iter().any(|it| it == id))
    {
        row.followers.retain(|follower| follower != id);
        row.updated_at = Some(now);
    }
}

pub(crate) fn update(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    let mut user = active(state, call)?.clone();
    let id = text(&user, "id").to_owned();
    let body = call.body()?;
    let name = body.need_filled("name")?;
    let email = email(state, &body, Some(&id))?;
    let role = role(state, &body)?;
    let role = role.ok_or_else(|| Failure::missing(body.pointer("accessRole")))?;
    let contacts = body.texts("linkedContactIds")?;
    if contacts.iter().flatten().any(|id| !state.contacts.contains_key(id)) {
        return Err(body.refuse("linkedContactIds", "Contact was not found."));
    }
    let is_lowered = role == "interviewer" && text(&user, "accessRole") != "interviewer";
    let fields = [
        ("name", json!(name)),
        ("email", json!(email)),
        ("accessRole", json!(role)),
        ("externalDirectoryId", json!(body.text("externalDirectoryId")?)),
        ("jobTitle", json!(body.text("jobTitle")?)),
        ("managerId", json!(body.id_of("managerId", "User", |id| state.user(id).is_some())?)),
        ("photo", json!(body.text("photo")?)),
        ("linkedContactIds", json!(contacts)),
    ];
    if let Some(map) = user.as_object_mut() {
        map.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    }
    replace(state, &id, &user);
    if is_lowered {
        unfollow(state, &id, call.now);
    }
    Ok(Answer::Data(200, user))
}

/// Sets when the user was taken out of service; the first time stays.
fn set_deactivated(state: &mut State, call: &Call, at: Value) -> Result<Answer, Failure> {
    let mut user = state.user(call.id(0)).ok_or(Failure::NoRecord("User"))?.clone();
    let is_active = is_active(&user);
    if let (true, Some(place)) = (is_active != at.is_null(), user.get_mut("deactivatedAt")) {
        *place = at;
    }
    replace(state, call.id(0), &user);
    Ok(Answer::Data(200, user))
}

pub(crate) fn deactivate(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    set_deactivated(state, call, json!(call.now))
}

pub(crate) fn reactivate(state: &mut State, call: &Call) -> Result<Answer, Failure> {
    set_deactivated(state, call, Value::Null)
}
