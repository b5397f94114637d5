//! Endpoints below one opportunity.

use super::Actor::{Optional, Required};
use super::Row;
use super::row::{Names, ONE, PAGE, read, write};
use crate::endpoints::applications;
use crate::endpoints::feedback;
use crate::endpoints::file_actions;
use crate::endpoints::files;
use crate::endpoints::interviews;
use crate::endpoints::notes;
use crate::endpoints::offers;
use crate::endpoints::opportunities::change as changes;
use crate::endpoints::panels;
use crate::endpoints::resumes;
use crate::http::payload::Takes::{self, Form, Json, Nothing};

const OPPORTUNITIES: Names = &["opportunities"];
const APPLICATIONS: Names = &["applications"];
const INTERVIEWS: Names = &["interviews"];
const PANELS: Names = &["panels"];
const FEEDBACK: Names = &["feedback"];
const RESUMES: Names = &["resumes"];
const FILES: Names = &["files"];
const OFFERS: Names = &["offers"];
/// Lever's list of scopes has the first, other guides the second.
const NOTES: Names = &["notes", "opportunities"];
/// Clients differ.
const FILE_ACTIONS: Names = &["files", "opportunities"];
const LINKS: Takes = Json(&["links"]);
const TAGS: Takes = Json(&["tags"]);
const SOURCES: Takes = Json(&["sources"]);

pub(crate) const ROWS: &[Row] = &[
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
    read(OFFERS, "/opportunities/:opportunity/offers", PAGE, offers::EXPAND, offers::list),
    read(
        OFFERS,
        "/opportunities/:opportunity/offers/:offer/download",
        &["status"],
        &[],
        offers::download,
    ),
];
