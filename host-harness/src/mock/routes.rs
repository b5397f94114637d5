//! The table of endpoints: an endpoint is one row here and its handler.
//!
//! Decides which row a request meets and what every row has in common (body, `perform_as`); what a
//! row does is its handler's business.

use percent_encoding::percent_decode_str;

use super::answer::{Answer, Failure};
use super::call::Call;
use super::config::PerformAs;
use super::store::State;
use super::{changes, creation, lists, notes, opportunities, webhooks};

/// Whether a row takes the user a write is attributed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    /// A read: the parameter means nothing.
    None,
    Optional,
    Required,
}

type Handler = fn(&mut State, &Call) -> Result<Answer, Failure>;

/// One endpoint.
#[derive(Debug)]
pub(super) struct Row {
    method: &'static str,
    /// Below `/v1`; a `:name` segment captures.
    path: &'static str,
    pub actor: Actor,
    /// Query parameters beside `perform_as` and `expand`.
    query: &'static [&'static str],
    /// Values `expand` takes.
    expand: &'static [&'static str],
    pub handler: Handler,
}

const PAGE: &[&str] = &["limit", "offset", "include"];
const ONE: &[&str] = &["include"];
const OPPORTUNITIES: &[&str] = &[
    "limit",
    "offset",
    "include",
    "tag",
    "email",
    "origin",
    "source",
    "confidentiality",
    "stage_id",
    "posting_id",
    "archived_posting_id",
    "created_at_start",
    "created_at_end",
    "updated_at_start",
    "updated_at_end",
    "advanced_at_start",
    "advanced_at_end",
    "archived_at_start",
    "archived_at_end",
    "archived",
    "archive_reason_id",
    "snoozed",
    "contact_id",
    "location",
];
const USERS: &[&str] = &[
    "limit",
    "offset",
    "include",
    "email",
    "accessRole",
    "accessRole[]",
    "includeDeactivated",
    "external_directory_id",
];
const CREATE: &[&str] = &["parse", "perform_as_posting_owner"];

const fn read(
    path: &'static str,
    query: &'static [&'static str],
    expand: &'static [&'static str],
    handler: Handler,
) -> Row {
    Row { method: "GET", path, actor: Actor::None, query, expand, handler }
}

const fn write(
    method: &'static str,
    path: &'static str,
    actor: Actor,
    query: &'static [&'static str],
    handler: Handler,
) -> Row {
    Row { method, path, actor, query, expand: &[], handler }
}

use Actor::{Optional, Required};

/// Where two rows fit a path, the first counts.
const ROWS: &[Row] = &[
    read("/opportunities", OPPORTUNITIES, opportunities::EXPAND, opportunities::list),
    read("/opportunities/:opportunity", ONE, opportunities::EXPAND, opportunities::get),
    write("POST", "/opportunities", Required, CREATE, creation::create),
    write("PUT", "/opportunities/:opportunity/stage", Optional, &[], changes::stage),
    write("PUT", "/opportunities/:opportunity/archived", Optional, &[], changes::archive),
    write("POST", "/opportunities/:opportunity/addTags", Optional, &[], changes::add_tags),
    write("POST", "/opportunities/:opportunity/removeTags", Optional, &[], changes::remove_tags),
    write("POST", "/opportunities/:opportunity/addLinks", Optional, &[], changes::add_links),
    write("POST", "/opportunities/:opportunity/removeLinks", Optional, &[], changes::remove_links),
    write("POST", "/opportunities/:opportunity/addSources", Optional, &[], changes::add_sources),
    write(
        "POST",
        "/opportunities/:opportunity/removeSources",
        Optional,
        &[],
        changes::remove_sources,
    ),
    read("/opportunities/:opportunity/notes", PAGE, &["user"], notes::list),
    read("/opportunities/:opportunity/notes/:note", ONE, &["user"], notes::get),
    write("POST", "/opportunities/:opportunity/notes", Optional, &["note_id"], notes::create),
    write("PUT", "/opportunities/:opportunity/notes/:note", Optional, &[], notes::update),
    write("DELETE", "/opportunities/:opportunity/notes/:note", Optional, &[], notes::delete),
    read("/stages", PAGE, &[], lists::stages),
    read("/stages/:stage", ONE, &[], lists::stage),
    read("/archive_reasons", &["limit", "offset", "include", "type"], &[], lists::archive_reasons),
    read("/archive_reasons/:reason", ONE, &[], lists::archive_reason),
    read("/users", USERS, &[], lists::users),
    read("/users/:user", ONE, &[], lists::user),
    read("/postings", &["limit", "offset", "include", "state"], &[], lists::postings),
    read("/postings/:posting", ONE, &[], lists::posting),
    read("/tags", &["limit", "offset"], &[], lists::tags),
    read("/sources", &["limit", "offset"], &[], lists::sources),
    read("/webhooks", &[], &[], webhooks::list),
    write("POST", "/webhooks", Actor::None, &[], webhooks::create),
    // With the slash, as documented: nothing shows that Lever takes it without.
    write("PUT", "/webhooks/", Actor::None, &[], webhooks::update),
    write("DELETE", "/webhooks/:webhook", Actor::None, &[], webhooks::delete),
];

/// The version prefix of every path.
pub(super) const BASE: &str = "/v1";

