//! Users: reading, creating, replacing, deactivating and reactivating.
//!
//! A change replaces the whole user: what it leaves out is reset.

use serde_json::{Value, json};

use crate::account::records::{canonical_email, text};
use crate::account::seed::{DAY, Seeding, ascii};
use crate::account::state::State;
use crate::endpoints::common::resource::Actor::Unused;
use crate::endpoints::common::resource::{Names, ONE, Resource, read, write};
use crate::http::body::Fields;
use crate::http::call::Call;
use crate::http::page;
use crate::http::payload::Takes::{Json, Nothing};
use crate::http::reply::{Failure, Reply};

const SCOPE: Names = &["users"];

pub(crate) const RESOURCE: Resource = Resource {
    kind: "users",
    rows: &[
        read(SCOPE, "/users", QUERY, &[], list),
        read(SCOPE, "/users/:user", ONE, &[], get),
        write("POST", SCOPE, "/users", Unused, &[], Json(CREATE), create),
        write("PUT", SCOPE, "/users/:user", Unused, &[], Json(CHANGE), update),
        write("POST", SCOPE, "/users/:user/deactivate", Unused, &[], Nothing, deactivate),
        write("POST", SCOPE, "/users/:user/reactivate", Unused, &[], Nothing, reactivate),
    ],
    records: Some(|state| state.users.clone()),
    seed: Some(seed),
};

/// The query of the list.
const QUERY: &[&str] = &[
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
const CREATE: &[&str] =
    &["name", "email", "accessRole", "externalDirectoryId", "jobTitle", "managerId"];

/// What the body of a change may hold.
const CHANGE: &[&str] = &[
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

fn list(state: &mut State, call: &Call) -> Result<Reply, Failure> {
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
    let rows = rows.map(|user| (page::by_creation(user), call.select(user.clone())));
    let page = page::cut(call, rows.collect())?;
    Ok(Reply::List { data: page.rows, next: page.next })
}

fn active<'s>(state: &'s State, call: &Call) -> Result<&'s Value, Failure> {
    state.user(call.id(0)).filter(|user| is_active(user)).ok_or(Failure::NoRecord("User"))
}

fn get(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    Ok(Reply::Data(200, call.select(active(state, call)?.clone())))
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

fn create(state: &mut State, call: &Call) -> Result<Reply, Failure> {
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
    Ok(Reply::Data(201, user))
}

/// Replaces the user of this id.
fn replace(state: &mut State, id: &str, user: &Value) {
    if let Some(slot) = state.users.iter_mut().find(|slot| text(slot, "id") == id) {
        *slot = user.clone();
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

fn update(state: &mut State, call: &Call) -> Result<Reply, Failure> {
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
    Ok(Reply::Data(200, user))
}

/// Sets when the user was deactivated; the first time stays.
fn set_deactivated(state: &mut State, call: &Call, at: Value) -> Result<Reply, Failure> {
    let mut user = state.user(call.id(0)).ok_or(Failure::NoRecord("User"))?.clone();
    let is_active = is_active(&user);
    if let (true, Some(field)) = (is_active != at.is_null(), user.get_mut("deactivatedAt")) {
        *field = at;
    }
    replace(state, call.id(0), &user);
    Ok(Reply::Data(200, user))
}

fn deactivate(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    set_deactivated(state, call, json!(call.now))
}

fn reactivate(state: &mut State, call: &Call) -> Result<Reply, Failure> {
    set_deactivated(state, call, Value::Null)
}

/// Users: name, role (`*`: a custom role's id), job title, deactivated.
const USERS: [(&str, &str, &str, bool); 18] = [
    ("Mira Okafor", "super admin", "Head of Talent", false),
    ("Jonas Lindqvist", "team member", "Engineering Manager", false),
    ("Petra Novak", "interviewer", "", false),
    ("Sam Adeyemi", "limited team member", "Recruiting Coordinator", true),
    ("Yuki Tanabe", "admin", "Recruiter", false),
    ("Lucía Ferrer", "admin", "Recruiter", false),
    ("Oluwaseun Bello", "team member", "Sales Director", false),
    ("Anneke de Vries", "limited team member", "Sourcer", false),
    ("Łukasz Wrona", "interviewer", "Staff Engineer", false),
    ("Priya Raman", "interviewer", "Product Designer", false),
    ("Chen Jiahao", "interviewer", "", false),
    ("Noor Haddad", "team member", "Finance Lead", false),
    ("Elif Aydın", "*", "Executive Assistant", false),
    ("Tomás Rivas", "interviewer", "Data Engineer", true),
    ("Grace Whitfield", "super admin", "People Operations", false),
    ("Dmitri Sokolov", "interviewer", "Support Lead", false),
    ("Aoife Brennan", "*", "Agency Partner", false),
    ("Hana Kovács", "limited team member", "", true),
];

fn seed(state: &mut State, &Seeding { epoch, .. }: &Seeding) {
    let random = &mut state.random;
    let custom_role = random.uuid();
    let mut users: Vec<Value> = Vec::new();
    for (n, (name, role, title, is_deactivated)) in (0..).zip(USERS) {
        let username = ascii(name);
        // Three years of joining, with milliseconds as real ones have them.
        let created_at = epoch - (1100 - 50 * n) * DAY + random.below(1000);
        let manager = users.first().filter(|_| n % 3 == 1).map(|user| text(user, "id"));
        users.push(json!({
            "id": random.uuid(),
            "name": name,
            "username": username,
            "email": format!("{username}@harborlight.example"),
            "accessRole": if role == "*" { custom_role.as_str() } else { role },
            "photo": (n % 4 == 0).then(|| format!("https://gravatar.com/avatar/{:016x}?s=26&d=404", random.bits())),
            "createdAt": created_at,
            "deactivatedAt": is_deactivated.then(|| epoch - (n + 1) * DAY),
            "externalDirectoryId": (n % 3 != 2).then(|| format!("HL-{}", 1000 + 7 * n)),
            "linkedContactIds": (n % 5 == 0).then(|| [random.uuid()]),
            "jobTitle": Some(title).filter(|title| !title.is_empty()),
            "managerId": manager,
        }));
    }
    state.users = users;
}
