//! Endpoints of the account, opportunities as a whole among them.

use super::Actor::{Required, Unused};
use super::Row;
use super::row::{Names, ONE, PAGE, read, write};
use crate::endpoints::deleted;
use crate::endpoints::feedback_templates as templates;
use crate::endpoints::lists;
use crate::endpoints::opportunities;
use crate::endpoints::opportunities::create as creation;
use crate::endpoints::postings;
use crate::endpoints::postings::apply;
use crate::endpoints::postings::form as questions;
use crate::endpoints::postings::write as posting_writes;
use crate::endpoints::uploads;
use crate::endpoints::users;
use crate::endpoints::webhooks;
use crate::http::payload::Takes::{Either, Form, Json, Nothing};

const OPPORTUNITIES: Names = &["opportunities"];
const POSTINGS: Names = &["postings"];
const STAGES: Names = &["stages"];
const REASONS: Names = &["archive_reasons"];
const APPLICATIONS: Names = &["applications"];
const TEMPLATES: Names = &["feedback_templates"];
const USERS: Names = &["users"];
const WEBHOOKS: Names = &["webhooks"];
/// The nearest of Lever's list of scopes, and the one other guides name.
const APPLY: Names = &["postings", "applications"];

pub(crate) const ROWS: &[Row] = &[
    read(OPPORTUNITIES, "/opportunities/deleted", deleted::QUERY, &[], deleted::opportunities),
    read(
        OPPORTUNITIES,
        "/opportunities",
        opportunities::QUERY,
        opportunities::EXPAND,
        opportunities::list,
    ),
    read(
        OPPORTUNITIES,
        "/opportunities/:opportunity",
        ONE,
        opportunities::EXPAND,
        opportunities::get,
    ),
    write(
        "POST",
        OPPORTUNITIES,
        "/opportunities",
        Required,
        creation::QUERY,
        Either(creation::KEYS),
        creation::create,
    ),
    read(TEMPLATES, "/feedback_templates", PAGE, &[], templates::list),
    read(TEMPLATES, "/feedback_templates/:template", ONE, &[], templates::get),
    write(
        "POST",
        TEMPLATES,
        "/feedback_templates",
        Unused,
        &[],
        Json(templates::KEYS),
        templates::create,
    ),
    write(
        "PUT",
        TEMPLATES,
        "/feedback_templates/:template",
        Unused,
        &[],
        Json(templates::KEYS),
        templates::update,
    ),
    write(
        "DELETE",
        TEMPLATES,
        "/feedback_templates/:template",
        Unused,
        &[],
        Nothing,
        templates::delete,
    ),
    read(APPLICATIONS, "/applications/deleted", deleted::QUERY, &[], deleted::applications),
    write("POST", &["uploads"], "/uploads", Unused, &[], Form(&["file"]), uploads::create),
    read(STAGES, "/stages", PAGE, &[], lists::stages),
    read(STAGES, "/stages/:stage", ONE, &[], lists::stage),
    read(
        REASONS,
        "/archive_reasons",
        &["limit", "offset", "include", "type"],
        &[],
        lists::archive_reasons,
    ),
    read(REASONS, "/archive_reasons/:reason", ONE, &[], lists::archive_reason),
    read(USERS, "/users", users::QUERY, &[], users::list),
    read(USERS, "/users/:user", ONE, &[], users::get),
    write("POST", USERS, "/users", Unused, &[], Json(users::CREATE), users::create),
    write("PUT", USERS, "/users/:user", Unused, &[], Json(users::CHANGE), users::update),
    write("POST", USERS, "/users/:user/deactivate", Unused, &[], Nothing, users::deactivate),
    write("POST", USERS, "/users/:user/reactivate", Unused, &[], Nothing, users::reactivate),
    read(POSTINGS, "/postings/deleted", deleted::QUERY, &[], deleted::postings),
    read(POSTINGS, "/postings", postings::QUERY, postings::EXPAND, postings::list),
    read(
        POSTINGS,
        "/postings/:posting",
        &["include", "distribution"],
        postings::EXPAND,
        postings::get,
    ),
    write(
        "POST",
        POSTINGS,
        "/postings",
        Required,
        &[],
        Json(posting_writes::CREATE),
        posting_writes::create,
    ),
    write(
        "POST",
        POSTINGS,
        "/postings/:posting",
        Required,
        &[],
        Json(posting_writes::CHANGE),
        posting_writes::update,
    ),
    read(POSTINGS, "/postings/:posting/apply", questions::QUERY, &[], questions::get),
    write(
        "POST",
        APPLY,
        "/postings/:posting/apply",
        Unused,
        apply::QUERY,
        Json(apply::KEYS),
        apply::apply,
    ),
    read(&["tags"], "/tags", &["limit", "offset"], &[], lists::tags),
    read(&["sources"], "/sources", &["limit", "offset"], &[], lists::sources),
    read(WEBHOOKS, "/webhooks", &[], &[], webhooks::list),
    write("POST", WEBHOOKS, "/webhooks", Unused, &[], Json(webhooks::CREATE), webhooks::create),
    // With the slash, as documented: nothing shows that Lever takes it without.
    write("PUT", WEBHOOKS, "/webhooks/", Unused, &[], Json(webhooks::CHANGE), webhooks::update),
    write("DELETE", WEBHOOKS, "/webhooks/:webhook", Unused, &[], Nothing, webhooks::delete),
];
