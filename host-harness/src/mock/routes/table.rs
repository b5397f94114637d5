//! The rows.
//!
//! Where two fit a path, the first counts.

use super::super::payload::Takes::{self, Either, Form, Json, Nothing};
use super::super::{
    applications, apply, changes, creation, deleted, feedback, file_actions, files, interviews,
    lists, notes, offers, opportunities, panels, posting_writes, postings, questions, resumes,
    templates, uploads, users, webhooks,
};
use super::Actor::{self, Optional, Required, Unused};
use super::{Handler, Row};

type Names = &'static [&'static str];

const PAGE: Names = &["limit", "offset", "include"];
const ONE: Names = &["include"];

const fn read(
    scope: Names,
    path: &'static str,
    query: Names,
    expand: Names,
    handler: Handler,
) -> Row {
    let (method, actor, takes) = ("GET", Actor::None, Nothing);
    Row { method, path, scope, actor, query, expand, takes, handler }
}

const fn write(
    method: &'static str,
    scope: Names,
    path: &'static str,
    actor: Actor,
    query: Names,
    takes: Takes,
    handler: Handler,
) -> Row {
    Row { method, path, scope, actor, query, expand: &[], takes, handler }
}

const OPPORTUNITIES: Names = &["opportunities"];
const POSTINGS: Names = &["postings"];
const STAGES: Names = &["stages"];
const REASONS: Names = &["archive_reasons"];
const APPLICATIONS: Names = &["applications"];
const INTERVIEWS: Names = &["interviews"];
const PANELS: Names = &["panels"];
const FEEDBACK: Names = &["feedback"];
const TEMPLATES: Names = &["feedback_templates"];
const RESUMES: Names = &["resumes"];
const FILES: Names = &["files"];
const OFFERS: Names = &["offers"];
const USERS: Names = &["users"];
const WEBHOOKS: Names = &["webhooks"];
/// Lever's list of scopes has the first, other guides the second.
const NOTES: Names = &["notes", "opportunities"];

/// The nearest of Lever's list of scopes, and the one other guides name.
const APPLY: Names = &["postings", "applications"];
/// Clients differ.
const FILE_ACTIONS: Names = &["files", "opportunities"];

const LINKS: Takes = Json(&["links"]);
const TAGS: Takes = Json(&["tags"]);
const SOURCES: Takes = Json(&["sources"]);