/// The decoded values of the `:name` segments, if the raw path fits the pattern.
fn captures(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (wanted, given) = (pattern.split('/'), path.strip_prefix(BASE)?.split('/'));
    if wanted.clone().count() != given.clone().count() {
        return None;
    }
    let mut ids = Vec::new();
    for (wanted, given) in wanted.zip(given) {
        if wanted.starts_with(':') && !given.is_empty() {
            ids.push(percent_decode_str(given).decode_utf8_lossy().into_owned());
        } else if wanted != given {
            return None;
        }
    }
    Some(ids)
}

/// The row a request meets and the ids in its path.
///
/// # Errors
/// `NoPath` where no row has the path, `Method` where none has it with this method.
pub(super) fn find(method: &str, path: &str) -> Result<(&'static Row, Vec<String>), Failure> {
    let mut fitting =
        ROWS.iter().filter_map(|row| Some((row, captures(row.path, path)?))).peekable();
    if fitting.peek().is_none() {
        return Err(Failure::NoPath(path.to_owned()));
    }
    fitting.find(|(row, _)| row.method == method).ok_or_else(|| Failure::Method(method.to_owned()))
}

impl Row {
    /// Query parameters this endpoint does not have; a value `expand` does not take counts as one.
    pub fn unknown<'q>(&self, query: &'q [(String, String)]) -> Vec<&'q (String, String)> {
        let known = |(key, value): &&(String, String)| match key.as_str() {
            "expand" if !self.expand.is_empty() => self.expand.contains(&value.as_str()),
            "perform_as" => self.actor != Actor::None,
            key => self.query.contains(&key),
        };
        query.iter().filter(|pair| !known(pair)).collect()
    }

    /// Whether requests to this endpoint carry JSON.
    pub fn takes_json(&self) -> bool {
        matches!(self.method, "POST" | "PUT")
    }

    /// The user a write is attributed to.
    ///
    /// # Errors
    /// In strict mode: none given where one is required, or one that does not exist.
    pub fn actor(
        &self,
        call: &Call,
        state: &State,
        rule: PerformAs,
    ) -> Result<Option<String>, Failure> {
        if self.actor == Actor::None {
            return Ok(None);
        }
        let given = call.one("perform_as")?;
        let stands_in = call.flag("perform_as_posting_owner")? == Some(true);
        match (rule, given) {
            (PerformAs::Strict, None) if self.actor == Required && !stands_in => {
                Err(Failure::Query("Missing required parameter: perform_as".to_owned()))
            }
            (PerformAs::Strict, Some(id)) if state.user(id).is_none() => {
                Err(Failure::Query("Invalid parameter: perform_as".to_owned()))
            }
            (_, given) => Ok(given.map(str::to_owned)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::pairs;
    use super::*;

    #[test]
    fn a_path_meets_its_row() {
        type Met = Result<(&'static str, &'static [&'static str]), u16>;
        let rows: [(&str, &str, Met); 10] = [
            ("GET", "/v1/opportunities", Ok(("/opportunities", &[]))),
            ("GET", "/v1/opportunities/a", Ok(("/opportunities/:opportunity", &["a"]))),
            (
                "GET",
                "/v1/opportunities/a%2Fnotes",
                Ok(("/opportunities/:opportunity", &["a/notes"])),
            ),
            (
                "PUT",
                "/v1/opportunities/a/notes/b",
                Ok(("/opportunities/:opportunity/notes/:note", &["a", "b"])),
            ),
            ("GET", "/v1/opportunities/", Err(404)),
            ("GET", "/v1/opportunities//notes", Err(404)),
            ("GET", "/opportunities", Err(404)),
            ("GET", "/v1", Err(404)),
            ("GET", "/v1/x", Err(404)),
            ("DELETE", "/v1/opportunities", Err(405)),
        ];
        for (method, path, expected) in rows {
            let found = find(method, path).map_err(|failure| failure.parts().0);
            let expected =
                expected.map(|(path, ids)| (path, ids.iter().map(|id| (*id).to_owned()).collect()));
            assert_eq!(found.map(|(row, ids)| (row.path, ids)), expected, "{method} {path}");
        }
    }

    #[test]
    fn no_row_hides_behind_another() {
        for row in ROWS {
            let path = format!("{BASE}{}", row.path);
            let (found, _) = find(row.method, &path).unwrap();
            assert_eq!((found.path, found.method), (row.path, row.method));
        }
    }

    #[test]
    fn parameters_an_endpoint_does_not_have_are_told() {
        let rows = [
            ("GET", "/v1/opportunities", "tag=a&tag=b&limit=3&expand=stage", vec![]),
            (
                "GET",
                "/v1/opportunities",
                "tags=a&expand=bogus&perform_as=u",
                vec!["tags", "expand", "perform_as"],
            ),
            ("GET", "/v1/users", "accessRole[]=admin&expand=x", vec!["expand"]),
            ("PUT", "/v1/opportunities/a/stage", "perform_as=u&x=1", vec!["x"]),
        ];
        for (method, path, query, expected) in rows {
            let (row, _) = find(method, path).unwrap();
            let pairs = pairs(query);
            let unknown: Vec<_> = row.unknown(&pairs).iter().map(|(key, _)| key.as_str()).collect();
            assert_eq!(unknown, expected, "{path}?{query}");
        }
    }
}
