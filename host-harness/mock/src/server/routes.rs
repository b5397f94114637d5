//! Which row a request meets, and what every row has in common: scope and `perform_as`.

use percent_encoding::percent_decode_str;

use crate::account::state::State;
use crate::endpoints::candidates;
use crate::endpoints::common::resource::{Actor, Row};
use crate::endpoints::rows;
use crate::http::call::Call;
use crate::http::reply::Failure;
use crate::server::auth::Credential;
use crate::server::config::PerformAs;

/// The version prefix of every path.
pub(crate) const BASE: &str = "/v1";

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
pub(crate) fn find(method: &str, path: &str) -> Result<(&'static Row, Vec<String>), Failure> {
    let known = candidates::canonical(path, BASE);
    let fitting = rows().filter_map(|row| Some((row, captures(row.path, &known)?)));
    let mut fitting = fitting.peekable();
    if fitting.peek().is_none() {
        return Err(Failure::NoPath(path.to_owned()));
    }
    fitting.find(|(row, _)| row.method == method).ok_or_else(|| Failure::Method(method.to_owned()))
}

/// Refuses a token that lacks the scope; under their old name the old scope of opportunities does
/// too.
///
/// # Errors
/// The scopes of which one is missing.
pub(crate) fn check_scope(row: &Row, credential: &Credential, path: &str) -> Result<(), Failure> {
    let writes = row.method != "GET";
    let is_old = row.scope.contains(&"opportunities") && candidates::canonical(path, BASE) != path;
    if credential.allows(row.scope, writes)
        || (is_old && credential.allows(&["candidates"], writes))
    {
        return Ok(());
    }
    let level = if writes { "write" } else { "read" };
    let scopes = row.scope.iter().map(|resource| format!("{resource}:{level}:admin"));
    let scopes = scopes.collect::<Vec<_>>().join(" or ");
    Err(Failure::Forbidden(format!("The access token lacks the scope {scopes}")))
}

/// The user a write is attributed to.
///
/// # Errors
/// In strict mode: none given where one is required, or one that does not exist.
pub(crate) fn actor(
    row: &Row,
    call: &Call,
    state: &State,
    rule: PerformAs,
) -> Result<Option<String>, Failure> {
    if matches!(row.actor, Actor::None | Actor::Unused) {
        return Ok(None);
    }
    let given = call.one("perform_as")?;
    let stands_in = call.flag("perform_as_posting_owner")? == Some(true);
    match (rule, given) {
        (PerformAs::Strict, None) if row.actor == Actor::Required && !stands_in => {
            Err(Failure::Query("Missing required parameter: perform_as".to_owned()))
        }
        (PerformAs::Strict, Some(id)) if state.user(id).is_none() => {
            Err(Failure::Query("Invalid parameter: perform_as".to_owned()))
        }
        (_, given) => Ok(given.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::call::tests::pairs;

    #[test]
    fn a_path_meets_its_row() {
        type Met = Result<(&'static str, &'static [&'static str]), u16>;
        let rows: [(&str, &str, Met); 15] = [
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
            ("GET", "/v1/candidates", Ok(("/opportunities", &[]))),
            (
                "GET",
                "/v1/candidates/a/notes/b",
                Ok(("/opportunities/:opportunity/notes/:note", &["a", "b"])),
            ),
            ("GET", "/v1/candidates/", Err(404)),
            ("GET", "/v1/candidatesx", Err(404)),
            ("GET", "/candidates", Err(404)),
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
        for row in rows() {
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