pub(in crate::mock) const ROWS: &[Row] = &[
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
    write(
        "PUT",
        OPPORTUNITIES,
        "/opportunities/:opportunity/stage",
        Optional,
        &[],
        Json(&["stage"]),
        changes::stage,
    ),
    write(
        "PUT",
        OPPORTUNITIES,
        "/opportunities/:opportunity/archived",
        Optional,
        &[],
        Json(&["reason", "cleanInterviews", "requisitionId"]),
        changes::archive,
    ),
    write(
        "POST",
        OPPORTUNITIES,
        "/opportunities/:opportunity/addTags",
        Optional,
        &[],
        TAGS,
        changes::add_tags,
    ),
    write(
        "POST",
        OPPORTUNITIES,
        "/opportunities/:opportunity/removeTags",
        Optional,
        &[],
        TAGS,
        changes::remove_tags,
    ),
    write(
        "POST",
        OPPORTUNITIES,
        "/opportunities/:opportunity/addLinks",
        Optional,
        &[],
        LINKS,
        changes::add_links,
    ),
    write(
        "POST",
        OPPORTUNITIES,
        "/opportunities/:opportunity/removeLinks",
        Optional,
        &[],
        LINKS,
        changes::remove_links,
    ),
    write(
        "POST",
        OPPORTUNITIES,
        "/opportunities/:opportunity/addSources",
        Optional,
        &[],
        SOURCES,
        changes::add_sources,
    ),
    write(
        "POST",
        OPPORTUNITIES,
        "/opportunities/:opportunity/removeSources",
        Optional,
        &[],
        SOURCES,
        changes::remove_sources,
    ),
    read(NOTES, "/opportunities/:opportunity/notes", PAGE, &["user"], notes::list),
    read(NOTES, "/opportunities/:opportunity/notes/:note", ONE, &["user"], notes::get),
    write(
        "POST",
        NOTES,
        "/opportunities/:opportunity/notes",
        Optional,
        &["note_id"],
        Json(&["value", "secret", "score", "notifyFollowers", "createdAt"]),
        notes::create,
    ),
    write(
        "PUT",
        NOTES,
        "/opportunities/:opportunity/notes/:note",
        Optional,
        &[],
        Json(notes::KEYS),
        notes::update,
    ),
    write(
        "DELETE",
        NOTES,
        "/opportunities/:opportunity/notes/:note",
        Optional,
        &[],
        Nothing,
        notes::delete,
    ),
    read(
        FILE_ACTIONS,
        "/opportunities/:opportunity/file_actions",
        file_actions::QUERY,
        &[],
        file_actions::list,
    ),
    read(
        APPLICATIONS,
        "/opportunities/:opportunity/applications",
        PAGE,
        applications::EXPAND,
        applications::list,
    ),
    read(
        APPLICATIONS,
        "/opportunities/:opportunity/applications/:application",
        ONE,
        applications::EXPAND,
        applications::get,
    ),
    read(
        INTERVIEWS,
        "/opportunities/:opportunity/interviews",
        PAGE,
        interviews::EXPAND,
        interviews::list,
    ),
    read(
        INTERVIEWS,
        "/opportunities/:opportunity/interviews/:interview",
        ONE,
        interviews::EXPAND,
        interviews::get,
    ),
    write(
        "POST",
        INTERVIEWS,
        "/opportunities/:opportunity/interviews",
        Required,
        &[],
        Json(interviews::KEYS),
        interviews::create,
    ),
    write(
        "PUT",
        INTERVIEWS,
        "/opportunities/:opportunity/interviews/:interview",
        Required,
        &[],
        Json(interviews::KEYS),
        interviews::update,
    ),
    write(
        "DELETE",
        INTERVIEWS,
        "/opportunities/:opportunity/interviews/:interview",
        Required,
        &[],
        Nothing,
        interviews::delete,
    ),
    read(PANELS, "/opportunities/:opportunity/panels", PAGE, panels::EXPAND, panels::list),
    read(PANELS, "/opportunities/:opportunity/panels/:panel", ONE, panels::EXPAND, panels::get),
    write(
        "POST",
        PANELS,
        "/opportunities/:opportunity/panels",
        Required,
        &[],
        Json(panels::CREATE),
        panels::create,
    ),
    write(
        "PUT",
        PANELS,
        "/opportunities/:opportunity/panels/:panel",
        Required,
        &[],
        Json(panels::CHANGE),
        panels::update,
    ),
    write(
        "DELETE",
        PANELS,
        "/opportunities/:opportunity/panels/:panel",
        Required,
        &[],
        Nothing,
        panels::delete,
    ),
    read(FEEDBACK, "/opportunities/:opportunity/feedback", PAGE, &["user"], feedback::list),
    read(FEEDBACK, "/opportunities/:opportunity/feedback/:feedback", ONE, &["user"], feedback::get),
    write(
        "POST",
        FEEDBACK,
        "/opportunities/:opportunity/feedback",
        Required,
        &[],
        Json(feedback::CREATE),
        feedback::create,
    ),
    write(
        "PUT",
        FEEDBACK,
        "/opportunities/:opportunity/feedback/:feedback",
        Required,
        &[],
        Json(feedback::CHANGE),
        feedback::update,
    ),
    write(
        "DELETE",
        FEEDBACK,
        "/opportunities/:opportunity/feedback/:feedback",
        Required,
        &[],
        Nothing,
        feedback::delete,
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
    read(RESUMES, "/opportunities/:opportunity/resumes", resumes::QUERY, &[], resumes::list),
    read(RESUMES, "/opportunities/:opportunity/resumes/:resume", ONE, &[], resumes::get),
    read(
        RESUMES,
        "/opportunities/:opportunity/resumes/:resume/download",
        &[],
        &[],
        resumes::download,
    ),
    read(FILES, "/opportunities/:opportunity/files", files::QUERY, &[], files::list),
    read(FILES, "/opportunities/:opportunity/files/:file", &[], &[], files::get),
    write(
        "POST",
        FILES,
        "/opportunities/:opportunity/files",
        Required,
        &[],
        Form(&["file"]),
        files::create,
    ),
    read(FILES, "/opportunities/:opportunity/files/:file/download", &[], &[], files::download),
    write(
        "DELETE",
        FILES,
        "/opportunities/:opportunity/files/:file",
        Required,
        &[],
        Nothing,
        files::delete,
    ),
    write("POST", &["uploads"], "/uploads", Unused, &[], Form(&["file"]), uploads::create),
    read(OFFERS, "/opportunities/:opportunity/offers", PAGE, offers::EXPAND, offers::list),
    read(
        OFFERS,
        "/opportunities/:opportunity/offers/:offer/download",
        &["status"],
        &[],
        offers::download,
    ),
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
