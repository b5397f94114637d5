//! The rows.
//!
//! Where two fit a path, the first counts.

use super::super::payload::Takes::{self, Either, Json, Nothing};
use super::super::{changes, creation, lists, notes, opportunities};
use super::Actor::{self, Optional, Required};
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
const USERS: Names = &["users"];
/// Lever's list of scopes has the first, other guides the second.
const NOTES: Names = &["notes", "opportunities"];

const LINKS: Takes = Json(&["links"]);
const TAGS: Takes = Json(&["tags"]);
const SOURCES: Takes = Json(&["sources"]);

pub(in crate::mock) const ROWS: &[Row] = &[
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
    read(USERS, "/users", lists::USERS, &[], lists::users),
    read(USERS, "/users/:user", ONE, &[], lists::user),
    read(POSTINGS, "/postings", &["limit", "offset", "include", "state"], &[], lists::postings),
    read(POSTINGS, "/postings/:posting", ONE, &[], lists::posting),
    read(&["tags"], "/tags", &["limit", "offset"], &[], lists::tags),
    read(&["sources"], "/sources", &["limit", "offset"], &[], lists::sources),
];
